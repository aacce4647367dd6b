package api

import (
	"net/http"

	"wechattpp/audience"
)

// usersAnswer is JUMS's answer: 200 and code 0 even where single users failed
// (docs.jiguang.cn/jums/server/rest_api_jums_user).
type usersAnswer struct {
	Code int             `json:"code"`
	Data audience.Report `json:"data"`
}

// optUsers adds and changes users.
func (s *server) optUsers(c *call) error {
	body, err := c.checked()
	if err != nil {
		return err
	}
	report, err := s.Audience.Opt(c.ctx(), c.writer(), body)
	return usersReply(c, report, err)
}

// deleteUsers removes users and all that is known of them.
func (s *server) deleteUsers(c *call) error {
	body, err := c.checked()
	if err != nil {
		return err
	}
	userids, err := audience.UserIDs(body)
	if err != nil {
		return usersReply(c, audience.Report{}, err)
	}
	report, err := s.Audience.Delete(c.ctx(), userids)
	return usersReply(c, report, err)
}

func usersReply(c *call, report audience.Report, err error) error {
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, usersAnswer{Data: report})
}

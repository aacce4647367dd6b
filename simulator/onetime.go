package simulator

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

const maxScene = 10_000

// oneTimeSend is the body of message/template/subscribe.
type oneTimeSend struct {
	ToUser     string                   `json:"touser"`
	TemplateID string                   `json:"template_id"`
	URL        string                   `json:"url"`
	Scene      string                   `json:"scene"`
	Title      string                   `json:"title"`
	Data       map[string]templateValue `json:"data"`

	MiniProgram *miniProgramJump `json:"miniprogram"` // of an Official Account
}

func sceneRight(template, scene string) string { return "scene " + scene + " " + template }

// sendOneTime sends the one message that a confirmation allows; nothing is told
// of it later
// (https://developers.weixin.qq.com/doc/service/api/notify/subscribe/api_templatesubscribe).
func (s *Simulator) sendOneTime(q *request) (any, *refusal) {
	var m oneTimeSend
	if err := json.Unmarshal(q.body, &m); err != nil {
		return nil, refuse(47001)
	}
	a := q.account
	if fail := m.refused(a); fail != nil {
		return nil, fail
	}
	if !a.rights.spend(m.ToUser, sceneRight(m.TemplateID, m.Scene), false) {
		return nil, refuse(43101)
	}
	s.ledger.accept(Send{AppID: a.profile.AppID, OpenID: m.ToUser, TemplateID: m.TemplateID, Call: "message/template/subscribe", At: q.now, Body: q.body}, 0)
	return errorAnswer{0, "ok"}, nil
}

func (m *oneTimeSend) refused(a *account) *refusal {
	scene, err := strconv.Atoi(m.Scene)
	content, there := m.Data["content"]
	switch {
	case m.ToUser == "":
		return refuse(41009)
	case a.catalog.person(m.ToUser) == 0 && !a.rights.knows(m.ToUser):
		return refuse(40003)
	case m.TemplateID == "" || m.TemplateID != a.profile.OneTime:
		return refuse(40037)
	case err != nil || scene < 0 || scene > maxScene || m.Title == "" || len(m.Data) != 1 || !there || content.Value == "":
		return refuse(47001)
	case m.MiniProgram != nil && a.profile.MobileApp:
		return refuse(47001)
	case m.MiniProgram != nil && !appIDForm.MatchString(m.MiniProgram.AppID):
		return refuse(40166)
	case utf8.RuneCountInString(m.Title) > 15:
		return refuse(45003)
	case utf8.RuneCountInString(content.Value) > 200:
		return refuse(47003)
	}
	return nil
}

package api

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"wechattpp/sender"
	"wechattpp/token"
	"wechattpp/wechat"
)

// The central token server: other systems of the company take the accounts'
// tokens from here, so that nobody ends another one's.

type loanAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds until our planned renewal
}

type reportAnswer struct {
	Result token.Finding `json:"result"`
	loanAnswer
}

type reportParams struct {
	AccessToken string `json:"access_token" validate:"required,max=4096"`
}

// A client may report so many refused tokens at once, and so many a second:
// all workers of a system may fail together, and none needs to go on.
const (
	reportsAtOnce  = 1000
	reportsASecond = 20
)

func showLoan(l token.Loan) loanAnswer { return loanAnswer{l.Access, int(l.For / time.Second)} }

// speaker is the sender that a path or query names, if the caller may use it.
// One that is not granted is answered like one that does not exist.
func (s *server) speaker(c *call, code string) (sender.Sender, error) {
	if !c.who.MaySender(code) {
		return sender.Sender{}, noSender(code)
	}
	x, err := s.Senders.Speaker(c.ctx(), code)
	if err != nil {
		return x, callProblem(code, err)
	}
	return x, nil
}

func (s *server) lendToken(c *call) error {
	x, err := s.speaker(c, c.text("code"))
	if err != nil {
		return err
	}
	loan, err := s.lend(c, x)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, showLoan(loan))
}

// lend takes the token and readies the audit entry: one for each caller and
// token, not one for each time that a caller asks again.
func (s *server) lend(c *call, x sender.Sender) (token.Loan, error) {
	loan, err := s.Lender(x).Lend(c.ctx())
	if err != nil {
		return loan, callProblem(x.Code, err)
	}
	c.target("sender/" + x.Code)
	c.shown = loan.Access
	return loan, nil
}

// reportToken hears that a token is refused. It believes nobody: the vendor is asked.
func (s *server) reportToken(c *call) error {
	if after := s.reports.take(c.who.Actor(), reportsASecond, reportsAtOnce, c.Writer.Header()); after > 0 {
		return busy(after)
	}
	var in reportParams
	if err := c.decode(&in); err != nil {
		return err
	}
	x, err := s.speaker(c, c.text("code"))
	if err != nil {
		return err
	}
	loan, result, err := s.Lender(x).Report(c.ctx(), in.AccessToken, s.Senders.Asker(x).Taken)
	if err != nil {
		return callProblem(x.Code, err)
	}
	c.target("sender/" + x.Code)
	c.note("result", result)
	c.shown = string(result) + loan.Access
	return c.reply(http.StatusOK, reportAnswer{result, showLoan(loan)})
}

// poolAnswer is JUMS's, where expires_in is text
// (docs.jiguang.cn/jums/server/rest_api_jums_token).
type poolAnswer struct {
	Code      int    `json:"code"`
	Token     string `json:"token"`
	ExpiresIn string `json:"expires_in"`
}

// pooled are the types of JUMS's token pool, and one of ours, with the code for
// a client without such a sender. WeCom's and the app's codes are not published.
var pooled = map[string]int{sender.OfficialAccount: 1015008, sender.MiniProgram: 1015009, sender.WeCom: codeInvalid, sender.MobileApp: codeInvalid}

// poolToken is JUMS's token pool.
func (s *server) poolToken(c *call) error {
	kind := c.Query("type")
	none, ok := pooled[kind]
	switch {
	case kind == "dingtalkcc":
		return refuse(http.StatusBadRequest, 1015012, "type dingtalkcc is not served here: there is no DingTalk sender")
	case !ok:
		return invalid("type", "must be wechatoa, wechatmp, wechatwk or wechatapp")
	}
	code, err := s.pooledSender(c, kind, none)
	if err != nil {
		return err
	}
	x, err := s.Senders.Speaker(c.ctx(), code)
	switch {
	case mendable(err):
		return refuse(http.StatusBadRequest, none, err.Error())
	case err != nil:
		return callProblem(code, err)
	}
	loan, err := s.lend(c, x)
	if err != nil {
		return err
	}
	return c.reply(http.StatusOK, poolAnswer{Token: loan.Access, ExpiresIn: strconv.Itoa(showLoan(loan).ExpiresIn)})
}

// pooledSender is the caller's one sender of a kind, or the one it names.
func (s *server) pooledSender(c *call, kind string, none int) (string, error) {
	codes, err := s.codesOf(c, kind)
	if err != nil {
		return "", err
	}
	codes = slices.DeleteFunc(codes, func(code string) bool { // webhooks have no token
		robot, err := s.Senders.Robot(c.ctx(), code)
		return robot && err == nil
	})
	named := c.Query("sender")
	switch {
	case len(codes) == 0:
		return "", refuse(http.StatusBadRequest, none, "no sender of type "+kind+" is granted to this client")
	case named != "" && !slices.Contains(codes, named):
		return "", refuse(http.StatusBadRequest, none, fmt.Sprintf("sender %q does not exist, is not granted to this client, or is not of type %s", named, kind))
	case named == "" && len(codes) > 1:
		return "", invalid("sender", "is missing: this client has several of type "+kind+", name one of "+strings.Join(codes[:min(len(codes), 20)], ", "))
	}
	return cmp.Or(named, codes[0]), nil
}

// codesOf lists the senders of a kind that the caller may use.
func (s *server) codesOf(c *call, kind string) (codes []string, err error) {
	if c.who.ClientID == 0 {
		return s.Senders.Codes(c.ctx(), kind)
	}
	for _, code := range c.who.Senders {
		_, k, _, err := s.Senders.Find(c.ctx(), code)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil && k == kind {
			codes = append(codes, code)
		}
	}
	return codes, nil
}

// mendable tells whether the sender itself lacks something, which waiting does
// not bring.
func mendable(err error) bool {
	return errors.Is(err, sender.ErrUnbound) || errors.Is(err, sender.ErrUnauthorized) || errors.Is(err, sender.ErrNoSecret) || errors.Is(err, sender.ErrResting) ||
		errors.Is(err, sender.ErrNoToken)
}

// callProblem answers what keeps a sender from calling the vendor. What waiting
// mends is 503; what an administrator must mend is 409.
func callProblem(code string, err error) error {
	var away *token.Unavailable
	switch {
	case errors.Is(err, fs.ErrNotExist) && !errors.As(err, &away):
		return noSender(code)
	case errors.Is(err, sender.ErrPermission):
		return forbidden(err.Error())
	case mendable(err):
		return conflict(err.Error())
	case errors.As(err, &away) && away.Rests:
		return conflict("sender " + code + " has no token, and waiting does not help: " + away.Problem)
	case errors.Is(err, token.ErrTooSoon), errors.Is(err, token.ErrSame):
		return later(30*time.Second, err.Error())
	case errors.As(err, &away):
		return later(5*time.Second, "sender "+code+" has no token now: "+away.Problem)
	case errors.Is(err, wechat.ErrUnanswered):
		return refuse(http.StatusBadGateway, codeVendor, err.Error()+": the call may have taken effect, so look before repeating it")
	case errors.Is(err, wechat.ErrNotSent):
		p := refuse(http.StatusBadGateway, codeVendor, err.Error()+": repeat it")
		p.retryAfter = time.Second
		return p
	}
	return err
}

// later is 503, to be tried again after the given time.
func later(after time.Duration, text string) error {
	p := refuse(http.StatusServiceUnavailable, codeAway, text)
	p.retryAfter = after
	return p
}

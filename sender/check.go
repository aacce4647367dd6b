package sender

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// check holds a sender to the rules of its kind and credentials; the first
// breach is told.
func (s *Sender) check() error {
	if err := checkCode(s.Code); err != nil {
		return err
	}
	if err := s.checkKind(); err != nil {
		return err
	}
	if err := checkName(s.Name); err != nil {
		return err
	}
	for _, f := range s.fields() {
		if err := s.checkField(f); err != nil {
			return err
		}
	}
	if err := s.checkDomains(); err != nil {
		return err
	}
	return s.checkPair()
}

// checkKind fills in the credentials that go without saying.
func (s *Sender) checkKind() error {
	f, ok := forms[s.Kind]
	switch {
	case !ok:
		return &InputError{"kind", "must be wechatoa, wechatmp, wechatwk or wechatapp"}
	case s.Credentials == "":
		s.Credentials = f.usual
	case s.Credentials == Webhook && s.Kind != WeCom:
		return &InputError{"credentials", `"webhook" is for group chats of WeCom, kind wechatwk: use "component" or "secret"`}
	case s.Credentials != Component && s.Credentials != Secret && s.Credentials != Webhook:
		return &InputError{"credentials", `must be "component" or "secret", or for a group chat of WeCom "webhook"`}
	case s.Credentials == Component && f.usual == Secret:
		return &InputError{"credentials", fmt.Sprintf(`must be "secret" for %s: only Official Accounts and Mini Programs can authorize a platform`, s.Kind)}
	}
	return nil
}

// form is which fields a kind of sender takes when it has a secret of its own.
type form struct {
	usual       string // credentials
	needed, may []string
}

var forms = map[string]form{
	OfficialAccount: {Component, []string{"app_id"}, []string{"app_secret", "token", "encoding_aes_key"}},
	MiniProgram:     {Component, []string{"app_id"}, []string{"app_secret", "token", "encoding_aes_key"}},
	WeCom:           {Secret, []string{"corp_id", "agent_id"}, []string{"secret", "token", "encoding_aes_key", "corp_accounts"}},
	MobileApp:       {Secret, []string{"app_id"}, []string{"app_secret"}},
}

// takes is the form of the sender; one that authorizes the platform may have an
// AppID from the start, and no secret; a webhook has its key and nothing else.
func (s *Sender) takes() form {
	switch s.Credentials {
	case Component:
		return form{may: []string{"app_id"}}
	case Webhook:
		return form{may: []string{"secret"}}
	}
	return forms[s.Kind]
}

// input is a field of a sender with the text that was given, if any.
type input struct {
	name, value string
	check       func(name, value string) error
}

func (s *Sender) fields() []input {
	agent := ""
	if s.AgentID != 0 {
		agent = strconv.FormatInt(s.AgentID, 10)
	}
	accounts := ""
	if s.Accounts != 0 {
		accounts = strconv.FormatInt(s.Accounts, 10)
	}
	return []input{
		{"app_id", s.AppID, checkID}, {"corp_id", s.CorpID, checkID}, {"agent_id", agent, checkAgent}, {"corp_accounts", accounts, checkAccounts},
		{"app_secret", s.Secrets.AppSecret, checkSecret}, {"secret", s.Secrets.Secret, s.checkOwn},
		{"token", s.Secrets.Token, checkToken}, {"encoding_aes_key", s.Secrets.AESKey, checkAESKey},
	}
}

func (s *Sender) checkField(f input) error {
	form := s.takes()
	needed := slices.Contains(form.needed, f.name)
	switch {
	case f.value == "" && needed:
		return &InputError{f.name, "is missing: " + where[f.name]}
	case f.value == "":
		return nil
	case !needed && !slices.Contains(form.may, f.name):
		return &InputError{f.name, s.refusal(f.name)}
	}
	return f.check(f.name, f.value)
}

// where a needed field is found.
var where = map[string]string{
	"app_id":   "give the AppID of the account, which its console shows beside the AppSecret",
	"corp_id":  "give the company's id, which the console of WeCom shows under My Company",
	"agent_id": "give the AgentId of the app, which the console of WeCom shows on the app's page",
}

// refusal tells why a sender does not take a field.
func (s *Sender) refusal(name string) string {
	switch {
	case s.Credentials == Webhook:
		return `must be left out: a group's webhook has nothing but its key, which is given as "secret"`
	case s.Credentials == Component && s.Kind != WeCom && name != "corp_id" && name != "agent_id" && name != "secret":
		return `must be left out: the account authorizes the platform and has no secret here; for one of its own set credentials to "secret"`
	case s.Kind == MobileApp && (name == "token" || name == "encoding_aes_key"):
		return "must be left out: a mobile app gets no pushes"
	case s.Kind == WeCom && name == "app_secret":
		return `is not WeCom's: give the app's secret as "secret"`
	case s.Kind == WeCom:
		return "is not WeCom's: name the app by corp_id and agent_id"
	case name == "secret":
		return `is WeCom's: give the AppSecret as "app_secret"`
	}
	return "is WeCom's: leave it out, or use kind wechatwk"
}

// checkPair: a push is both signed and encrypted.
func (s *Sender) checkPair() error {
	switch {
	case s.TokenSet && !s.AESKeySet:
		return &InputError{"encoding_aes_key", "is missing: pushes are signed with the token and encrypted with this key, so give both or neither"}
	case s.AESKeySet && !s.TokenSet:
		return &InputError{"token", "is missing: pushes are signed with it and encrypted with encoding_aes_key, so give both or neither"}
	}
	return nil
}

// checkCode holds codes to JUMS's rule, digits and letters
// (docs.jiguang.cn/en/jums/guideline/jums-console); the length is ours.
func checkCode(code string) error {
	if n := len(code); n == 0 || n > 64 || !all(code, alnum) {
		return &InputError{"code", "must be 1 to 64 letters and digits (A-Z, a-z, 0-9)"}
	}
	if code == "all" {
		return &InputError{"code", `"all" names every sender in the user registry: choose another code`}
	}
	return nil
}

func checkName(name string) error {
	if n := utf8.RuneCountInString(name); n > 30 || !utf8.ValidString(name) {
		return &InputError{"name", fmt.Sprintf("has %d characters: at most 30", n)}
	}
	return nil
}

func checkID(name, id string) error {
	if !all(id, alnum) {
		return &InputError{name, "must be letters and digits, such as wx570bc396a51b8ff8"}
	}
	if len(id) > 64 {
		return &InputError{name, "is too long: at most 64 characters"}
	}
	return nil
}

func checkAgent(name, id string) error {
	if n, err := strconv.ParseInt(id, 10, 64); err != nil || n < 1 || n > 1<<31-1 {
		return &InputError{name, "must be a whole number from 1 to 2147483647, such as 1000002"}
	}
	return nil
}

func checkAccounts(name, n string) error {
	if v, err := strconv.ParseInt(n, 10, 64); err != nil || v < 1 || v > 1e8 {
		return &InputError{name, "must be a whole number from 1 to 100000000, as WeCom's console shows it; 0 if it is not known"}
	}
	return nil
}

// checkSecret looks for what goes wrong when one is copied. The vendor
// promises no length: 32 characters for an account, 43 for WeCom.
func checkSecret(name, secret string) error {
	if !all(secret, func(c byte) bool { return c > ' ' && c <= '~' }) {
		return &InputError{name, "has a blank, a line's end or a character that no secret has: copy it again, alone"}
	}
	if n := len(secret); n < 8 || n > 128 {
		return &InputError{name, fmt.Sprintf("has %d characters: a secret has 8 to 128, most often 32 or 43", n)}
	}
	return nil
}

// checkOwn looks at what is given as secret: an app's, or the key of a webhook,
// of which people copy the whole address.
func (s *Sender) checkOwn(name, secret string) error {
	if s.Credentials != Webhook {
		return checkSecret(name, secret)
	}
	if n := len(secret); n < 8 || n > 128 || !all(secret, func(c byte) bool { return alnum(c) || c == '-' }) {
		return &InputError{name, "must be the key alone, what follows key= in the webhook's address: 8 to 128 letters, digits and -"}
	}
	return nil
}

func checkToken(name, token string) error {
	if n := len(token); n < 3 || n > 32 || !all(token, alnum) {
		return &InputError{name, "must be 3 to 32 letters and digits, as set in the account's console"}
	}
	return nil
}

func checkAESKey(name, key string) error {
	if n := len(key); n != 43 {
		return &InputError{name, fmt.Sprintf("has %d characters: it must have exactly 43", n)}
	}
	if !all(key, alnum) {
		return &InputError{name, "must be letters and digits (A-Z, a-z, 0-9)"}
	}
	return nil
}

func all(text string, good func(byte) bool) bool {
	for _, c := range []byte(text) {
		if !good(c) {
			return false
		}
	}
	return true
}

func alnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

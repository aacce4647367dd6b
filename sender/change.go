package sender

// Change holds what to change; nil leaves a field alone. An empty secret is
// forgotten.
type Change struct {
	Name, Credentials, AppID, CorpID *string
	AgentID, Accounts                *int64
	AppSecret, Secret                *string
	Token, AESKey                    *string
	Domains                          *[]string
}

// Apply makes of a sender what it shall be, its new secrets in Secrets, or
// answers an *InputError. Whoever authorizes the platform keeps no secret.
func (c Change) Apply(s Sender) (Sender, error) {
	if was := s.Credentials; c.Credentials != nil && was != "" && (was == Webhook) != (*c.Credentials == Webhook) {
		return s, &InputError{"credentials", `cannot change to or from "webhook", which is no account: make another sender`}
	}
	for _, f := range []struct{ to, from *string }{
		{&s.Name, c.Name}, {&s.Credentials, c.Credentials}, {&s.AppID, c.AppID}, {&s.CorpID, c.CorpID},
		{&s.Secrets.AppSecret, c.AppSecret}, {&s.Secrets.Secret, c.Secret}, {&s.Secrets.Token, c.Token}, {&s.Secrets.AESKey, c.AESKey},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.AgentID != nil {
		s.AgentID = *c.AgentID
	}
	if c.Domains != nil {
		s.Domains = *c.Domains
	}
	if c.Accounts != nil {
		s.Accounts = *c.Accounts
	}
	if s.Credentials == Component {
		s.SecretSet, s.TokenSet, s.AESKeySet = false, false, false
	}
	for _, f := range []struct {
		set  *bool
		from *string
	}{{&s.SecretSet, c.AppSecret}, {&s.SecretSet, c.Secret}, {&s.TokenSet, c.Token}, {&s.AESKeySet, c.AESKey}} {
		if f.from != nil {
			*f.set = *f.from != ""
		}
	}
	return s, s.check()
}

// Fields names what is changed, for the audit trail.
func (c Change) Fields() (names []string) {
	for _, f := range []struct {
		name  string
		given bool
	}{
		{"name", c.Name != nil}, {"credentials", c.Credentials != nil}, {"app_id", c.AppID != nil}, {"app_secret", c.AppSecret != nil},
		{"corp_id", c.CorpID != nil}, {"agent_id", c.AgentID != nil}, {"corp_accounts", c.Accounts != nil}, {"secret", c.Secret != nil},
		{"token", c.Token != nil}, {"encoding_aes_key", c.AESKey != nil}, {"business_domains", c.Domains != nil},
	} {
		if f.given {
			names = append(names, f.name)
		}
	}
	return names
}

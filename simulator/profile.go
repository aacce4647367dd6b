package simulator

import "time"

type id struct {
	ID int `json:"id"`
}

// authorizerProfile has the fields of component 8; id 2 is a service account
// for an Official Account, MiniProgramInfo alone tells the two kinds apart.
type authorizerProfile struct {
	NickName    string              `json:"nick_name"`
	HeadImage   string              `json:"head_img,omitempty"`
	ServiceType id                  `json:"service_type_info"`
	VerifyType  id                  `json:"verify_type_info"`
	UserName    string              `json:"user_name"`
	Principal   string              `json:"principal_name"`
	Alias       string              `json:"alias"`
	Signature   string              `json:"signature"`
	QRCode      string              `json:"qrcode_url"`
	Business    map[string]int      `json:"business_info"`
	IDC         int                 `json:"idc"`
	MiniProgram *miniProgramProfile `json:"MiniProgramInfo,omitempty"`
	Register    int                 `json:"register_type"`
	Status      int                 `json:"account_status"`
	Basic       map[string]bool     `json:"basic_config"`
}

type miniProgramProfile struct {
	Network    map[string][]string `json:"network"`
	Categories []map[string]string `json:"categories"`
	Visit      int                 `json:"visit_status"`
}

func profileOf(p Account) authorizerProfile {
	out := authorizerProfile{
		NickName: p.NickName, UserName: p.UserName, Principal: p.Principal,
		Signature: "模拟账号，仅供测试", Status: 1,
		ServiceType: id{2},
		Business:    map[string]int{"open_store": 0, "open_scan": 0, "open_pay": 0, "open_card": 0, "open_shake": 0},
		Basic:       map[string]bool{"is_phone_configured": true, "is_email_configured": true},
	}
	if p.MiniProgram {
		out.ServiceType = id{0}
		out.MiniProgram = &miniProgramProfile{
			Network:    map[string][]string{"RequestDomain": {"https://a.example.com"}},
			Categories: []map[string]string{{"first": "工具", "second": "效率"}},
		}
	}
	return out
}

// shownProfile is the profile with the account's status. The caller holds a.mu.
func (a *account) shownProfile() authorizerProfile {
	p := profileOf(a.profile)
	p.Status = or(a.status, 1)
	return p
}

// limited tells whether the account is closed, banned or frozen: then it is not
// on the list (component 4.7), and its sends are refused. The caller holds a.mu.
func (a *account) limited() bool { return a.status == 14 || a.status == 16 || a.status == 19 }

// authorizerInfo also answers for accounts whose code was never exchanged.
func (s *Simulator) authorizerInfo(q *request) (any, *refusal) {
	a := q.account
	if a == nil {
		return nil, refuse(61003)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.authorized {
		return nil, refuse(61003)
	}
	return struct {
		Profile authorizerProfile `json:"authorizer_info"`
		Info    authorizationInfo `json:"authorization_info"`
	}{a.shownProfile(), authorizationInfo{
		AppID: a.profile.AppID, RefreshToken: a.shownRefresh(), Sets: funcInfo(a.granted),
	}}, nil
}

type listed struct {
	AppID        string `json:"authorizer_appid"`
	RefreshToken string `json:"refresh_token"`
	AuthTime     int64  `json:"auth_time"`
}

const maxListed = 500 // accounts an answer of api_get_authorizer_list (component 4.7)

func (s *Simulator) authorizerList(q *request) (any, *refusal) {
	if q.fields.Count == nil || *q.fields.Count < 1 || *q.fields.Count > maxListed || q.fields.Offset < 0 {
		return nil, &refusal{47001, "data format error: offset from 0, count 1 to 500"}
	}
	answer := struct {
		Total int      `json:"total_count"`
		List  []listed `json:"list"`
	}{List: []listed{}}
	for _, a := range s.world.all() {
		l, ok := a.listed()
		if !ok {
			continue
		}
		if answer.Total >= q.fields.Offset && len(answer.List) < *q.fields.Count {
			answer.List = append(answer.List, l)
		}
		answer.Total++
	}
	return answer, nil
}

func (a *account) listed() (listed, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return listed{a.profile.AppID, a.shownRefresh(), unixOrZero(a.authTime)}, a.authorized && !a.limited()
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

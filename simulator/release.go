package simulator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// testPair is an Official Account and a Mini Program of the vendor's own, with
// which it plays the full-network release test (component 9.1;
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html).
type testPair struct{ oa, mp testAccount }

type testAccount struct{ appID, userName string }

var testPairs = []testPair{
	{testAccount{"wx570bc396a51b8ff8", "gh_3c884a361561"}, testAccount{"wxd101a85aa106f53e", "gh_8dad206e9538"}},
	{testAccount{"wx9252c5e0bb1836fc", "gh_c0f28a78b318"}, testAccount{"wxc39235c15087f6f3", "gh_905ae9d01059"}},
	{testAccount{"wx8e1097c5bc82cde9", "gh_3f222ed8d140"}, testAccount{"wx7720d01d4b2a4500", "gh_393666f1fdf4"}},
	{testAccount{"wx14550af28c71a144", "gh_26128078e9ab"}, testAccount{"wx05d483572dcd5d8b", "gh_39abb5d4e1b7"}},
	{testAccount{"wxa35b9c23cfe664eb", "gh_2b3713f184a6"}, testAccount{"wx5910277cae6fd970", "gh_7818dcb60240"}},
}

// isTestAccount tells whether an account is one of the ten. Their tokens are
// good for the customer message alone and are never renewed, and they stay in
// the list of authorizers (component 9.2).
func isTestAccount(appID string) bool {
	for _, p := range testPairs {
		if appID == p.oa.appID || appID == p.mp.appID {
			return true
		}
	}
	return false
}

// testProfile is what the world shows of one of the ten.
func testProfile(appID string) (Account, error) {
	for i, p := range testPairs {
		name := "全网发布测试 " + strconv.Itoa(i+1)
		switch appID {
		case p.oa.appID:
			return Account{AppID: appID, UserName: p.oa.userName, NickName: name, Sets: []int{1, 2, 3, 4, 7, 8, 11, 15, 89}}, nil
		case p.mp.appID:
			return Account{AppID: appID, UserName: p.mp.userName, NickName: name, MiniProgram: true, Sets: []int{17, 18, 19, 30}}, nil
		}
	}
	return Account{}, fmt.Errorf("%q is none of the ten accounts of the release test", appID)
}

// testAccount puts one of the ten into the world, once.
func (s *Simulator) testAccount(appID string) (*account, error) {
	p, err := testProfile(appID)
	if err != nil {
		return nil, err
	}
	a, _ := s.world.add(p, newCatalog(p))
	return a, nil
}

// authorizeItself is how the vendor's own account says yes: with no page, and a
// PreAuthCode that the platform never got.
func (a *account) authorizeItself(now time.Time) (generation int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.grant(a.profile.Sets, now)
	return a.generation
}

// ReleaseCode makes an authorization code of one of the ten accounts, which
// authorizes the component if it has not yet, and lets openID write to it: for
// programs that play the release test themselves.
func (s *Simulator) ReleaseCode(appID, openID string) (code string, err error) {
	if openID == "" || strings.ContainsAny(openID, " <>&") {
		return "", errors.New("openid: want that of the user who will write the code")
	}
	a, err := s.testAccount(appID)
	if err != nil {
		return "", err
	}
	a.catalog.follow(openID, "subscribe")
	a.chats.wrote(openID, time.Now())
	return s.releaseCode(a), nil
}

func (s *Simulator) releaseCode(a *account) string {
	now := time.Now()
	a.mu.Lock()
	authorized, generation := a.authorized, a.generation
	a.mu.Unlock()
	if !authorized {
		generation = a.authorizeItself(now)
	}
	return s.codes.add(a, generation, s.cfg.CodeLife, now)
}

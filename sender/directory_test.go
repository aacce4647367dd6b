package sender_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"wechattpp/sender"
	"wechattpp/simulator"
	"wechattpp/sql/sqltest"
	"wechattpp/wechat"
)

// directoryRoom has an app wk of a company beside the simulator.
func directoryRoom(t *testing.T, corp simulator.Corp) (*sender.Room, *simulator.Simulator) {
	t.Helper()
	sim := simulator.New(simulator.Config{})
	corp.CorpID, corp.Agents = "ww00000000000000aa", []simulator.Agent{{AgentID: 1000002, Secret: appSecret}}
	if err := sim.AddCorp(corp); err != nil {
		t.Fatal(err)
	}
	vendor := httptest.NewServer(sim)
	t.Cleanup(vendor.Close)
	r := newRoom(sqltest.Open(t, sqltest.Source(t, "sqlite")).Sender("wxcomponent"), nil)
	r.API = wechat.API{WeComBase: vendor.URL + simulator.WeComPath}
	lent, err := r.API.WeCom(corp.CorpID, 1000002, nil).Mint(t.Context(), appSecret)
	if err != nil {
		t.Fatal(err)
	}
	r.Tokens = func(sender.Sender) wechat.TokenSource { return wechat.FixedToken(lent.Access) }
	if _, err := r.Create(t.Context(), sender.Sender{Code: "wk", Kind: "wechatwk", CorpID: corp.CorpID, AgentID: 1000002, Secrets: sender.Secrets{Secret: appSecret}}); err != nil {
		t.Fatal(err)
	}
	return r, sim
}

func TestMembersAreLookedUpInTheAppsDirectory(t *testing.T) {
	t.Parallel()
	corp := simulator.Corp{Members: []string{"Li.Na", "wang.fang", "zhao.min", "tagged"}, Parties: map[string][]string{"2": {"wang.fang"}, "3": {"zhao.min"}}, Tags: map[string][]string{"5": {"tagged"}}}
	r, sim := directoryRoom(t, corp)
	d := sender.NewDirectories(r)
	calls := func(path string) int { return sim.Calls().Paths[simulator.WeComPath+"/cgi-bin/"+path] }
	for range 3 { // remembered
		unknown, unread, why := d.Look(t.Context(), []string{"wk"}, []string{"li.na", "WANG.FANG", "zhao.min", "tagged", "nobody"})
		if fmt.Sprint(unknown) != "[nobody]" || unread != 0 || why != "" {
			t.Errorf("%v, %d, %s", unknown, unread, why)
		}
	}
	if a, l, g := calls("agent/get"), calls("user/simplelist"), calls("user/get"); a != 1 || l != 2 || g != 4 { // tagged once, nobody each time
		t.Errorf("%d, %d, %d calls", a, l, g)
	}
}

func TestADirectoryThatMayNotBeReadIsToldOnce(t *testing.T) {
	t.Parallel()
	for path, code := range map[string]int{"agent/get": 60020, "user/simplelist": 60011, "user/simplelist?": 48009} {
		r, sim := directoryRoom(t, simulator.Corp{Members: []string{"a"}, Parties: map[string][]string{"2": {"a"}}})
		path, _, _ = strings.Cut(path, "?")
		if err := sim.Fail(simulator.Fault{Path: simulator.WeComPath + "/cgi-bin/" + path, Code: code, Times: 1}); err != nil {
			t.Fatal(err)
		}
		d := sender.NewDirectories(r)
		for range 2 {
			unknown, unread, why := d.Look(t.Context(), []string{"wk"}, []string{"a", "b"})
			if len(unknown) != 0 || unread != 2 || !strings.Contains(why, fmt.Sprint(code)) {
				t.Errorf("%d: %v, %d, %s", code, unknown, unread, why)
			}
		}
	}
}

func TestFewMembersAreAskedForOneByOne(t *testing.T) {
	t.Parallel()
	ids := make([]string, 300)
	for i := range ids {
		ids[i] = fmt.Sprint("gone", i)
	}
	for tagged, want := range map[bool][2]int{false: {300, 0}, true: {200, 100}} {
		corp := simulator.Corp{Members: []string{"a"}}
		if tagged {
			corp.Tags = map[string][]string{"5": {"a"}}
		}
		r, sim := directoryRoom(t, corp)
		unknown, unread, _ := sender.NewDirectories(r).Look(context.Background(), []string{"wk"}, ids)
		if got := [2]int{len(unknown), unread}; got != want {
			t.Errorf("with tags %v: %v, want %v", tagged, got, want)
		}
		if n := sim.Calls().Paths[simulator.WeComPath+"/cgi-bin/user/get"]; n != 200 {
			t.Errorf("%d calls", n)
		}
	}
}

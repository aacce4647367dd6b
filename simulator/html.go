package simulator

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strings"
)

//go:embed html/*.html
var files embed.FS

var pages = template.Must(template.ParseFS(files, "html/*.html"))

type pageView struct {
	Component string
	Form      string
	Action    string
	Accounts  []accountChoice
}

type accountChoice struct {
	Account
	Kind    string
	Offered []int
}

// SetName is the set's name on the official tables, as far as this world uses it.
func (accountChoice) SetName(id int) string { return setNames[id] }

var setNames = map[int]string{
	1: "消息管理 messages", 2: "用户管理 users", 3: "帐号服务 account service", 4: "网页服务 web", 7: "群发与通知 notices",
	8: "卡券 cards", 11: "素材管理 material", 15: "菜单 menu", 17: "帐号管理 account", 18: "开发与数据分析 development",
	19: "客服消息 customer service", 30: "基本信息 basic information", 89: "服务号订阅通知 subscription notices",
}

func render(w http.ResponseWriter, name string, view any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, view); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
}

func (s *Simulator) showIndex(w http.ResponseWriter, _ *http.Request) { render(w, "index", s.State()) }

const rowsShown = 200

// ledgerRow is a send as its reader sees it.
type ledgerRow struct {
	Send
	Account string
	Title   string
	Lines   []string
}

func (s *Simulator) showLedger(w http.ResponseWriter, _ *http.Request) {
	e := s.ledger.last(rowsShown)
	slices.Reverse(e.Sends)
	rows := make([]ledgerRow, len(e.Sends))
	for i, sent := range e.Sends {
		rows[i] = s.row(sent)
	}
	render(w, "ledger", struct {
		Totals
		Rows []ledgerRow
	}{e.Totals, rows})
}

func (s *Simulator) row(sent Send) ledgerRow {
	row := ledgerRow{Send: sent}
	a := s.world.find(sent.AppID)
	if a == nil {
		return row
	}
	row.Account = a.profile.NickName
	var m templateSend
	_ = json.Unmarshal(sent.Body, &m) // was read once already
	for _, t := range a.templates.load().list {
		if t.ID == sent.TemplateID {
			row.Title = t.Title
			row.Lines = strings.Split(placeholder.ReplaceAllStringFunc(t.Content, func(p string) string {
				return m.Data[placeholder.FindStringSubmatch(p)[1]].Value
			}), "\n")
		}
	}
	return row
}

func (s *Simulator) showPushes(w http.ResponseWriter, _ *http.Request) {
	last := s.lastPushes(rowsShown)
	slices.Reverse(last)
	render(w, "pushes", last)
}

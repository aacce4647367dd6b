package sender

import (
	"context"
	"errors"
	"time"

	"wechattpp/wechat"
)

// Kinds of template: each account has a list of its own for each.
const (
	TemplateMessages = "template"  // of Official Accounts
	Subscriptions    = "subscribe" // of Official Accounts and Mini Programs
)

// TemplateList tells of an account's list of a kind.
type TemplateList struct {
	Kind         string
	Used         int
	Limit        int       // templates at a time
	Applications int       // of the owner's own making, a month; 0: WeChat names no figure
	RefreshedAt  time.Time // zero: never read
}

// TemplateChange is how a list differs from what was kept of it.
type TemplateChange struct {
	Added, Removed, Changed []wechat.Template
}

// Addition is a choice of the public library on its way into an account's list.
type Addition struct {
	AppID, Key string
	TemplateID string   // once it is known
	Young      bool     // since a few minutes: WeChat's list may not show it yet
	Before     []string // ids in the list before it was added; nil: nobody has begun to
	Others     []string // ids that other choices became
	Claim      int64
}

// ErrLeased: somebody else adds the same choice right now.
var ErrLeased = errors.New("the template is being added right now: try again")

// TemplateStore keeps accounts' own lists. Each method is atomic.
type TemplateStore interface {
	// SaveTemplates makes list what is kept of the account's list of a kind.
	SaveTemplates(ctx context.Context, appID, kind string, list []wechat.Template) (TemplateChange, error)
	// Templates gives up to limit templates of a kind ("": any) after an id, in the order of ids.
	Templates(ctx context.Context, appID, kind, after string, limit int) ([]wechat.Template, error)
	// Template gives one; fs.ErrNotExist.
	Template(ctx context.Context, appID, id string) (wechat.Template, error)
	// TemplateLists gives kind, use and time of each list that was ever read.
	TemplateLists(ctx context.Context, appID string) ([]TemplateList, error)
	// DropTemplate forgets a template, and the choice that it came from.
	DropTemplate(ctx context.Context, appID, id string) error

	// ClaimAddition takes the lease of a choice, unless its template is known
	// already. ErrLeased: another has it.
	ClaimAddition(ctx context.Context, appID, key string, lease time.Duration) (Addition, error)
	// PlanAddition writes down what is in the list before the choice is added to
	// it; ErrLeased if the lease was lost, as of the next two.
	PlanAddition(ctx context.Context, a Addition, before []string) error
	// FinishAddition writes the template's id down and lets go.
	FinishAddition(ctx context.Context, a Addition, id string) error
	// LeaveAddition lets go after a while; begun: it may have been added.
	LeaveAddition(ctx context.Context, a Addition, begun bool, after time.Duration) error
	// RecordAddition writes down what a choice became, whatever was known of it.
	RecordAddition(ctx context.Context, appID, key, id string) error
}

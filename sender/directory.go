package sender

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"wechattpp/wechat"
)

// directory is whom an app on WeCom may see, as far as it was read.
type directory struct {
	at      time.Time
	members map[string]bool // userids in lower case: WeCom tells no cases apart
	whole   bool            // nobody is seen but the members
	singles int             // members that may yet be asked for one by one
	why     string          // it could not be read
}

// Bounds of looking members up.
const (
	directoryLife    = 10 * time.Minute
	directoryTime    = 5 * time.Second // for all calls of one Look, and the wait for those before
	directoryApps    = 5
	directoryParties = 100
	directoryMost    = 200_000 // members of one app
	directorySingles = 200     // calls for one member, by an app in directoryLife
)

// Directories looks members up in the directories of apps on WeCom. Safe for
// concurrent use.
type Directories struct {
	senders *Room
	turn    chan struct{} // held by the one who asks
	apps    map[string]*directory
}

// NewDirectories makes one that has read nothing yet.
func NewDirectories(senders *Room) *Directories {
	return &Directories{senders: senders, turn: make(chan struct{}, 1), apps: map[string]*directory{}}
}

// Look tells which userids no app of the senders sees, and how many could not be
// looked up and why. It asks WeCom for as much as it needs and remembers it for
// ten minutes; it takes five seconds at most, and never fails.
func (d *Directories) Look(ctx context.Context, codes, ids []string) (unknown []string, unread int, why string) {
	ctx, cancel := context.WithTimeout(ctx, directoryTime)
	defer cancel()
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return nil, len(ids), "others are being looked up: try again"
	}
	var seen []string // codes of apps whose directory was read
	for _, code := range codes[:min(len(codes), directoryApps)] {
		if a := d.read(ctx, code); a.why == "" {
			seen = append(seen, code)
		} else {
			why = a.why
		}
	}
	if len(seen) == 0 {
		return nil, len(ids), why
	}
	why = ""
	for _, id := range ids {
		switch is, problem := d.find(ctx, seen, id); {
		case problem != "":
			unread, why = unread+1, problem
		case !is:
			unknown = append(unknown, id)
		}
	}
	return unknown, unread, why
}

// find looks for a member in what was read, and then asks for it alone.
func (d *Directories) find(ctx context.Context, codes []string, id string) (is bool, problem string) {
	low := strings.ToLower(id)
	if slices.ContainsFunc(codes, func(code string) bool { return d.apps[code].members[low] }) {
		return true, ""
	}
	for _, code := range codes {
		is, why := d.single(ctx, code, id)
		if is {
			d.apps[code].members[low] = true
			return true, ""
		}
		if why != "" {
			problem = why
		}
	}
	return false, problem
}

// Codes by which WeCom says that there is no such member for the app.
var noMember = []int{60111, 46004, 40003}

func (d *Directories) single(ctx context.Context, code, id string) (is bool, problem string) {
	a := d.apps[code]
	if a.singles == 0 {
		if a.whole {
			return false, ""
		}
		return false, "too many were asked for one by one: try again in ten minutes"
	}
	a.singles--
	_, app, err := d.senders.App(ctx, code)
	if err == nil {
		err = app.HasMember(ctx, id)
	}
	said, refused := errors.AsType[*wechat.Error](err)
	switch {
	case err == nil:
		return true, ""
	case refused && slices.Contains(noMember, said.Code):
		return false, ""
	}
	return false, err.Error()
}

// read gives an app's directory, ten minutes old at most; one that could not be
// read is tried again as late.
func (d *Directories) read(ctx context.Context, code string) *directory {
	if a := d.apps[code]; a != nil && time.Since(a.at) < directoryLife {
		return a
	}
	if len(d.apps) > 100 {
		d.apps = map[string]*directory{}
	}
	a := &directory{at: time.Now(), members: map[string]bool{}, singles: directorySingles}
	d.apps[code] = a
	if err := d.fill(ctx, code, a); err != nil {
		a.why = err.Error()
	}
	return a
}

func (d *Directories) fill(ctx context.Context, code string, a *directory) error {
	_, app, err := d.senders.App(ctx, code)
	if err != nil {
		return err
	}
	r, err := app.Range(ctx)
	if err != nil {
		return err
	}
	for _, id := range r.Users {
		a.members[strings.ToLower(id)] = true
	}
	a.whole = len(r.Tags) == 0 && len(r.Parties) <= directoryParties
	for _, party := range r.Parties[:min(len(r.Parties), directoryParties)] {
		list, err := app.MembersOf(ctx, party)
		if err != nil {
			return err
		}
		for _, id := range list {
			a.members[strings.ToLower(id)] = true
		}
		if len(a.members) > directoryMost {
			a.whole = false
			return nil
		}
	}
	return nil
}

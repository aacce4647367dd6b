package audience

import (
	"context"
	"fmt"
	"slices"
)

// Looked is what the directories of WeCom companies say of userids.
type Looked struct {
	Unknown []string // no member whom an app may see
	Unread  int      // could not be looked up
	Why     string   // why not
}

// unknownText is said of a userid that was taken all the same.
const unknownText = "taken, but WeCom knows no such member, or the app may not see them (可见范围)"

// look asks the directories of the writer's WeCom apps for the members that
// changes name. It keeps nothing from being written.
func (r *Room) look(ctx context.Context, w Writer, changes []Change) Looked {
	var ids []string
	for _, c := range changes {
		ids = append(ids, c.members()...)
	}
	if r.Members == nil || len(ids) == 0 {
		return Looked{}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	codes, err := r.apps(ctx, w)
	switch {
	case err != nil:
		return Looked{Unread: len(ids), Why: "the senders could not be read"}
	case len(codes) == 0:
		return Looked{}
	}
	return r.Members(ctx, codes, ids)
}

// members are the userids on WeCom that a change writes.
func (c Change) members() (ids []string) {
	for _, o := range c.ops {
		if o.kind == weCom && o.verb != del {
			ids = append(ids, o.values...)
		}
	}
	return ids
}

// apps are the writer's senders on WeCom.
func (r *Room) apps(ctx context.Context, w Writer) (codes []string, err error) {
	if w.All {
		return r.Codes(ctx, weCom)
	}
	for _, code := range w.Senders {
		kind, err := r.Kind(ctx, code)
		if err != nil {
			return nil, err
		}
		if kind == weCom {
			codes = append(codes, code)
		}
	}
	return codes, nil
}

// remarks are what the directory makes of a part: one for each row whose member
// is unknown, and one for the file, of row 0, if some could not be looked up.
func (r *rows) remarks(ctx context.Context, p Part) (all []Problem) {
	l := r.room.look(ctx, r.w, p.Changes)
	if l.Unread > 0 && !r.unread {
		r.unread = true
		all = append(all, Problem{Field: memberColumn, Text: cut("userids were not looked up in WeCom's directory, or not all: " + l.Why), Taken: true})
	}
	for i, c := range p.Changes {
		for _, id := range c.members() {
			if slices.Contains(l.Unknown, id) {
				all = append(all, Problem{Row: p.Rows[i], Field: memberColumn, Text: unknownText, Taken: true})
			}
		}
	}
	return all
}

const memberColumn = "wechatwk_userid"

// warn tells of an opt what remarks tell of an import.
func (r *Report) warn(l Looked) {
	for _, id := range l.Unknown {
		r.Warnings = append(r.Warnings, "wechatwk "+id+": "+unknownText)
	}
	if l.Unread > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d userids were not looked up in WeCom's directory: %s", l.Unread, l.Why))
	}
}

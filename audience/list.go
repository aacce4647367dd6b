package audience

import (
	"context"
	"fmt"
	"time"
)

// Kinds of list.
const (
	Black = "black" // whoever is on it gets nothing
	White = "white" // only whoever is on it gets something
)

// List is a numbered list of people, by userid or by identity at a platform.
type List struct {
	ID        int64
	Kind      string // Black or White; never changes
	Name      string // 1 to 64 characters
	Size      int
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Lists keeps them. fs.ErrNotExist: there is none of this number.
type Lists interface {
	AddList(ctx context.Context, l List) (List, error)
	List(ctx context.Context, id int64) (List, error)
	RenameList(ctx context.Context, id int64, name string) (List, error)
	DeleteList(ctx context.Context, id int64) error
	// AllLists gives up to limit after a number, in order.
	AllLists(ctx context.Context, after int64, limit int) ([]List, error)
	// ChangeList adds and removes entries, in one transaction.
	ChangeList(ctx context.Context, id int64, add, remove []string) (List, error)
	// Entries gives up to limit after an entry, in order.
	Entries(ctx context.Context, id int64, after string, limit int) ([]string, error)
	// Listed tells which of the words are on a list.
	Listed(ctx context.Context, id int64, words []string) (map[string]bool, error)
}

// SaveList makes a list, or renames the one with the number. *InputError;
// fs.ErrNotExist.
func (r *Room) SaveList(ctx context.Context, l List) (List, error) {
	if err := checkTitle(l.Name); err != nil {
		return List{}, err
	}
	if l.ID != 0 {
		return r.Store.RenameList(ctx, l.ID, l.Name)
	}
	if l.Kind != Black && l.Kind != White {
		return List{}, &InputError{"kind", `must be "black" or "white"`}
	}
	return r.Store.AddList(ctx, l)
}

// ChangeList adds and removes up to Most entries each; what is on both ends
// up on the list.
func (r *Room) ChangeList(ctx context.Context, id int64, add, remove []string) (List, error) {
	for name, entries := range map[string][]string{"add": add, "remove": remove} {
		if len(entries) > Most {
			return List{}, &InputError{name, fmt.Sprintf("has %d entries: at most %d a call", len(entries), Most)}
		}
		for i, e := range entries {
			if wrong := checkText(128)(e); wrong != "" {
				return List{}, &InputError{fmt.Sprintf("%s[%d]", name, i), withoutDel(wrong)}
			}
		}
	}
	return r.Store.ChangeList(ctx, id, add, remove)
}

// HasList tells whether there is a list of this kind and number.
func (r *Room) HasList(ctx context.Context, id int64, kind string) (bool, error) {
	l, err := r.Store.List(ctx, id)
	found, err := exists(err)
	return found && l.Kind == kind, err
}

// Listed tells which of the words, at most Most, are on a list.
func (r *Room) Listed(ctx context.Context, id int64, words []string) (map[string]bool, error) {
	if len(words) == 0 {
		return map[string]bool{}, nil
	}
	return r.Store.Listed(ctx, id, words)
}

package audience

import (
	"cmp"
	"context"
	"slices"
)

// Selection says who is meant where that is more than a list of userids: all
// users, or those who carry one of the tags or belong to the segment. ChannelKey is the caller's, whose
// own tags win over those of "all". It has no name of its own, so that the room
// that sends can give it.
type Selection = struct {
	All          bool
	UserIDs      []string // named besides; they are left out here
	Tags         []string
	Segment      int64 // its number, 0 for none
	ChannelKey   string
	Black, White int64 // lists that whoever sends looks at
}

// User is one of the registry, by its number there, which grows with time.
type User struct {
	ID     int64  `db:"id"`
	UserID string `db:"userid"`
}

// Select gives the next users of a selection after a number, in the order of
// numbers: about limit of them, those of UserIDs left out. next is the number
// to go on after, 0 at the end.
func (r *Room) Select(ctx context.Context, s Selection, after int64, limit int) (userids []string, next int64, err error) {
	found, err := r.sources(ctx, s, after, limit)
	if err != nil {
		return nil, 0, err
	}
	full := len(found) > limit
	if full {
		found = found[:limit]
		next = found[limit-1].ID
	}
	for _, u := range found {
		if !slices.Contains(s.UserIDs, u.UserID) {
			userids = append(userids, u.UserID)
		}
	}
	return userids, next, nil
}

// sources merges where users come from. Each gives its next limit and one more,
// so that the first limit of all of them are among these.
func (r *Room) sources(ctx context.Context, s Selection, after int64, limit int) ([]User, error) {
	if s.All {
		return r.Store.Everyone(ctx, after, limit+1)
	}
	var all []User
	for _, tag := range s.Tags {
		bindID, err := r.tagBind(ctx, s.ChannelKey, tag)
		if err != nil {
			return nil, err
		}
		some, err := r.Store.Holding(ctx, Value{"tag", bindID, tag}, after, limit+1)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	if s.Segment != 0 {
		some, err := r.members(ctx, s.Segment, s.ChannelKey, after, limit+1)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return united(all), nil
}

// united puts users in order, each once.
func united(users []User) []User {
	slices.SortFunc(users, func(a, b User) int { return cmp.Compare(a.ID, b.ID) })
	return slices.Compact(users)
}

// tagBind is where a tag is looked for: under the channel's own key if anybody
// carries it there, else under "all"
// (docs.jiguang.cn/jums/server/rest_api_jums_custom_message).
func (r *Room) tagBind(ctx context.Context, channelKey, tag string) (string, error) {
	if channelKey == "" {
		return "all", nil
	}
	own, err := r.Store.Holding(ctx, Value{"tag", channelKey, tag}, 0, 1)
	if err != nil || len(own) == 0 {
		return "all", err
	}
	return channelKey, nil
}

package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

// Codes of refusals about lists (docs.jiguang.cn/jums/server/message_code).
const (
	codeNoBlacklist = 1015046
	codeBothLists   = 1015097
)

// segment reads aud_segment: the texts are numbers of segments, and one is
// taken (docs.jiguang.cn/jums/server/rest_api_jums_custom_message).
func (r *request) segmentOf(key string, raw json.RawMessage) error {
	var ids []string
	if err := strict(key, raw, &ids); err != nil || len(ids) == 0 {
		return err
	}
	if len(ids) > 1 {
		return invalid(key, "names %d segments: one a call", len(ids))
	}
	n, err := strconv.ParseInt(ids[0], 10, 64)
	if err != nil || n <= 0 {
		return invalid(key+"[0]", "must be the number of a segment as a text, such as \"12\"")
	}
	r.segment = n
	return nil
}

// lists reads which lists are to be looked at.
func (r *request) lists(black, white *int64) error {
	for field, id := range map[string]*int64{"option.black_id": black, "option.white_id": white} {
		if id != nil && *id < 0 {
			return invalid(field, "is %d: use the number of a list", *id)
		}
	}
	if black != nil {
		r.black = *black
	}
	if white != nil {
		r.white = *white
	}
	if r.black != 0 && r.white != 0 {
		return &Refusal{codeBothLists, "option.white_id", "must not be given together with black_id: one list a message"}
	}
	return nil
}

// known holds what the request names against what there is.
func (r *Room) known(ctx context.Context, q *request) error {
	if q.segment != 0 {
		if found, err := r.Audience.HasSegment(ctx, q.segment); err != nil || !found {
			return or(err, invalid("aud_segment[0]", "names no segment: see GET /v1/segments"))
		}
	}
	if q.black != 0 {
		if found, err := r.Audience.HasList(ctx, q.black, "black"); err != nil || !found {
			return or(err, &Refusal{codeNoBlacklist, "option.black_id", "names no blacklist: see GET /v1/lists"})
		}
	}
	if q.white != 0 {
		if found, err := r.Audience.HasList(ctx, q.white, "white"); err != nil || !found {
			return or(err, invalid("option.white_id", "names no whitelist: see GET /v1/lists"))
		}
	}
	return nil
}

// or gives the error that kept from finding out, else the refusal.
func or(err error, refusal *Refusal) error {
	if err != nil {
		return err
	}
	return refusal
}

// sift marks those who are to be skipped for a list: a recipient is on a list
// by userid or by identity.
func (r *Room) sift(ctx context.Context, black, white int64, targets [][]Target) error {
	list, skip, why := black, true, "is on the blacklist"
	if white != 0 {
		list, skip, why = white, false, "is not on the whitelist"
	}
	if list == 0 {
		return nil
	}
	for _, some := range targets {
		words := make([]string, 0, 2*len(some))
		for _, t := range some {
			if t.UserID != "" {
				words = append(words, t.UserID)
			}
			if t.Identity != "" {
				words = append(words, t.Identity)
			}
		}
		listed, err := r.Audience.Listed(ctx, list, words)
		if err != nil {
			return err
		}
		for i, t := range some {
			if (listed[t.UserID] || listed[t.Identity]) == skip {
				some[i].Skip = fmt.Sprintf("%s %d", why, list)
			}
		}
	}
	return nil
}

package notify

import (
	"context"
	"hash/fnv"
	"io"
	"log/slog"
	"slices"
	"time"

	"wechattpp/wechat"
)

// crowd is a content of which one call hands many recipients over: up to most,
// those that one Begin took of a chunk, which is cut for that. It is content as
// well, whose send is never used.
//
// A call without a recorded answer is repeated for the same recipients with the
// same bytes, by which the vendor knows it. So that it does not swallow a second
// message that is the same on purpose, checked is false for a call whose bytes
// went to the sender before within keeps: that call is never repeated.
type crowd interface {
	content
	// most is how many recipients one call carries.
	most() int
	// cut parts targets into those for one call each.
	cut(targets []Target) [][]Target
	// sendMany hands recipients over and gives the vendor's word on the call,
	// and what is said of single recipients; those not named were taken. how is
	// the first of the calls that this one is for.
	sendMany(ctx context.Context, c wechat.Client, to []string, how Call) (handed Handed, refused map[int]refused, err error)
	// keeps is how long the vendor compares bytes.
	keeps() time.Duration
	// digest is a number for all that makes the bytes but the recipients; fixed
	// tells that checked makes no difference.
	digest() (sum []byte, fixed bool)
}

// Handed is the vendor's word on a call for many.
type Handed struct {
	ID   string // by which it may be recalled
	Code string // by which a card is updated, once: a secret
}

// LogValue leaves the code out.
func (h Handed) LogValue() slog.Value { return slog.StringValue(h.ID) }

// refused is why the vendor left out a recipient of a call.
type refused struct {
	code int
	text string
}

// Most is how many recipients one call for the part carries.
func (p Part) Most() int {
	if c, ok := p.content().(crowd); ok {
		return c.most()
	}
	return 1
}

// Cut parts targets into chunks: of ChunkSize, or of those for one call for
// many.
func (p Part) Cut(targets []Target) [][]Target {
	if c, ok := p.content().(crowd); ok {
		return c.cut(slices.Clone(targets))
	}
	return slices.Collect(slices.Chunk(targets, ChunkSize))
}

// Handover is how a store writes down a call for many.
type Handover struct {
	Digest int64         // of content and recipients
	Keeps  time.Duration // how long the vendor compares
	Fixed  bool          // the request itself said whether it shall
}

// TaskID is what the vendor calls the card of a part in the call of that serial
// number: no two calls may have the same. Empty: it is no such card.
func (p Part) TaskID(serial int64) string {
	if p.App == nil || p.App.Task == "" {
		return ""
	}
	return taskID(p.App.Task, serial)
}

// Alone tells whether a code that refused a call for many is the fault of some
// that it does not name: then each has a call of its own.
func (p Part) Alone(code int) bool {
	return p.Members() && code != 0 && code != codeNobody && code != codeNoneLeft
}

// Many tells whether one call hands many recipients of the part over.
func (p Part) Many() bool { _, ok := p.content().(crowd); return ok }

// Copies tells whether each call for the part sends a copy of a draft.
func (p Part) Copies() bool { return p.Mass != nil && p.Mass.Copies }

// Handover describes the call for the recipients of a part with Many.
func (p Part) Handover(to []string) Handover {
	c := p.content().(crowd)
	sum, fixed := c.digest()
	h := fnv.New64a()
	_, _ = h.Write(sum) // never fails
	for _, id := range to {
		_, _ = io.WriteString(h, "|"+id)
	}
	return Handover{int64(h.Sum64()), c.keeps(), fixed}
}

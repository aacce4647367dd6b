package callback

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Gap is a time in which pushes could not be written down. WeChat tries three
// times, so those at its beginning are probably lost.
type Gap struct {
	Start time.Time // arrival of the first push refused
	End   time.Time // zero while it lasts
}

// gaps remembers the last ones.
type gaps struct {
	log  *slog.Logger
	open atomic.Bool // read for each push, so not under the lock
	mu   sync.Mutex
	list []Gap
}

const (
	gapsKept = 32
	// shownFor is how long something past is told by /readyz.
	shownFor = 24 * time.Hour
)

func (g *gaps) begin(at time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open.Load() {
		return
	}
	if len(g.list) == gapsKept {
		g.list = slices.Delete(g.list, 0, 1)
	}
	g.list = append(g.list, Gap{Start: at})
	g.open.Store(true)
	g.log.Error("pushes cannot be written down and are answered 503", "since", at, "err", err)
}

// end closes the gap when a push was written again.
func (g *gaps) end() {
	if !g.open.Load() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.open.Load() {
		return
	}
	last := &g.list[len(g.list)-1]
	last.End = time.Now()
	g.open.Store(false)
	g.log.Warn("pushes are written down again; what came in between may be lost", "start", last.Start, "end", last.End)
}

func (g *gaps) recent(now time.Time) (texts []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, gap := range g.list {
		start := gap.Start.UTC().Format(time.RFC3339)
		switch {
		case gap.End.IsZero():
			texts = append(texts, "pushes cannot be written down since "+start)
		case now.Sub(gap.End) < shownFor:
			texts = append(texts, fmt.Sprintf("pushes could not be written down from %s to %s", start, gap.End.UTC().Format(time.RFC3339)))
		}
	}
	return texts
}

// Gaps answers the last times in which pushes could not be written down,
// oldest first, at most 32, since this process began.
func (d *Door) Gaps() []Gap {
	d.gaps.mu.Lock()
	defer d.gaps.mu.Unlock()
	return slices.Clone(d.gaps.list)
}

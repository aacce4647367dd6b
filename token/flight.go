package token

import "sync"

// flights lets callers who want the same thing share one answer.
type flights struct {
	running sync.WaitGroup
	mu      sync.Mutex
	now     map[destination]*flight
}

// destination is what is wanted: another token of the owner than the refused one.
type destination struct {
	owner   Owner
	refused string
	ahead   bool // one that stays for a while, see Kept.stays
}

type flight struct {
	landed chan struct{} // closed when the answer is there
	row    Kept
	err    error
}

// join boards the running flight, or begins one.
func (f *flights) join(d destination, fly func() (Kept, error)) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	if running := f.now[d]; running != nil {
		return running
	}
	if f.now == nil {
		f.now = map[destination]*flight{}
	}
	begun := &flight{landed: make(chan struct{})}
	f.now[d] = begun
	f.running.Go(func() {
		defer f.land(d, begun)
		begun.row, begun.err = fly()
	})
	return begun
}

func (f *flights) land(d destination, ended *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.now, d)
	close(ended.landed)
}

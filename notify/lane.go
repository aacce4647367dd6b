package notify

import "sync/atomic"

// account is what one sender has under way in this process.
type account struct {
	slots   chan struct{} // of calls
	running int           // deliveries; this and the next belong to round
	claimed int           // recipients
	halted  atomic.Pointer[pause]
}

// lane is one feature of a sender, of those it has under way.
type lane struct {
	of      *account
	running int // deliveries; this and the next belong to round
	probing bool
	halted  atomic.Pointer[pause]
}

// halt is why no more may be called for; nil if nothing speaks against it.
func (l *lane) halt() *pause {
	if p := l.halted.Load(); p != nil {
		return p
	}
	return l.of.halted.Load()
}

package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Mode is how a call fails.
type Mode string

// The modes. "Before" and without a word: nothing was processed. "After": it
// was processed, only the caller does not learn it.
const (
	ModeDelay        Mode = "delay"         // slow, then right
	ModeErrcode      Mode = "errcode"       // answers Code and Message
	ModeErrcodeAfter Mode = "errcode_after" // processed, yet answers Code and Message
	ModeStatus       Mode = "status"        // HTTP status Code
	ModeResetBefore  Mode = "reset_before"
	ModeResetAfter   Mode = "reset_after"
	ModeHang         Mode = "hang"       // no answer until the caller leaves
	ModeHangAfter    Mode = "hang_after" // processed, then as hang
	ModeNotJSON      Mode = "not_json"   // a gateway's HTML page
	ModeEmptyList    Mode = "empty_list" // of api_get_authorizer_list: as if there were no accounts
	ModeCut          Mode = "cut"        // processed, half of the answer arrives
)

// Fault makes coming calls fail. Delay applies in every mode, before
// processing.
type Fault struct {
	Path    string        `json:"path"`            // prefix; "" = every path
	AppID   string        `json:"appid,omitempty"` // only calls for this account
	Times   int           `json:"times,omitempty"` // 0 = once; negative = until ClearFaults
	Code    int           `json:"code,omitempty"`
	Message string        `json:"message,omitempty"` // "" = the vendor's text
	Delay   time.Duration `json:"-"`                 // in JSON "delay": "50ms"
	Mode    Mode          `json:"mode,omitempty"`    // "" = errcode if there is a Code, else delay
}

type faults struct {
	armed    atomic.Int32 // number of calls' faults, so that a world without any never locks
	mu       sync.Mutex
	calls    []Fault
	outcomes []OutcomeFault
}

const maxFaults = 10_000

// Fail arms a fault. Where several fit a call the oldest takes it, and only that one.
func (s *Simulator) Fail(f Fault) error {
	f, err := f.checked()
	if err != nil {
		return err
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.calls) >= maxFaults {
		return fmt.Errorf("more than %d faults armed; clear them first", maxFaults)
	}
	s.faults.calls = append(s.faults.calls, f)
	s.faults.armed.Store(int32(len(s.faults.calls)))
	return nil
}

func (f Fault) checked() (Fault, error) {
	if f.Mode == "" {
		f.Mode = ModeDelay
		if f.Code != 0 {
			f.Mode = ModeErrcode
		}
	}
	f.Times = or(f.Times, 1)
	switch f.Mode {
	case ModeErrcode, ModeErrcodeAfter:
		if f.Code == 0 {
			return f, errors.New("fault: code must be an errcode other than 0")
		}
	case ModeStatus:
		if f.Code < 200 || f.Code > 599 {
			return f, fmt.Errorf("fault: code %d is no HTTP status, use 200 to 599", f.Code)
		}
	case ModeDelay, ModeResetBefore, ModeResetAfter, ModeHang, ModeHangAfter, ModeNotJSON, ModeEmptyList, ModeCut:
	default:
		return f, fmt.Errorf("fault: mode %q is unknown, use one of delay, errcode, errcode_after, status, reset_before, reset_after, hang, hang_after, not_json, empty_list, cut", f.Mode)
	}
	return f, nil
}

// ClearFaults disarms all faults, of calls and of outcomes.
func (s *Simulator) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.calls, s.faults.outcomes = nil, nil
	s.faults.armed.Store(0)
}

func (f *faults) take(path, appID string) *Fault {
	if f.armed.Load() == 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.calls {
		c := f.calls[i]
		if !strings.HasPrefix(path, c.Path) || c.AppID != "" && c.AppID != appID {
			continue
		}
		if f.calls[i].Times--; f.calls[i].Times == 0 {
			f.calls = append(f.calls[:i], f.calls[i+1:]...)
			f.armed.Store(int32(len(f.calls)))
		}
		return &c
	}
	return nil
}

// failBefore reports whether the call goes on to be processed.
func (s *Simulator) failBefore(w http.ResponseWriter, q *request, f *Fault) bool {
	if f.Delay > 0 && !s.wait(q.Context(), f.Delay) {
		abort(w)
		return false
	}
	switch f.Mode {
	case ModeErrcode:
		writeJSON(w, q.refused(&refusal{f.Code, f.Message}))
	case ModeStatus:
		http.Error(w, or(f.Message, http.StatusText(f.Code)), f.Code)
	case ModeNotJSON:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"))
	case ModeEmptyList:
		writeJSON(w, []byte(`{"total_count":0,"list":[]}`))
	case ModeResetBefore:
		abort(w)
	case ModeHang:
		s.wait(q.Context(), never)
		abort(w)
	default:
		return true
	}
	return false
}

// failAfter reports whether the answer is to be written.
func (s *Simulator) failAfter(w http.ResponseWriter, q *request, f *Fault, answer []byte) bool {
	switch f.Mode {
	case ModeErrcodeAfter:
		writeJSON(w, q.refused(&refusal{f.Code, f.Message}))
	case ModeResetAfter:
		abort(w)
	case ModeHangAfter:
		s.wait(q.Context(), never)
		abort(w)
	case ModeCut:
		w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
		_, _ = w.Write(answer[:len(answer)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		return true
	}
	return false
}

// never is longer than any caller waits; the simulator's end lets go too.
const never = 24 * time.Hour

// wait reports whether the time passed with the caller still there.
func (s *Simulator) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-s.stop:
	}
	return false
}

// abort resets the connection if it is TCP, else just ends it.
func abort(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the documented way to drop a connection
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

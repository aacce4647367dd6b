package simulator

import (
	"net/http"
	"sync"
)

// verdicts are those of the last release tests.
type verdicts struct {
	mu   sync.Mutex
	kept ring[ReleaseVerdict]
}

func (v *verdicts) keep(r ReleaseVerdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.kept.add(r)
}

// ReleaseVerdicts copies the last hundred verdicts, oldest first.
func (s *Simulator) ReleaseVerdicts() []ReleaseVerdict {
	s.verdicts.mu.Lock()
	defer s.verdicts.mu.Unlock()
	return s.verdicts.kept.last(-1)
}

func (s *Simulator) controlReleaseTest(w http.ResponseWriter, r *http.Request) {
	var t ReleaseTest
	err := read(w, r, &t)
	var v ReleaseVerdict
	if err == nil {
		v, err = s.ReleaseTest(r.Context(), t)
	}
	reply(w, v, err)
}

func (s *Simulator) controlReleaseCode(w http.ResponseWriter, r *http.Request) {
	var m struct {
		AppID  string `json:"appid"`
		OpenID string `json:"openid"`
	}
	err := read(w, r, &m)
	var code string
	if err == nil {
		code, err = s.ReleaseCode(m.AppID, m.OpenID)
	}
	reply(w, map[string]string{"code": code}, err)
}

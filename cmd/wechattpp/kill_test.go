package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"wechattpp/simulator"
)

// prove tells whether the long forms are asked for (make prove).
func prove() bool { return os.Getenv("WECHATTPP_TEST_PROVE") != "" }

// killPoint is a moment of the main job at which the service is killed.
type killPoint struct {
	name string
	arm  func(w *world, kill func())
}

// killPoints are: while the vendor works on a call, so that the answer never
// arrives; a moment after an answer; and when a push has just been answered.
func killPoints() []killPoint {
	var all []killPoint
	for _, path := range []string{
		"/cgi-bin/component/api_component_token", "/cgi-bin/component/api_create_preauthcode", "/cgi-bin/component/api_query_auth",
		"/cgi-bin/component/api_get_authorizer_info", "/cgi-bin/message/template/send",
	} {
		all = append(all, killPoint{"during " + path, func(w *world, kill func()) {
			w.AfterCall(func(c simulator.Call) {
				if c.Path == path {
					kill()
				}
			})
		}}, killPoint{"after " + path, func(w *world, kill func()) {
			w.AfterCall(func(c simulator.Call) {
				if c.Path == path {
					time.AfterFunc(rand.N(8*time.Millisecond), kill) // somewhere among the commits that follow
				}
			})
		}})
	}
	for _, event := range []string{"component_verify_ticket", "authorized", "TEMPLATESENDJOBFINISH"} {
		all = append(all, killPoint{"after the answer to " + event, func(w *world, kill func()) {
			w.OnPush(func(p simulator.Push) {
				if p.Event == event {
					kill()
				}
			})
		}})
	}
	return all
}

func TestNothingIsLostByKillsBetweenSteps(t *testing.T) {
	t.Parallel()
	rounds := 1
	if prove() {
		rounds = 5
	}
	for _, kind := range []string{"sqlite", "mysql"} {
		for _, p := range killPoints() {
			for n := range rounds {
				t.Run(fmt.Sprintf("%s/%s/%d", kind, p.name, n), func(t *testing.T) {
					t.Parallel()
					playKilled(t, kind, p)
				})
			}
		}
	}
}

func playKilled(t *testing.T, kind string, p killPoint) {
	w := newWorld(t, kind)
	var once sync.Once
	var r *replica
	started, killed := make(chan struct{}), make(chan struct{})
	p.arm(w, func() {
		once.Do(func() {
			<-started
			r.killAndRestart()
			close(killed)
		})
	})
	r = w.start(t)
	close(started)
	play(t, w, r, 4*time.Minute)
	select { // the last answer may be told of after the job is done
	case <-killed:
	case <-time.After(time.Minute):
		t.Error("the service was never killed: the test did not test")
	}
}

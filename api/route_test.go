package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"wechattpp/access"
)

// answerOf plays one call of a route of the test's own.
func answerOf(r route, times int) (last *httptest.ResponseRecorder, log string) {
	written := &safeBuffer{}
	g := serving(r, written)
	for range times {
		last = httptest.NewRecorder()
		g.ServeHTTP(last, httptest.NewRequest("POST", "/it?token=hidden", strings.NewReader("{}")))
	}
	return last, written.String()
}

// serving serves a route at /it.
func serving(r route, log io.Writer) *gin.Engine {
	s := &server{Config: Config{Log: slog.New(slog.NewTextHandler(log, nil))}}
	s.defaults()
	g := gin.New()
	g.POST("/it", s.serve(r))
	return g
}

// A reader who gets the beginning of a list must not take it for all of it.
func TestAnAnswerThatFailsOnItsWayIsBrokenOff(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]error{"no fault": nil, "the database went away": errors.New("sql: gone")} {
		web := httptest.NewServer(serving(route{who: public, table: true, do: func(_ *server, c *call) error {
			w := c.table("list.csv", "name")
			_ = w.Write([]string{"first"})
			w.Flush()
			return wrong
		}}, io.Discard))
		defer web.Close()
		got, err := posted(web.URL + "/it?format=csv")
		if (wrong != nil) != (err != nil) || wrong == nil && got != "\uFEFFname\nfirst\n" {
			t.Errorf("%s: the reader has %q, %v", name, got, err)
		}
	}
}

func posted(url string) (string, error) {
	res, err := http.Post(url, "text/plain", nil)
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(res.Body)
	return string(got), errors.Join(err, res.Body.Close())
}

func TestErrorsBecomeAnswersInOnePlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err          error
		status, code int
	}{
		"not there":                    {fmt.Errorf("sender: %w", fs.ErrNotExist), 404, 4040},
		"there already":                {fmt.Errorf("sender: %w", fs.ErrExist), 409, 4090},
		"one that says what it is":     {fmt.Errorf("in a call: %w", refuse(418, 7, "teapot")), 418, 7},
		"a field that breaks its rule": {&access.InputError{Field: "name", Text: "is bad"}, 400, 4004},
		"too slow":                     {fmt.Errorf("sql: %w", context.DeadlineExceeded), 503, 5030},
		"anything else":                {errors.New("pq: secret detail"), 500, 5000},
	} {
		for _, who := range []guard{public, push} {
			got, log := answerOf(route{who: who, do: func(*server, *call) error { return c.err }}, 1)
			if got.Code != c.status || !strings.Contains(got.Body.String(), fmt.Sprintf(`"code":%d,`, c.code)) {
				t.Errorf("%s: %d %s", name, got.Code, got.Body)
			}
			if strings.Contains(got.Body.String(), "detail") {
				t.Errorf("%s: the detail is told: %s", name, got.Body)
			}
			if c.status >= 500 != strings.Contains(log, "level=ERROR") {
				t.Errorf("%s: log %s", name, log)
			}
		}
	}
}

func TestCallbackPathsThatCannotBeServedStopTheStart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"one of the API's":    {ComponentPath: "/v1/clients"},
		"both the same":       {ComponentPath: "/push", MessagePath: "/push"},
		"a parameter no name": {ComponentPath: "/push/:"},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), "choose other callback paths") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPanicCostsOneCall(t *testing.T) {
	t.Parallel()
	for _, who := range []guard{public, push} {
		got, log := answerOf(route{who: who, do: func(*server, *call) error { panic("oops") }}, 2)
		if got.Code != http.StatusInternalServerError || !strings.Contains(got.Body.String(), `"code":5000`) || strings.Contains(got.Body.String(), "oops") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
		if !strings.Contains(log, "oops") || !strings.Contains(log, "route_test.go") {
			t.Errorf("the log does not tell where: %s", log)
		}
	}
}

func TestAPushIsNotLoggedAndNotLimited(t *testing.T) {
	t.Parallel()
	got, log := answerOf(route{who: push, do: func(_ *server, c *call) error { c.String(http.StatusOK, "success"); return nil }}, 30_000)
	if got.Code != http.StatusOK || got.Body.String() != "success" || log != "" {
		t.Errorf("%d %s, log %q", got.Code, got.Body, log)
	}
}

func TestAPublicPageMayBeLimitedPerMinuteAndAddress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		took := []int{}
		slowly := func(_ *server, c *call) error { time.Sleep(time.Second); return c.reply(http.StatusOK, nil) }
		r := route{who: public, perMinute: 30, do: slowly}
		for _, calls := range []int{30, 31} {
			got, _ := answerOf(r, calls)
			took = append(took, got.Code)
			if calls == 31 && got.Header().Get("Retry-After") != "30" {
				t.Errorf("Retry-After %q", got.Header().Get("Retry-After"))
			}
		}
		if took[0] != http.StatusOK || took[1] != http.StatusTooManyRequests {
			t.Errorf("the 30th in half a minute: %d, the 31st: %d", took[0], took[1])
		}
	})
}

func TestACallEndsInTimeAndAStreamDoesNot(t *testing.T) {
	t.Parallel()
	var left time.Duration
	look := func(_ *server, c *call) error {
		end, limited := c.ctx().Deadline()
		left = time.Until(end)
		if !limited {
			left = 0
		}
		return nil
	}
	if answerOf(route{who: public, do: look}, 1); left <= 0 || left > callTime {
		t.Errorf("a call has %v", left)
	}
	if answerOf(route{who: public, do: look, stream: true}, 1); left != 0 {
		t.Errorf("a stream has %v", left)
	}
	table := serving(route{who: public, do: look, table: true}, io.Discard)
	for query, limited := range map[string]bool{"": true, "?format=json": true, "?format=csv": false} {
		table.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/it"+query, nil))
		if limited != (left > 0) {
			t.Errorf("a list%s has %v", query, left)
		}
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/crypto"
)

// releaseFlags are those of release-check.
type releaseFlags struct {
	url, ready string
	group      int
	json       bool
}

func releaseCheckCommand(flags *pflag.FlagSet) *cobra.Command {
	var f releaseFlags
	c := &cobra.Command{Use: "release-check", Short: "Play the full-network release test against a running deployment", Args: exactArgs(0),
		Long: "release-check plays WeChat's full-network release test (全网发布检测) against the running service, over the\n" +
			"address that WeChat uses, and says of each step whether it passes, and if not, what to mend. It reads the\n" +
			"same configuration as 'wechattpp serve', signs and encrypts as WeChat does, and changes nothing: the\n" +
			"ticket, the tokens and the authorized accounts of the service stay as they are. Run it before you press\n" +
			"the console's button.\n\n" +
			"A step that cannot be seen from outside is shown as unseen and does not count. Exit status 0: every step\n" +
			"that can be seen passes; 1: one does not.",
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(flags, os.Environ())
			if err != nil {
				return err
			}
			r, err := newReleaseCheck(cfg, f)
			if err != nil {
				return err
			}
			out := r.run(c.Context(), f.group)
			if f.json {
				err = out.writeJSON(c.OutOrStdout())
			} else {
				out.write(c.OutOrStdout())
			}
			if err == nil && !out.OK {
				err = fmt.Errorf("%d of %d steps fail: do not press the button yet", out.count(stepFails), len(out.Steps))
			}
			return err
		}}
	c.Flags().StringVar(&f.url, "url", "", "base address to knock at instead of wechattpp_public_url, e.g. http://127.0.0.1:8080 to leave nginx out")
	c.Flags().StringVar(&f.ready, "ready-url", "", "base address of the service itself, whose /readyz tells of the ticket (default: the address knocked at, then wechattpp_listen on this machine)")
	c.Flags().IntVar(&f.group, "group", 0, "which of WeChat's five pairs of accounts, 1 to 5 (default all)")
	c.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return c
}

// newReleaseCheck looks at what is needed, and refuses what would knock at the
// wrong door.
func newReleaseCheck(cfg *Config, f releaseFlags) (*releaseCheck, error) {
	if cfg.ComponentAppID == "" {
		return nil, fmt.Errorf("no component is configured: release-check needs wechattpp_component_app_id, wechattpp_encoding_token and wechattpp_encoding_aes_key, the same as the service has")
	}
	if f.group < 0 || f.group > 5 {
		return nil, usageError{fmt.Errorf("--group %d: want 1 to 5", f.group)}
	}
	key, err := crypto.ParseKey(cfg.EncodingAESKey)
	if err != nil {
		return nil, err
	}
	r := &releaseCheck{cfg: cfg, key: key, base: cfg.PublicURL.String(), http: noRedirects()}
	if f.url != "" {
		if r.base, err = baseAddress("--url", f.url); err != nil {
			return nil, err
		}
	}
	r.readyAt = []string{r.base}
	if local := "http://" + localListen(cfg.Listen); local != r.base {
		r.readyAt = append(r.readyAt, local)
	}
	if f.ready != "" {
		ready, err := baseAddress("--ready-url", f.ready)
		if err != nil {
			return nil, err
		}
		r.readyAt = []string{ready}
	}
	return r, nil
}

func baseAddress(flag, text string) (string, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", usageError{fmt.Errorf("%s %q: want an address such as https://wechat.example.com", flag, text)}
	}
	return u.String(), notVendor(u.String())
}

// How a step ended.
const (
	stepPasses = "pass"
	stepFails  = "fail"
	stepUnseen = "unseen" // cannot be seen from outside; does not count
)

// releaseStep is what came of one step.
type releaseStep struct {
	Name   string `json:"name"`
	Group  int    `json:"group,omitempty"`
	AppID  string `json:"app_id,omitempty"` // of the test account
	Status string `json:"status"`
	TookMS int64  `json:"took_ms"` // until the answer
	Found  string `json:"found"`
	Remedy string `json:"remedy,omitempty"`
}

// releaseResult is the whole run.
type releaseResult struct {
	OK        bool          `json:"ok"` // no step fails
	URL       string        `json:"url"`
	Simulator bool          `json:"simulator"` // the vendor behind the service is the simulator
	Steps     []releaseStep `json:"steps"`
}

func (r *releaseResult) count(status string) (n int) {
	for _, s := range r.Steps {
		if s.Status == status {
			n++
		}
	}
	return n
}

func (r *releaseResult) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *releaseResult) write(w io.Writer) {
	fmt.Fprintf(w, "The full-network release test, played against %s\n\n", r.URL)
	for _, s := range r.Steps {
		where := ""
		if s.Group > 0 {
			where = fmt.Sprintf("%d %s", s.Group, s.AppID)
		}
		fmt.Fprintf(w, "%-7s %-16s %-21s %5d ms  %s\n", mark(s.Status), s.Name, where, s.TookMS, s.Found)
		if s.Remedy != "" {
			fmt.Fprintf(w, "        → %s\n", s.Remedy)
		}
	}
	fmt.Fprintf(w, "\n%d pass, %d fail, %d unseen\n", r.count(stepPasses), r.count(stepFails), r.count(stepUnseen))
}

func mark(status string) string {
	if status == stepFails {
		return "FAIL"
	}
	return status
}

// run plays the test for one group of accounts, or for all with 0.
func (r *releaseCheck) run(ctx context.Context, group int) *releaseResult {
	r.out = &releaseResult{URL: r.base}
	r.play(ctx, group)
	r.out.OK = r.out.count(stepFails) == 0
	return r.out
}

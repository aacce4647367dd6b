package deploy

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/knadh/koanf/parsers/yaml"
)

// measured are the metrics that the program's source declares, with what
// Prometheus makes of a histogram's name.
func measured(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(HistogramOpts\{\s*)?(?:Name: |NewDesc\(|gauge\()"(wechattpp_[a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
			if names = append(names, m[2]); m[1] != "" {
				names = append(names, m[2]+"_bucket", m[2]+"_sum", m[2]+"_count")
			}
		}
		return err
	})
	if err != nil || len(names) < 15 {
		t.Fatalf("%d metrics found, %v: the pattern fits no more", len(names), err)
	}
	return names
}

func TestAlertsAndDashboardAskForMetricsThatExist(t *testing.T) {
	t.Parallel()
	names := measured(t)
	for _, file := range []string{"alerts.yaml", "grafana-dashboard.json"} {
		asked := find(read(t, file), `\b(wechattpp_[a-z_]+)`)
		if len(asked) < 15 {
			t.Errorf("%s asks for %d metrics: the pattern fits no more", file, len(asked))
		}
		for _, name := range asked {
			if !slices.Contains(names, name) {
				t.Errorf("%s asks for %s, which the program does not show", file, name)
			}
		}
	}
}

func TestMetricsAreNamedAsPrometheusWantsThem(t *testing.T) {
	t.Parallel()
	for _, name := range measured(t) {
		if regexp.MustCompile(`_(ms|millis|milliseconds|minutes|hours|kb|mb)(_|$)|__`).MatchString(name) {
			t.Errorf("%s: base units only: seconds and bytes", name)
		}
	}
}

func TestEveryAlertIsWholeAndExplained(t *testing.T) {
	t.Parallel()
	parsed, err := yaml.Parser().Unmarshal([]byte(read(t, "alerts.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := json.Unmarshal(text, &file); err != nil || len(file.Groups) == 0 {
		t.Fatalf("%v, %d groups", err, len(file.Groups))
	}
	manual := read(t, "../docs/operations.md")
	for _, r := range file.Groups[0].Rules {
		if _, err := time.ParseDuration(r.For); err != nil || !slices.Contains([]string{"warning", "critical"}, r.Labels["severity"]) || r.Annotations["summary"] == "" {
			t.Errorf("%s: for %q, labels %v, annotations %v", r.Alert, r.For, r.Labels, r.Annotations)
		}
		for _, pair := range []string{"()", "[]", "{}"} {
			if strings.Count(r.Expr, pair[:1]) != strings.Count(r.Expr, pair[1:]) {
				t.Errorf("%s: unbalanced %s in %s", r.Alert, pair, r.Expr)
			}
		}
		if !strings.Contains(manual, "| "+r.Alert+" |") {
			t.Errorf("docs/operations.md does not say what to do for %s", r.Alert)
		}
	}
	for _, named := range find(manual, `\| (Wechattpp[A-Za-z]+) \|`) {
		if !slices.ContainsFunc(file.Groups[0].Rules, func(r struct {
			Alert, Expr, For    string
			Labels, Annotations map[string]string
		}) bool {
			return r.Alert == named
		}) {
			t.Errorf("docs/operations.md explains %s, which is no alert", named)
		}
	}
}

func TestTheDashboardIsWhole(t *testing.T) {
	t.Parallel()
	var board struct {
		Panels []struct {
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana-dashboard.json")), &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if p.Title == "" || len(p.Targets) == 0 || p.GridPos.W == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: %+v", p.Title, p)
		}
	}
	if len(board.Panels) < 20 {
		t.Errorf("%d panels", len(board.Panels))
	}
}

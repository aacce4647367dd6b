package wechattpp

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows lists for each room the rooms it may import. One not listed is a mistake.
var arrows = map[string][]string{
	"cmd": {"access", "api", "audience", "authorizer", "callback", "component", "crypto", "health", "notify", "sender",
		"simulator", "sql", "token", "webhook", "wechat"},
	// wechat's plain types and checks of a call that is passed on: the proxy maps them to HTTP.
	"api": {"access", "audience", "authorizer", "callback", "component", "health", "notify", "sender", "token", "webhook", "wechat"},
	// wechat's plain types (a grant, what is lent) stand in the Store interfaces that sql implements.
	"sql":        {"access", "audience", "authorizer", "callback", "component", "health", "notify", "sender", "token", "webhook", "crypto", "wechat"},
	"callback":   {"wechat", "crypto"},
	"component":  {"wechat"},
	"authorizer": {"wechat"},
	"health":     {"wechat"},
	"sender":     {"wechat"},
	"token":      {"wechat"},
	"notify":     {"wechat"},
	"simulator":  {"crypto"},
	"wechat":     {},
	"crypto":     {},
	"audience":   {},
	"access":     {},
	"webhook":    {},
	"bench":      {"simulator", "crypto", "sql"}, // drives the built program from outside
	"deploy":     {},
}

// testArrows are open to test files of every room: the pretend WeChat and the real databases.
var testArrows = []string{"simulator", "sql"}

// chains lists the neighbours that a room's tests put together as cmd does, because half of the chain proves nothing.
var chains = map[string][]string{
	"authorizer": {"component", "health", "token", "crypto"}, // from the ticket to the account's token
	"notify":     {"audience", "callback", "sender"},         // from a userid, or a user's message, to the account that sends
	"webhook":    {"access", "notify"},                       // from a client's message to its receipts
}

// homes says which room alone may import a library, and its packages below.
var homes = map[string][]string{
	"github.com/gin-gonic/gin":       {"api", "bench"}, // bench holds the bare handler that we are compared with
	"github.com/jmoiron/sqlx":        {"sql"},
	"github.com/go-sql-driver/mysql": {"sql"},
	"modernc.org/sqlite":             {"sql"},
	"github.com/pressly/goose":       {"sql"},
	"database/sql":                   {"sql", "bench"}, // bench measures a server of its own
	"github.com/robfig/cron":         {"cmd"},
	"github.com/golang-jwt/jwt":      {"access", "bench"},          // as gin: the floor checks the same token
	"github.com/xuri/excelize":       {"audience", "api", "bench"}, // writes spreadsheets: those that tests read and the bench sends
}

func TestEveryArrowOfTheHouseIsListed(t *testing.T) {
	t.Parallel()
	eachGoFile(t, func(file string) {
		room, _, _ := strings.Cut(file, "/")
		for _, path := range imports(t, file) {
			to, ours := strings.CutPrefix(path, "wechattpp/")
			if to, _, _ = strings.Cut(to, "/"); !ours || to == room || slices.Contains(arrows[room], to) {
				continue
			}
			if isTest(file) && (slices.Contains(testArrows, to) || slices.Contains(chains[room], to)) {
				continue
			}
			t.Errorf("%s: %s must not import %s; the arrows are in CONTRIBUTING.md", file, room, to)
		}
	})
}

func TestEveryLibraryStaysInItsRoom(t *testing.T) {
	t.Parallel()
	eachGoFile(t, func(file string) {
		room, _, _ := strings.Cut(file, "/")
		for _, path := range imports(t, file) {
			for library, rooms := range homes {
				if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(rooms, room) {
					t.Errorf("%s: %s belongs to %v alone", file, library, rooms)
				}
			}
		}
	})
}

func TestThePictureInTheDocShowsTheRoomsThatExist(t *testing.T) {
	t.Parallel()
	var drawn, built, listed []string
	for _, line := range regexp.MustCompile(`[├└]── ([a-z]+)/`).FindAllStringSubmatch(read(t, "doc.go"), -1) {
		drawn = append(drawn, line[1])
	}
	eachGoFile(t, func(file string) {
		if room, _, found := strings.Cut(file, "/"); found {
			built = append(built, room)
		}
	})
	for room := range arrows {
		listed = append(listed, room)
	}
	if got, want := sorted(drawn), sorted(built); !slices.Equal(got, want) {
		t.Errorf("doc.go draws %v, there is %v", got, want)
	}
	if got, want := sorted(listed), sorted(built); !slices.Equal(got, want) {
		t.Errorf("arrows lists %v, there is %v", got, want)
	}
}

func TestNoPackageHasANameThatSaysNothing(t *testing.T) {
	t.Parallel()
	vague := []string{"util", "utils", "common", "helper", "helpers", "model", "models", "types", "base", "manager", "service"}
	eachFile(t, func(file string) {
		for dir := range strings.SplitSeq(filepath.ToSlash(filepath.Dir(file)), "/") {
			if slices.Contains(vague, dir) {
				t.Errorf("%s: a folder named %s does not say what it is for", file, dir)
			}
		}
	})
}

// Words are put together here, so that this file does not find itself.
var (
	machinePath = regexp.MustCompile(`(^|[\s"'` + "`" + `=(:@])/(work|root|home/[a-z]+|Users/[A-Za-z]+)/|\.\./sha` + `red\b|\.libr` + `ary\b`)
	unfinished  = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|TB` + `D|XX` + `X|CHANGE` + `ME)\b|(?i:lorem ip` + `sum|not implemented y` + `et)`)
)

func TestNoFileNamesAMachineOrAnUnfinishedPlace(t *testing.T) {
	t.Parallel()
	eachFile(t, func(file string) {
		for n, line := range strings.Split(read(t, file), "\n") {
			if found := machinePath.FindString(line); found != "" {
				t.Errorf("%s:%d names a path of one machine: %q", file, n+1, found)
			}
			if found := unfinished.FindString(line); found != "" {
				t.Errorf("%s:%d is unfinished: %q", file, n+1, found)
			}
		}
	})
}

func isTest(file string) bool {
	return strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "sql/sqltest/")
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	paths := make([]string, len(parsed.Imports))
	for i, spec := range parsed.Imports {
		if paths[i], err = strconv.Unquote(spec.Path.Value); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func eachGoFile(t *testing.T, visit func(file string)) {
	t.Helper()
	eachFile(t, func(file string) {
		if strings.HasSuffix(file, ".go") {
			visit(file)
		}
	})
}

// eachFile visits the files of the repository, those that Git ignores left out.
func eachFile(t *testing.T, visit func(file string)) {
	t.Helper()
	ignored := []string{".git", "bin", "data", "dist", "node_modules"}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(ignored, entry.Name()):
			return filepath.SkipDir
		case entry.Type().IsRegular() && entry.Name() != ".git": // a file in a worktree
			visit(filepath.ToSlash(path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func sorted(words []string) []string {
	words = slices.Sorted(slices.Values(words))
	return slices.Compact(words)
}

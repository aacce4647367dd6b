package wechattpp

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fence   = regexp.MustCompile("(?s)\n```.*?\n```")
	name    = regexp.MustCompile(`wechattpp_[a-z]+(_[a-z]+)*`)
)

func TestEveryLinkInTheDocsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	eachFile(t, func(file string) {
		if path.Ext(file) != ".md" {
			return
		}
		for _, found := range link.FindAllStringSubmatch(prose(t, file), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			target, anchor, _ := strings.Cut(found[1], "#")
			place := file
			if target != "" {
				place = path.Join(path.Dir(file), target)
			}
			if _, err := os.Stat(place); err != nil {
				t.Errorf("%s links to %s: %v", file, found[1], err)
			} else if anchor != "" && !hasHeading(prose(t, place), anchor) {
				t.Errorf("%s links to %s: no such heading", file, found[1])
			}
		}
	})
}

// prose is the file without its blocks of code.
func prose(t *testing.T, file string) string {
	t.Helper()
	return fence.ReplaceAllString(read(t, file), "")
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// hasHeading knows how a heading becomes an anchor: small letters, spaces to dashes, signs dropped.
func hasHeading(text, anchor string) bool {
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		slug := regexp.MustCompile(`[^\p{L}\p{N} -]`).ReplaceAllString(strings.ToLower(found[1]), "")
		if strings.ReplaceAll(slug, " ", "-") == anchor {
			return true
		}
	}
	return false
}

// A key or a metric that a page names must be one of the program's. Some metrics are put together from a prefix.
func TestEveryNameInTheDocsIsOneOfTheProgram(t *testing.T) {
	t.Parallel()
	var program strings.Builder
	eachFile(t, func(file string) {
		if (path.Ext(file) == ".go" && !isTest(file)) || file == "deploy/wechattpp.example.yaml" {
			program.WriteString(read(t, file))
		}
	})
	eachFile(t, func(file string) {
		if path.Ext(file) != ".md" {
			return
		}
		for _, name := range name.FindAllString(read(t, file), -1) {
			rest, _ := strings.CutPrefix(name, "wechattpp_token_")
			if !strings.Contains(program.String(), strings.TrimSuffix(name, "_file")) && !strings.Contains(program.String(), `gauge("`+rest+`"`) {
				t.Errorf("%s names %s, which the program does not have", file, name)
			}
		}
	})
}

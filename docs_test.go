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
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fence.ReplaceAllString(string(text), "")
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

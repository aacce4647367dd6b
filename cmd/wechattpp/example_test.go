package main

import (
	"os"
	"regexp"
	"testing"
)

// TestTheExampleFileIsTheManual holds deploy/wechattpp.example.yaml against the
// keys, their defaults, and the rule that its secrets are refused.
func TestTheExampleFileIsTheManual(t *testing.T) {
	file, err := os.ReadFile("../../deploy/wechattpp.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^(# )?(wechattpp_\w+):`).FindAllStringSubmatch(string(file), -1)
	shown := map[string]bool{}
	for _, l := range lines {
		shown[l[2]] = true
		if !known(l[2]) {
			t.Errorf("the example file shows %s, which is no key", l[2])
		}
	}
	for _, s := range settings {
		if !shown[s.key] {
			t.Errorf("the example file does not show %s", s.key)
		}
	}
	fromFile, err := loadConfig(parse(t, "--config", "../../deploy/wechattpp.example.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := loadConfig(parse(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := *fromFile, *plain; a.Listen != b.Listen || a.PublicURL.String() != b.PublicURL.String() || a.Database != b.Database || a.PushMaxAge != b.PushMaxAge ||
		a.ComponentPath != b.ComponentPath || a.MessagePath != b.MessagePath || a.APIBase != b.APIBase || a.CommitBatch != b.CommitBatch ||
		a.RenewParallel != b.RenewParallel || a.RetentionDays != b.RetentionDays || a.ReceiptWeComSender != b.ReceiptWeComSender || a.Migrate != b.Migrate || a.LogLevel != b.LogLevel {
		t.Errorf("the example file's values are not the defaults: %+v, want %+v", a, b)
	}
	filled := write(t, "filled.yaml", regexp.MustCompile(`(?m)^# (wechattpp_\w+: )`).ReplaceAllString(string(file), "$1"))
	c, err := loadConfig(parse(t, "--config", filled), nil)
	if err != nil {
		t.Fatalf("with every line in force: %v", err)
	}
	if err := c.refuseExamples(); err == nil {
		t.Error("the example file's secrets are not refused")
	}
}

package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestComposeNamesOnlyKeysOfTheConfiguration(t *testing.T) {
	t.Parallel()
	keys := find(read(t, "wechattpp.example.yaml"), `(?m)^(?:# )?(wechattpp_[a-z_]+):`)
	named := find(read(t, "compose.yaml"), `(?m)^ +(WECHATTPP_[A-Z_]+):`)
	if len(keys) < 20 || len(named) < 5 {
		t.Fatalf("%d keys, %d of them named: the patterns fit no more", len(keys), len(named))
	}
	for _, name := range named {
		if key := strings.ToLower(name); !slices.Contains(keys, key) && !slices.Contains(keys, strings.TrimSuffix(key, "_file")) {
			t.Errorf("compose.yaml sets %s, which is no key of the example configuration", name)
		}
	}
}

func TestMakeSecretsMakesWhatComposeReads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := filepath.Join(dir, "make-secrets")
	if err := os.WriteFile(script, []byte(read(t, "make-secrets")), 0o700); err != nil {
		t.Fatal(err)
	}
	run := func() string {
		t.Helper()
		out, err := exec.Command("bash", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	said := run()
	first := map[string]string{}
	for _, name := range find(read(t, "compose.yaml"), `file: \./secrets/([a-z_]+)`) {
		text, err := os.ReadFile(filepath.Join(dir, "secrets", name))
		if first[name] = string(text); err != nil && !strings.Contains(said, "secrets/"+name) {
			t.Errorf("%v, and nobody was told to write it", err)
		}
	}
	if key := first["encoding_aes_key"]; !regexp.MustCompile(`^[A-Za-z0-9]{43}$`).MatchString(key) {
		t.Errorf("encoding_aes_key has %d characters, or others than letters and digits", len(key))
	}
	if !strings.Contains(first["database"], ":"+first["mysql_password"]+"@") {
		t.Error("database does not hold the password that MySQL gets")
	}
	run()
	for name, was := range first {
		if now, _ := os.ReadFile(filepath.Join(dir, "secrets", name)); string(now) != was {
			t.Errorf("a second run changed %s", name)
		}
	}
}

func TestNginxForwardsTheDefaultCallbackPaths(t *testing.T) {
	t.Parallel()
	nginx, example := read(t, "nginx.conf"), read(t, "wechattpp.example.yaml")
	component := find(example, `(?m)^wechattpp_component_callback_path: (\S+)$`)[0]
	message := find(example, `(?m)^wechattpp_message_callback_path: (\S+)$`)[0]
	for _, want := range []string{"location = " + component + " {", "location ~ ^" + strings.Replace(message, "$APPID$", "[^/]+", 1) + "$ {"} {
		if strings.Count(nginx, want) != 2 {
			t.Errorf("nginx.conf has %q %d times, want it for both ports", want, strings.Count(nginx, want))
		}
	}
}

func find(text, pattern string) (found []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	goodAES    = "0123456789abcdefghijABCDEFGHIJklmnopqrstuvw"
	goodMaster = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

func parse(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	root := &cobra.Command{Use: "test"}
	f := configFlags(root)
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreComplete(t *testing.T) {
	c, err := loadConfig(parse(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":8080" || c.Database != "sqlite:data/wechattpp.db" || c.PushMaxAge.Minutes() != 10 ||
		c.MessagePath != "/wechattpp/$APPID$/message" || c.CommitBatch != 256 || !c.Migrate || len(c.MetricsAllow) != 2 {
		t.Errorf("defaults: %+v", c)
	}
}

func TestFlagsGoOverEnvironmentOverFile(t *testing.T) {
	file := write(t, "c.yaml", "wechattpp_listen: ':1'\nwechattpp_log_level: warn\nwechattpp_push_max_age: 5m\nwechattpp_trusted_proxies: [10.0.0.0/8, 192.0.2.1]\n")
	c, err := loadConfig(parse(t, "--config", file, "--listen", ":3"), []string{"WECHATTPP_LISTEN=:2", "WECHATTPP_LOG_LEVEL=error"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":3" || c.LogLevel != "error" || c.PushMaxAge.Minutes() != 5 || len(c.TrustedProxies) != 2 {
		t.Errorf("flag, environment, file: %q %q %v %v", c.Listen, c.LogLevel, c.PushMaxAge, c.TrustedProxies)
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	key := write(t, "key", goodMaster+"\n")
	secret := write(t, "secret", "two spaces kept  \n")
	c, err := loadConfig(parse(t, "--admin-password-file", secret), []string{"WECHATTPP_MASTER_KEY_FILE=" + key})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.MasterKey) != 32 || c.AdminPassword != "two spaces kept  " {
		t.Errorf("master key of %d bytes, password %q", len(c.MasterKey), c.AdminPassword)
	}
	// A file named in a higher layer replaces a value of a lower one.
	yaml := write(t, "c.yaml", "wechattpp_admin_password: from-the-yaml-file\n")
	if c, err = loadConfig(parse(t, "--config", yaml), []string{"WECHATTPP_ADMIN_PASSWORD_FILE=" + secret}); err != nil || c.AdminPassword != "two spaces kept  " {
		t.Errorf("password %q, %v", c.AdminPassword, err)
	}
}

func TestEveryMistakeIsNamedAtOnce(t *testing.T) {
	file := write(t, "c.yaml", "wechattpp_listne: ':1'\nlisten: ':1'\nwechattpp_push_max_age: soon\n")
	_, err := loadConfig(parse(t, "--config", file, "--metrics-allow", "everyone"), []string{
		"WECHATTPP_ENCODING_AES_KEY=" + goodAES[:42], "WECHATTPP_MASTER_KEY=short", "WECHATTPP_SECRET=x",
		"WECHATTPP_MESSAGE_CALLBACK_PATH=/no/appid", "WECHATTPP_DATABASE=postgres:x", "WECHATTPP_ENCODING_TOKEN_FILE=/does/not/exist",
		"WECHATTPP_COMMIT_BATCH=0", "PATH=/bin",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"wechattpp_listne: unknown key", "listen: unknown key: did you mean wechattpp_listen?", "wechattpp_push_max_age: want a duration",
		"wechattpp_metrics_allow:", "wechattpp_encoding_aes_key:", "42", "wechattpp_master_key:", "wechattpp_secret: unknown key",
		"wechattpp_message_callback_path:", "wechattpp_database:", "wechattpp_encoding_token_file:", "wechattpp_commit_batch: want a number from 1 to 1024",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	for _, secret := range []string{goodAES[:42], "short"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

func TestAHalfComponentIsRefused(t *testing.T) {
	_, err := loadConfig(parse(t), []string{"WECHATTPP_COMPONENT_APP_ID=wx1a2b3c4d5e6f7a8b", "WECHATTPP_ENCODING_AES_KEY=" + goodAES})
	if err == nil || !strings.Contains(err.Error(), "wechattpp_component_app_secret: missing") || !strings.Contains(err.Error(), "wechattpp_encoding_token: missing") {
		t.Errorf("error: %v", err)
	}
}

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// configFlags declares one flag a key on every command and answers their set.
func configFlags(root *cobra.Command) *pflag.FlagSet {
	f := root.PersistentFlags()
	f.String("config", "", "YAML file with the configuration")
	for _, s := range settings {
		f.String(flagName(s.key), "", s.meaning+defaultText(s))
		f.String(flagName(s.key)+"-file", "", "file that holds "+flagName(s.key))
		if !s.secret {
			_ = f.MarkHidden(flagName(s.key) + "-file")
		}
	}
	return f
}

func defaultText(s setting) string {
	if s.def == "" {
		return ""
	}
	return fmt.Sprintf(" (default %s)", s.def)
}

func flagName(key string) string {
	return strings.ReplaceAll(strings.TrimPrefix(key, "wechattpp_"), "_", "-")
}

// loadConfig reads flags over environment over file over defaults, and names
// every unknown key and bad value in one error.
func loadConfig(flags *pflag.FlagSet, environ []string) (*Config, error) {
	k := koanf.New("\x00") // keys are flat: no delimiter ever splits one
	var bad []error
	layers := []func() (map[string]any, error){
		func() (map[string]any, error) { return fileLayer(flags) },
		func() (map[string]any, error) { return environLayer(environ), nil },
		func() (map[string]any, error) { return flagLayer(flags), nil },
	}
	for _, layer := range layers {
		values, err := layer()
		if err != nil {
			return nil, err
		}
		bad = append(bad, expand(values)...)
		if err := k.Load(confmap.Provider(values, ""), nil); err != nil {
			return nil, err
		}
	}
	c, wrong := fill(func(key string) (string, bool) { return k.String(key), k.Exists(key) })
	bad = append(append(bad, wrong...), c.together()...)
	return c, errors.Join(bad...)
}

// fill makes a configuration of the values get knows and the defaults, and
// names each bad one.
func fill(get func(key string) (string, bool)) (c *Config, bad []error) {
	c = &Config{}
	for _, s := range settings {
		v, ok := get(s.key)
		if !ok {
			v = s.def
		}
		if v == "" {
			continue
		}
		if err := s.set(c, v); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", s.key, err))
		}
	}
	return c, bad
}

// together checks what only makes sense together.
func (c *Config) together() (bad []error) {
	four := []struct{ key, value string }{
		{"wechattpp_component_app_id", c.ComponentAppID}, {"wechattpp_component_app_secret", c.ComponentAppSecret},
		{"wechattpp_encoding_token", c.EncodingToken}, {"wechattpp_encoding_aes_key", c.EncodingAESKey},
	}
	given := slices.ContainsFunc(four, func(s struct{ key, value string }) bool { return s.value != "" })
	for _, s := range four {
		if given && s.value == "" {
			bad = append(bad, fmt.Errorf("%s: missing: the component needs all of app_id, app_secret, encoding_token and encoding_aes_key", s.key))
		}
	}
	return bad
}

func fileLayer(flags *pflag.FlagSet) (map[string]any, error) {
	name, err := flags.GetString("config")
	if err != nil || name == "" {
		return nil, err
	}
	k := koanf.New("\x00")
	if err := k.Load(file.Provider(name), yaml.Parser()); err != nil {
		return nil, fmt.Errorf("--config %s: %w", name, err)
	}
	return k.Raw(), nil
}

// environLayer takes the variables that begin with WECHATTPP_. Those of the
// project's own tests (WECHATTPP_TEST_...) are none of the program's.
func environLayer(environ []string) map[string]any {
	values := map[string]any{}
	for _, e := range environ {
		name, v, _ := strings.Cut(e, "=")
		key := strings.ToLower(name)
		if strings.HasPrefix(key, "wechattpp_") && !strings.HasPrefix(key, "wechattpp_test_") {
			values[key] = v
		}
	}
	return values
}

func flagLayer(flags *pflag.FlagSet) map[string]any {
	values := map[string]any{}
	// Not Visit: cobra parses a copy of the set, which shares only the flags.
	flags.VisitAll(func(f *pflag.Flag) {
		key := "wechattpp_" + strings.ReplaceAll(f.Name, "-", "_")
		if f.Changed && known(strings.TrimSuffix(key, "_file")) {
			values[key] = f.Value.String()
		}
	})
	return values
}

// expand makes one layer's values plain strings: lists joined, KEY_file read.
// It removes and names what it does not know.
func expand(values map[string]any) (bad []error) {
	for key, v := range values {
		switch plain := strings.TrimSuffix(key, "_file"); {
		case known(key):
			values[key] = str(v)
		case plain != key && known(plain):
			delete(values, key)
			content, err := os.ReadFile(str(v))
			if err != nil {
				bad = append(bad, fmt.Errorf("%s: %w", key, err))
				continue
			}
			values[plain] = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
		default:
			delete(values, key)
			bad = append(bad, fmt.Errorf("%s: unknown key%s", key, like(key)))
		}
	}
	slices.SortFunc(bad, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return bad
}

func str(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v)
}

func known(key string) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return s.key == key })
}

// defaultOf is a key's default.
func defaultOf(key string) string {
	return settings[slices.IndexFunc(settings, func(s setting) bool { return s.key == key })].def
}

// like suggests the key that was probably meant.
func like(key string) string {
	for _, s := range settings {
		if strings.HasSuffix(s.key, strings.TrimPrefix(key, "wechattpp")) || "wechattpp_"+key == s.key {
			return ": did you mean " + s.key + "?"
		}
	}
	return ""
}

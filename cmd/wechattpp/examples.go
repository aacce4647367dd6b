package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// refuseExamples stops a start with the secrets of the example file, which
// everybody knows.
func (c *Config) refuseExamples() error {
	var bad []error
	for _, s := range []struct{ key, value string }{
		{"wechattpp_component_app_id", c.ComponentAppID}, {"wechattpp_component_app_secret", c.ComponentAppSecret},
		{"wechattpp_encoding_token", c.EncodingToken}, {"wechattpp_encoding_aes_key", c.EncodingAESKey},
		{"wechattpp_encoding_aes_key_previous", c.PreviousAESKey}, {"wechattpp_admin_password", c.AdminPassword},
		{"wechattpp_master_key", string(c.MasterKey)}, {"wechattpp_master_key_previous", string(c.PreviousMasterKey)},
	} {
		if isExample(s.value) {
			bad = append(bad, fmt.Errorf("%s: still the value of the example file: put in your own", s.key))
		}
	}
	return errors.Join(bad...)
}

// isExample knows the example file's secrets: each says so itself.
func isExample(value string) bool {
	return strings.Contains(strings.ToLower(value), "example")
}

func texts[T fmt.Stringer](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.String()
	}
	return slices.Clip(out)
}

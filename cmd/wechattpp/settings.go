package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"wechattpp/crypto"
)

// Config is what the operator decided. Key, default and meaning of each field
// stand side by side in settings.
type Config struct {
	ComponentAppID     string
	ComponentAppSecret string
	EncodingToken      string
	EncodingAESKey     string
	PreviousAESKey     string
	Listen             string
	PublicURL          *url.URL
	Database           string
	MasterKey          []byte
	PreviousMasterKey  []byte
	ComponentPath      string
	MessagePath        string
	APIBase            string
	MPBase             string
	OpenBase           string
	WeComBase          string
	PushMaxAge         time.Duration
	TargetNetworks     []netip.Prefix
	ReceiptWeComSender int
	MetricsAllow       []netip.Prefix
	AdminPassword      string
	TrustedProxies     []netip.Prefix
	LogLevel           string
	LogFormat          string
	CommitBatch        int
	RenewParallel      int
	RetentionDays      int
	WrongMobiles       int
	Migrate            bool

	again func() (*Config, error) // reads it all again; nil if it cannot change
}

// setting is one key of the configuration: the same name in the file (lower
// case), in the environment (upper case) and, without "wechattpp_" and with
// dashes, on the command line.
type setting struct {
	key     string
	def     string // default; "" means none
	secret  bool   // never printed, example values refused
	meaning string
	set     func(c *Config, value string) error
}

// settings is the whole configuration. deploy/wechattpp.example.yaml shows the
// same keys, held by a test.
var settings = []setting{
	{"wechattpp_component_app_id", "", false, "AppID of the component", text(func(c *Config) *string { return &c.ComponentAppID }, `^[A-Za-z0-9_-]{1,64}$`, "an AppID such as wx1a2b3c4d5e6f7a8b")},
	{"wechattpp_component_app_secret", "", true, "AppSecret of the component", text(func(c *Config) *string { return &c.ComponentAppSecret }, `^\S{8,128}$`, "the secret shown by the Open Platform")},
	{"wechattpp_encoding_token", "", true, "message verify token", text(func(c *Config) *string { return &c.EncodingToken }, `^[A-Za-z0-9]{3,32}$`, "3 to 32 letters and digits")},
	{"wechattpp_encoding_aes_key", "", true, "message encryption key, 43 characters", aesKey(func(c *Config) *string { return &c.EncodingAESKey })},
	{"wechattpp_encoding_aes_key_previous", "", true, "the key before a change, still accepted for decryption", aesKey(func(c *Config) *string { return &c.PreviousAESKey })},
	{"wechattpp_listen", ":8080", false, "listen address", listen},
	{"wechattpp_public_url", "http://localhost:8080", false, "base of the links given to people and to WeChat", publicURL},
	{"wechattpp_database", "sqlite:data/wechattpp.db", true, "sqlite:<path> or mysql:user:password@tcp(host:3306)/name", text(func(c *Config) *string { return &c.Database }, `^(sqlite|mysql):.`, `"sqlite:<path>" or "mysql:user:password@tcp(host:3306)/name"`)},
	{"wechattpp_master_key", "", true, "32 bytes in base64; seals secrets at rest (on SQLite: made by itself beside a new database)", masterKey(func(c *Config) *[]byte { return &c.MasterKey })},
	{"wechattpp_master_key_previous", "", true, "opens what was sealed before a rotation", masterKey(func(c *Config) *[]byte { return &c.PreviousMasterKey })},
	{"wechattpp_component_callback_path", "/wechattpp/component", false, "path of the authorization event URL", path(func(c *Config) *string { return &c.ComponentPath }, "")},
	{"wechattpp_message_callback_path", "/wechattpp/$APPID$/message", false, "path of the message and event URL; must contain /$APPID$", path(func(c *Config) *string { return &c.MessagePath }, "/$APPID$")},
	{"wechattpp_api_base_url", "https://api.weixin.qq.com", false, "where WeChat's API is", base(func(c *Config) *string { return &c.APIBase })},
	{"wechattpp_mp_base_url", "https://mp.weixin.qq.com", false, "where WeChat's authorization page for desktops is", base(func(c *Config) *string { return &c.MPBase })},
	{"wechattpp_open_base_url", "https://open.weixin.qq.com", false, "where WeChat's authorization page for phones is", base(func(c *Config) *string { return &c.OpenBase })},
	{"wechattpp_wecom_base_url", "https://qyapi.weixin.qq.com", false, "where WeCom's API is", base(func(c *Config) *string { return &c.WeComBase })},
	{"wechattpp_push_max_age", "10m", false, "how far a signed timestamp may be off; 0 = not checked", maxAge},
	{"wechattpp_target_networks", "", false, "networks that webhooks, receipts and reply addresses may reach besides public ones", networks(func(c *Config) *[]netip.Prefix { return &c.TargetNetworks })},
	{"wechattpp_receipt_wecom_sender", "10", false, "number of WeCom in the sender field of receipts", number(func(c *Config) *int { return &c.ReceiptWeComSender }, 1, 99)},
	{"wechattpp_metrics_allow", "127.0.0.0/8,::1/128", false, "networks that may read /metrics", networks(func(c *Config) *[]netip.Prefix { return &c.MetricsAllow })},
	{"wechattpp_admin_password", "", true, "first password of the console user admin", text(func(c *Config) *string { return &c.AdminPassword }, `^.{12,128}$`, "12 to 128 characters")},
	{"wechattpp_trusted_proxies", "", false, "networks whose X-Forwarded-* headers are believed (nginx)", networks(func(c *Config) *[]netip.Prefix { return &c.TrustedProxies })},
	{"wechattpp_log_level", "info", false, "debug, info, warn or error", text(func(c *Config) *string { return &c.LogLevel }, `^(debug|info|warn|error)$`, "debug, info, warn or error")},
	{"wechattpp_log_format", "", false, "text or json; by itself text on a terminal, else json", text(func(c *Config) *string { return &c.LogFormat }, `^(text|json)$`, "text or json")},
	{"wechattpp_commit_batch", "256", false, "most rows that share one commit", number(func(c *Config) *int { return &c.CommitBatch }, 1, 1024)},
	{"wechattpp_renew_parallel", "128", false, "token renewals at once", number(func(c *Config) *int { return &c.RenewParallel }, 1, 512)},
	{"wechattpp_wecom_wrong_mobiles", "30", false, "mobile numbers without a member that each WeCom company is asked for on a day; keep it well below a fifth of the company's member limit", number(func(c *Config) *int { return &c.WrongMobiles }, 1, 100000)},
	{"wechattpp_retention_days", "90", false, "days that events, messages and their feed are kept", number(func(c *Config) *int { return &c.RetentionDays }, 2, 3650)},
	{"wechattpp_migrate", "true", false, "whether serve migrates the database at start", truth(func(c *Config) *bool { return &c.Migrate })},
}

func text(field func(*Config) *string, pattern, want string) func(*Config, string) error {
	re := regexp.MustCompile(pattern)
	return func(c *Config, v string) error {
		if !re.MatchString(v) {
			return fmt.Errorf("want %s", want)
		}
		*field(c) = v
		return nil
	}
}

func aesKey(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if _, err := crypto.ParseKey(v); err != nil {
			return err
		}
		*field(c) = v
		return nil
	}
}

func masterKey(field func(*Config) *[]byte) func(*Config, string) error {
	return func(c *Config, v string) (err error) {
		*field(c), err = crypto.ParseMasterKey(v)
		return err
	}
}

func listen(c *Config, v string) error {
	_, port, err := net.SplitHostPort(v)
	if n, e := strconv.Atoi(port); err != nil || e != nil || n < 0 || n > 65535 {
		return fmt.Errorf("want an address such as :8080 or 127.0.0.1:8080")
	}
	c.Listen = v
	return nil
}

func publicURL(c *Config, v string) error {
	u, err := url.Parse(strings.TrimSuffix(v, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("want an address such as https://wechat.example.com")
	}
	c.PublicURL = u
	return nil
}

func base(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, v string) error {
		u, err := url.Parse(v)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
			return fmt.Errorf("want an address such as https://api.weixin.qq.com")
		}
		*field(c) = strings.TrimSuffix(v, "/")
		return nil
	}
}

func path(field func(*Config) *string, part string) func(*Config, string) error {
	return func(c *Config, v string) error {
		if !strings.HasPrefix(v, "/") || strings.ContainsAny(v, "?#:* ") || !strings.Contains(v, part) {
			return fmt.Errorf("want a path that begins with / and contains %q", "/"+strings.TrimPrefix(part, "/"))
		}
		*field(c) = v
		return nil
	}
}

func maxAge(c *Config, v string) (err error) {
	if v == "0" {
		v = "0s"
	}
	c.PushMaxAge, err = time.ParseDuration(v)
	if err != nil || c.PushMaxAge < 0 {
		return fmt.Errorf("want a duration such as 10m, or 0")
	}
	return nil
}

func networks(field func(*Config) *[]netip.Prefix) func(*Config, string) error {
	return func(c *Config, v string) error {
		list := []netip.Prefix{}
		for _, part := range strings.Split(v, ",") {
			p, err := network(strings.TrimSpace(part))
			if err != nil {
				return fmt.Errorf("%q is no network: want addresses or CIDRs such as 10.0.0.0/8", part)
			}
			list = append(list, p)
		}
		*field(c) = list
		return nil
	}
}

func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

func number(field func(*Config) *int, low, high int) func(*Config, string) error {
	return func(c *Config, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < low || n > high {
			return fmt.Errorf("want a number from %d to %d", low, high)
		}
		*field(c) = n
		return nil
	}
}

func truth(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, v string) (err error) {
		if *field(c), err = strconv.ParseBool(v); err != nil {
			return fmt.Errorf("want true or false")
		}
		return nil
	}
}

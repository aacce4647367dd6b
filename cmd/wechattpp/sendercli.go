package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"wechattpp/sender"
)

func senderCommand(flags *pflag.FlagSet) *cobra.Command {
	return group("sender", "Sending accounts: create, list", senderCreate(flags), senderList(flags))
}

func senderCreate(flags *pflag.FlagSet) *cobra.Command {
	var made sender.Sender
	c := &cobra.Command{Use: "create CODE", Short: "Make a sender, to be bound by its invitation or by a secret of its own", Args: exactArgs(1),
		Long: "create makes a sender. With credentials \"component\" its account's administrator is invited afterwards. With\n" +
			"\"secret\" it is named by its AppID (WeCom: corp id and agent id), and its secrets come from files or from the\n" +
			"environment, for an argument shows in the list of processes. A file named - is the standard input.",
		RunE: func(c *cobra.Command, args []string) error {
			made.Code = args[0]
			if made.Name == "" {
				made.Name = made.Code
			}
			if err := readSecrets(c, &made.Secrets); err != nil {
				return err
			}
			return withStore(c, flags, func(ctx context.Context, cfg *Config, s *store) error { return createSender(ctx, c, cfg, s, made) })
		}}
	f := c.Flags()
	f.StringVar(&made.Kind, "kind", sender.OfficialAccount, "wechatoa, wechatmp, wechatwk or wechatapp")
	f.StringVar(&made.Name, "name", "", "name for people; the code if empty")
	f.StringVar(&made.Credentials, "credentials", "", "component, secret or, for a group chat of WeCom, webhook; by itself component where the kind allows that")
	f.StringVar(&made.AppID, "app-id", "", "AppID of the account")
	f.StringVar(&made.CorpID, "corp-id", "", "WeCom: id of the company")
	f.StringSliceVar(&made.Domains, "business-domain", nil, "Official Account: host that visitors may be sent on to (业务域名); several by commas or by repeating it")
	f.Int64Var(&made.AgentID, "agent-id", 0, "WeCom: id of the app")
	for _, s := range secretFlags(&made.Secrets) {
		f.String(s.flag, "", s.meaning+"; or in the environment as "+s.env)
	}
	return c
}

// secretFlag is a secret that comes from a file or the environment.
type secretFlag struct {
	flag, env, meaning string
	to                 *string
}

func secretFlags(s *sender.Secrets) []secretFlag {
	return []secretFlag{
		{"app-secret-file", "SENDER_APP_SECRET", "file with the AppSecret", &s.AppSecret},
		{"secret-file", "SENDER_SECRET", "file with the secret of the app on WeCom, or the key of a webhook", &s.Secret},
		{"token-file", "SENDER_TOKEN", "file with the token that pushes are signed with", &s.Token},
		{"encoding-aes-key-file", "SENDER_ENCODING_AES_KEY", "file with the EncodingAESKey that pushes are encrypted with", &s.AESKey},
	}
}

func readSecrets(c *cobra.Command, s *sender.Secrets) error {
	for _, f := range secretFlags(s) {
		*f.to = os.Getenv(f.env)
		name, err := c.Flags().GetString(f.flag)
		if err != nil || name == "" {
			continue
		}
		content, err := readSecret(c.InOrStdin(), name)
		if err != nil {
			return usageError{fmt.Errorf("--%s: %w", f.flag, err)}
		}
		*f.to = content
	}
	return nil
}

// readSecret reads a file of one line; the line's end is no part of it.
func readSecret(stdin io.Reader, name string) (string, error) {
	const most = 64 << 10
	in := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	b, err := io.ReadAll(io.LimitReader(in, most))
	return strings.TrimRight(string(b), "\r\n"), err
}

func createSender(ctx context.Context, c *cobra.Command, cfg *Config, s *store, wanted sender.Sender) error {
	made, err := (&sender.Room{Store: s.Sender(cfg.ComponentAppID)}).Create(ctx, wanted)
	if err != nil {
		return flagError(err)
	}
	room, err := newAccess(cfg, s, newLog(cfg, os.Stderr))
	if err != nil {
		return err
	}
	if err := audit(ctx, room, "sender.create", "sender/"+made.Code); err != nil {
		return err
	}
	next := fmt.Sprintf("Invite its account's administrator: POST /v1/senders/%s/invitations", made.Code)
	switch made.Credentials {
	case sender.Webhook:
		next = "Send to its group by it, as docs/wecom.md says."
	case sender.Secret:
		next = fmt.Sprintf("A running service asks for its token within seconds; how that went stands at GET /v1/senders/%s", made.Code)
	}
	fmt.Fprintf(c.OutOrStdout(), "Sender %s is made. %s\n", made.Code, next)
	return nil
}

func senderList(flags *pflag.FlagSet) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the senders (the first 1,000)", Args: exactArgs(0), RunE: func(c *cobra.Command, _ []string) error {
		return withStore(c, flags, func(ctx context.Context, cfg *Config, s *store) error {
			all, err := (&sender.Room{Store: s.Sender(cfg.ComponentAppID)}).List(ctx, sender.Filter{}, "", 1000)
			if err != nil {
				return err
			}
			rows := make([][]string, len(all))
			for i, x := range all {
				account := x.Account()
				if x.AgentID != 0 {
					account = fmt.Sprintf("%s/%d", account, x.AgentID)
				}
				rows[i] = []string{x.Code, x.Kind, x.Name, x.Credentials, account, fmt.Sprint(x.SecretSet)}
			}
			return table(c, "CODE KIND NAME CREDENTIALS ACCOUNT SECRET_SET", rows)
		})
	}}
}

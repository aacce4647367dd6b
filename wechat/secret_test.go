package wechat

import (
	"log/slog"
	"strings"
	"testing"
)

func TestNothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	l := slog.New(slog.NewJSONHandler(&log, nil))
	for _, v := range []any{
		Lent{Access: "SECRET", Refresh: "SECRET"}, PreAuthCode{Code: "SECRET"}, Authorization{Access: "SECRET", Refresh: "SECRET"},
		Profile{Refresh: "SECRET"}, Listed{Refresh: "SECRET"},
		Push{Ticket: "SECRET", AuthorizationCode: "SECRET", PreAuthCode: "SECRET", Content: "SECRET"},
		&Push{Ticket: "SECRET"}, &Lent{Access: "SECRET"},
	} {
		l.Info("x", "v", v)
	}
	if strings.Contains(log.String(), "SECRET") || strings.Count(log.String(), "\n") != 8 {
		t.Error(log.String())
	}
}

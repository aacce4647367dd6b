package wechat

import "log/slog"

// What holds a token, a ticket or a code logs the rest of itself only.

// LogValue leaves the tokens out.
func (l Lent) LogValue() slog.Value {
	return slog.GroupValue(slog.Duration("life", l.Life), slog.Bool("refresh", l.Refresh != ""))
}

// LogValue leaves the code out.
func (c PreAuthCode) LogValue() slog.Value { return slog.GroupValue(slog.Duration("life", c.Life)) }

// LogValue leaves the tokens out.
func (a Authorization) LogValue() slog.Value {
	return slog.GroupValue(slog.String("app_id", a.AppID), slog.Any("sets", a.Sets), slog.Bool("refresh", a.Refresh != ""))
}

// LogValue leaves the refresh token out.
func (p Profile) LogValue() slog.Value {
	return slog.GroupValue(slog.String("app_id", p.AppID), slog.String("user_name", p.UserName), slog.Bool("mini_program", p.MiniProgram))
}

// LogValue leaves the refresh token out.
func (l Listed) LogValue() slog.Value { return slog.GroupValue(slog.String("app_id", l.AppID)) }

// LogValue leaves the ticket, the codes and what users wrote out.
func (p Push) LogValue() slog.Value {
	return slog.GroupValue(slog.String("event", p.Type()), slog.String("app_id", p.AppID), slog.String("user_name", p.ToUserName),
		slog.String("msgid", p.MsgID), slog.Int64("created", p.CreateTime))
}

package api

import (
	"wechattpp/access"
	"wechattpp/callback"
)

// routes is every route served: method, path, who may, handler, audit action.
// A test holds it against openapi/*.yaml, and each guard against callers
// without credentials and with the wrong scope.
func (s *server) routes() []route {
	admin := scope(access.Admin)
	return []route{
		{method: "GET", path: "/", who: public, do: (*server).home},
		{method: "GET", path: "/healthz", who: probe, do: (*server).healthz},
		{method: "GET", path: "/readyz", who: probe, do: (*server).readyz},
		{method: "GET", path: "/metrics", who: probe, do: (*server).metrics},
		{method: "GET", path: "/openapi.json", who: public, do: (*server).openapi},
		{method: "GET", path: "/docs", who: public, do: (*server).docs},
		{method: "GET", path: "/docs/*asset", who: public, do: (*server).docs},

		{method: "GET", path: s.ComponentPath, who: push, do: (*server).pushHere},
		{method: "POST", path: s.ComponentPath, who: push, do: (*server).componentPush},
		{method: "GET", path: appIDPath(s.MessagePath), who: push, do: (*server).pushHere},
		{method: "POST", path: appIDPath(s.MessagePath), who: push, do: (*server).messagePush},

		{method: "GET", path: "/v1/wechatoa/callback", who: push, do: verifyOf(callback.OfficialAccount)},
		{method: "POST", path: "/v1/wechatoa/callback", who: push, do: pushOf(callback.OfficialAccount)},
		{method: "GET", path: "/v1/wechatoa/callback/:sender", who: push, do: verifyOf(callback.OfficialAccount)},
		{method: "POST", path: "/v1/wechatoa/callback/:sender", who: push, do: pushOf(callback.OfficialAccount)},
		{method: "GET", path: "/v1/wechatmp/callback/:sender", who: push, do: verifyOf(callback.MiniProgram)},
		{method: "POST", path: "/v1/wechatmp/callback/:sender", who: push, do: pushOf(callback.MiniProgram)},
		{method: "GET", path: "/v1/wechatwk/callback/:sender", who: push, do: verifyOf(callback.WeCom)},
		{method: "POST", path: "/v1/wechatwk/callback/:sender", who: push, do: pushOf(callback.WeCom)},

		{method: "POST", path: "/v1/oauth/token", who: public, do: (*server).oauthToken},

		{method: "GET", path: "/v1/clients", who: admin, do: (*server).listClients},
		{method: "POST", path: "/v1/clients", who: admin, do: (*server).createClient, action: "client.create"},
		{method: "GET", path: "/v1/clients/:id", who: admin, do: (*server).client},
		{method: "PATCH", path: "/v1/clients/:id", who: admin, do: (*server).updateClient, action: "client.update"},
		{method: "DELETE", path: "/v1/clients/:id", who: admin, do: (*server).deleteClient, action: "client.delete"},
		{method: "POST", path: "/v1/clients/:id/rotate", who: admin, do: (*server).rotateClient, action: "client.rotate"},
		{method: "GET", path: "/v1/clients/:id/callbacks", who: admin, do: (*server).listCallbacks},
		{method: "POST", path: "/v1/clients/:id/callbacks", who: admin, do: (*server).createCallback, action: "client.callback"},
		{method: "DELETE", path: "/v1/clients/:id/callbacks", who: admin, do: (*server).deleteCallback, action: "client.callback.delete"},
		{method: "GET", path: "/v1/clients/:id/callbacks/dead-letters", who: admin, do: (*server).listLetters},
		{method: "GET", path: "/v1/clients/:id/callbacks/dead-letters/:letter", who: admin, do: (*server).letter},
		{method: "POST", path: "/v1/clients/:id/callbacks/replay", who: admin, do: (*server).replayLetters, action: "client.callback.replay"},

		{method: "POST", path: "/v1/sent", who: jums(access.Send), do: (*server).sent},
		{method: "POST", path: "/v1/broadcast", who: jums(access.Send), do: (*server).sent},
		{method: "POST", path: "/v1/template/sent", who: jums(access.Send), do: (*server).sent},
		{method: "POST", path: "/v1/template/broadcast", who: jums(access.Send), do: (*server).sent},
		{method: "POST", path: "/v1/retract/:msgid", who: jums(access.Send), do: (*server).retract, action: "message.retract"},
		{method: "GET", path: "/v1/messages", who: scope(access.MessagesRead), do: (*server).listMessages},
		{method: "GET", path: "/v1/messages/:msgid", who: scope(access.MessagesRead), do: (*server).message},
		{method: "GET", path: "/v1/messages/:msgid/recipients", who: scope(access.MessagesRead), do: (*server).recipients},
		{method: "GET", path: "/v1/messages/:msgid/progress", who: scope(access.MessagesRead), do: (*server).progress, stream: true},
		{method: "POST", path: "/v1/messages/:msgid/pause", who: scope(access.Send), do: (*server).pauseMessage, action: "message.pause"},
		{method: "POST", path: "/v1/messages/:msgid/resume", who: scope(access.Send), do: (*server).resumeMessage, action: "message.resume"},
		{method: "POST", path: "/v1/messages/:msgid/retry", who: scope(access.Send), do: (*server).retryMessage, action: "message.retry"},
		{method: "GET", path: "/v1/stats", who: scope(access.MessagesRead), do: (*server).stats},
		{method: "POST", path: "/v1/messages/:msgid/approve", who: admin, do: (*server).approveMessage, action: "message.approve"},
		{method: "POST", path: "/v1/messages/:msgid/reject", who: admin, do: (*server).rejectMessage, action: "message.reject"},
		{method: "POST", path: "/v1/material", who: jums(access.Send), do: (*server).material, body: materialBody},
		{method: "POST", path: "/v1/user/opt", who: jums(access.Users), do: (*server).optUsers},
		{method: "POST", path: "/v1/user/delete", who: jums(access.UsersDelete), do: (*server).deleteUsers},
		{method: "GET", path: "/v1/users", who: scope(access.Users), do: (*server).listUsers, stream: true},
		{method: "GET", path: "/v1/users/:userid", who: scope(access.Users), do: (*server).readUser},
		{method: "POST", path: "/v1/users/import", who: scope(access.Users), do: (*server).importUsers, action: "users.import", body: importBody, stream: true},
		{method: "GET", path: "/v1/senders/:code/followers", who: scope(access.Users), do: (*server).listFollowers},
		{method: "POST", path: "/v1/senders/:code/followers/pull", who: scope(access.Users), do: (*server).pullFollowers, action: "followers.pull"},
		{method: "POST", path: "/v1/senders/:code/login", who: scope(access.Users), do: (*server).login},
		{method: "POST", path: "/v1/senders/:code/bind-links", who: scope(access.Users), do: (*server).makeBindLink, action: "bind-link.create"},
		{method: "GET", path: "/bind/:token", who: public, do: (*server).openBindLink, perMinute: 30},
		{method: "GET", path: "/bind/callback", who: public, do: (*server).returnToBind, perMinute: 30},
		{method: "GET", path: "/v1/imports", who: scope(access.Users), do: (*server).listImports},
		{method: "GET", path: "/v1/imports/:id", who: scope(access.Users), do: (*server).readImport},

		{method: "GET", path: "/v1/templates", who: scope(access.Templates), do: templates.list},
		{method: "POST", path: "/v1/templates", who: scope(access.Templates), do: templates.create, action: "template.create"},
		{method: "GET", path: "/v1/templates/:id", who: scope(access.Templates), do: templates.one},
		{method: "PATCH", path: "/v1/templates/:id", who: scope(access.Templates), do: templates.update, action: "template.update"},
		{method: "DELETE", path: "/v1/templates/:id", who: scope(access.Templates), do: templates.remove, action: "template.delete"},
		{method: "GET", path: "/v1/rules", who: scope(access.Templates), do: sendRules.list},
		{method: "POST", path: "/v1/rules", who: scope(access.Templates), do: sendRules.create, action: "rule.create"},
		{method: "GET", path: "/v1/rules/:id", who: scope(access.Templates), do: sendRules.one},
		{method: "PATCH", path: "/v1/rules/:id", who: scope(access.Templates), do: sendRules.update, action: "rule.update"},
		{method: "DELETE", path: "/v1/rules/:id", who: scope(access.Templates), do: sendRules.remove, action: "rule.delete"},
		{method: "GET", path: "/v1/segments", who: scope(access.Users), do: segments.list},
		{method: "POST", path: "/v1/segments", who: scope(access.Users), do: segments.create, action: "segment.create"},
		{method: "GET", path: "/v1/segments/:id", who: scope(access.Users), do: segments.one},
		{method: "PATCH", path: "/v1/segments/:id", who: scope(access.Users), do: segments.update, action: "segment.update"},
		{method: "DELETE", path: "/v1/segments/:id", who: scope(access.Users), do: segments.remove, action: "segment.delete"},
		{method: "GET", path: "/v1/lists", who: scope(access.Users), do: userLists.list},
		{method: "POST", path: "/v1/lists", who: scope(access.Users), do: userLists.create, action: "list.create"},
		{method: "GET", path: "/v1/lists/:id", who: scope(access.Users), do: userLists.one},
		{method: "PATCH", path: "/v1/lists/:id", who: scope(access.Users), do: userLists.update, action: "list.update"},
		{method: "DELETE", path: "/v1/lists/:id", who: scope(access.Users), do: userLists.remove, action: "list.delete"},
		{method: "GET", path: "/v1/lists/:id/entries", who: scope(access.Users), do: (*server).userListEntries},
		{method: "POST", path: "/v1/lists/:id/entries", who: scope(access.Users), do: (*server).changeUserList, action: "list.change"},

		{method: "GET", path: "/v1/senders", who: admin, do: (*server).listSenders},
		{method: "POST", path: "/v1/senders", who: admin, do: (*server).createSender, action: "sender.create"},
		{method: "GET", path: "/v1/senders/:code", who: admin, do: (*server).readSender},
		{method: "PATCH", path: "/v1/senders/:code", who: admin, do: (*server).updateSender, action: "sender.update"},
		{method: "DELETE", path: "/v1/senders/:code", who: admin, do: (*server).deleteSender, action: "sender.delete"},

		{method: "GET", path: "/v1/token", who: jums(access.Tokens), do: (*server).poolToken, action: "token.pool"},
		{method: "GET", path: "/v1/senders/:code/access-token", who: scope(access.Tokens), do: (*server).lendToken, action: "token.reveal"},
		{method: "POST", path: "/v1/senders/:code/access-token/report", who: scope(access.Tokens), do: (*server).reportToken, action: "token.report"},
		{method: "GET", path: "/v1/senders/:code/proxy/*path", who: scope(access.Proxy), do: (*server).proxy, body: proxyBody, stream: true},
		{method: "POST", path: "/v1/senders/:code/proxy/*path", who: scope(access.Proxy), do: (*server).proxy, body: proxyBody, stream: true},
		{method: "PUT", path: "/v1/senders/:code/proxy/*path", who: scope(access.Proxy), do: (*server).proxy, body: proxyBody, stream: true},
		{method: "PATCH", path: "/v1/senders/:code/proxy/*path", who: scope(access.Proxy), do: (*server).proxy, body: proxyBody, stream: true},
		{method: "DELETE", path: "/v1/senders/:code/proxy/*path", who: scope(access.Proxy), do: (*server).proxy, body: proxyBody, stream: true},

		{method: "POST", path: "/v1/senders/:code/invitations", who: admin, do: (*server).invite, action: "invitation.create"},
		{method: "GET", path: "/authorize/:invitation", who: public, do: (*server).openInvitation, perMinute: 30},
		{method: "GET", path: "/authorize/callback", who: public, do: (*server).returnFromWeChat, perMinute: 30},
		{method: "GET", path: "/v1/component", who: admin, do: (*server).component},
		{method: "GET", path: "/v1/authorizers", who: admin, do: (*server).listAuthorizers},
		{method: "GET", path: "/v1/authorizers/:appid", who: admin, do: (*server).authorizer},
		{method: "POST", path: "/v1/authorizers/:appid/claim", who: admin, do: (*server).claimAuthorizer, action: "authorizer.claim"},

		{method: "GET", path: "/v1/events", who: scope(access.Events), do: (*server).listEvents},
		{method: "GET", path: "/v1/events/:id", who: scope(access.Events), do: (*server).event},

		{method: "GET", path: "/v1/settings", who: admin, do: (*server).readSettings},
		{method: "PATCH", path: "/v1/settings", who: admin, do: (*server).changeSettings, action: "settings.change"},
		{method: "GET", path: "/v1/audit", who: admin, do: (*server).listAudit},
	}
}

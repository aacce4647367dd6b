// Package api serves every route of the program: one table (routes.go), one
// place that turns errors into answers (error.go), one description in OpenAPI
// 3.1 (openapi/*.yaml, merged when the program starts).
//
// # How to add a resource
//
// Say the resource is "sender".
// First add what you need to Config in api.go: Senders *sender.Room (api may
// import the room), or an interface or function if that is smaller. Then write
// api/senders.go with a params type per request, an answer type per answer, and
// handlers:
//
//	func (s *server) createSender(c *call) error {
//		var in senderParams
//		if err := c.decode(&in); err != nil { // strict; names field, limit, remedy
//			return err
//		}
//		if in.Kind == "wechatoa" && in.AppID == "" {
//			return invalid("app_id", "is missing: give the account's AppID")
//		}
//		made, err := s.Senders.Create(c.ctx(), in.sender())
//		if err != nil {
//			return err // fs.ErrNotExist is 404, fs.ErrExist 409, a *problem itself, else 500
//		}
//		c.target("sender/" + made.Code) // for the audit trail
//		return c.reply(http.StatusCreated, showSender(made))
//	}
//
// A handler writes nothing itself: it ends with c.reply, or with an error. Only
// streams write to c.Writer, and reply with nothing. Errors of a room that have
// a status of their own become a *problem in the resource's file.
//
// Then add a line per route to routes.go; what changes a setting or reveals a
// secret names its audit action:
//
//	{method: "POST", path: "/v1/senders", who: admin, do: (*server).createSender, action: "sender.create"},
//
// And describe the routes in api/openapi/senders.yaml: paths, components.schemas
// and tags of their own, merged with the other files. Every operation has an
// operationId, its security as the others write it, and error answers that refer
// to '#/components/responses/BadRequest' and the like of base.yaml. A test holds
// table and description against each other, another every answer that a test
// gets against its schema.
//
// # At hand in a handler
//
//   - c.ctx(): ends with the request, and after 30 s
//   - c.who: the access.Principal: c.who.ClientID, c.who.MaySender(code),
//     c.who.Has(scope); what a caller may not see is missing(…), as if it were
//     not there
//   - c.decode(&in): JSON into a struct with `json` and `validate` tags
//     (go-playground/validator); c.body() is the raw body, once
//   - c.text("code"): path parameter; c.number("id"): the same as a number, else
//     404; c.Query("state"): as gin has it
//   - c.page(): limit and cursor of a list, then
//     c.reply(200, list(items, next)), next "" at the end
//   - invalid(field, text), missing(what), conflict(text), forbidden(text),
//     busy(after), refuse(status, code, text): errors with a status
//   - c.note(key, value): what the audit entry shall tell besides; never a secret
//
// # Tests
//
// house_test.go serves the API over a real database: newHouse(t, func(c *Config,
// db *sql.DB) { c.Senders = … }), h.admin is an administrator's token,
// h.client(scopes, senders…) makes a client and a token, h.call(method, path,
// token, body) holds each answer to its schema, h.json and h.refused read it.
//
// # Guards
//
// public; probe (public, for monitors, never limited); scope(access.Send);
// jums(access.Send) for JUMS's own paths, which take Basic as well; push, which
// goes past everything that costs: no authentication, no rate limit, no log
// line, only recovery and the 1 MiB limit.
package api

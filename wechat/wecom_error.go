package wechat

var weCom = &dialect{name: "WeCom", prefix: "wecom", codes: spread(weComTable), advice: weComAdvice, steps: weComSteps, id: "hint:", open: map[int]row{
	40001: {"the secret is wrong or was reset, or the app is disabled", ErrSecret},
	41002: {"the corp id is missing", ErrSecret},
	41004: {"the secret is missing", ErrSecret},
	// A wrong secret, asked with over and over, blocks the address for an hour, and every app that asks from there.
	45009: {"tokens were asked for too often, or with a wrong secret: the address is blocked for up to an hour", ErrThrottledDay},
}}

// weComSteps are the next steps of meanings that are mended elsewhere than at WeChat.
var weComSteps = map[error]string{
	ErrAddress:    "add the address to the app's trusted ones in the company's console (应用管理, the app, 企业可信IP)",
	ErrSecret:     "correct corp_id, agent_id and secret as the app's page in the company's console shows them; do not try again before",
	ErrPermission: "let an administrator of the company give it to the app in the company's console (应用管理)",
	ErrAccount:    "let an administrator of the company see to it in the company's console (work.weixin.qq.com)",
}

// weComAdvice is the next step where a code asks for another than its meaning does.
var weComAdvice = map[int]string{
	40007: "upload the file anew (POST /v1/senders/{code}/media) and send its new id",
	40050: "name a chat that this app made (GET /v1/senders/{code}/chats), or make one",
	40056: "let an administrator of the company see that the app is there (应用管理), then correct agent_id and secret",
	40145: "upload the file anew (POST /v1/senders/{code}/media) and send its new id",
	41048: "name customers, or tags, whom an employee within the app's range has",
	43012: "enter the app's callback address in its console (接收消息), or send a card that does not call back",
	48002: "let an administrator of the company give it to the app in the company's console (应用管理); chats need the whole company in its visible range (可见范围)",
	81013: "correct the ids, or widen the app's visible range",
	82001: "correct the ids, or widen the app's visible range",
	84074: "let an administrator put the app on the list of those that may call for customers (客户联系, API, 可调用接口的应用)",
	86008: "send by the app that made the chat, or name one that this app made",
	93000: "make the webhook anew in its group, and set its key",
	93001: "let the group's owner allow webhooks in it",
	93004: "let the group's owner switch the webhook on",
	93008: "add the webhook to the group again",
}

// span is the codes from first to last that say the same.
type span struct {
	first, last int
	row
}

func spread(spans []span) map[int]row {
	codes := map[int]row{}
	for _, s := range spans {
		for code := s.first; code <= s.last; code++ {
			codes[code] = s.row
		}
	}
	return codes
}

func one(code int, what string, is error) span { return span{code, code, row{what, is}} }

func many(first, last int, what string, is error) span { return span{first, last, row{what, is}} }

// weComTable holds WeCom's codes as far as they concern apps, their messages and tokens:
// https://developer.work.weixin.qq.com/document/path/90313
var weComTable = []span{
	one(-1, "system busy", ErrBusy),
	one(6000, "another change was under way", ErrBusy),
	one(41063, "the mass message is still being handed on", ErrBusy),
	one(45035, "another change was under way", ErrBusy),

	one(40001, "the access token is not of a good secret", ErrTokenRefused),
	one(40014, "the access token is invalid", ErrTokenRefused),
	one(40082, "the suite's access token is invalid", ErrTokenRefused),
	one(42001, "the access token expired", ErrTokenRefused),
	one(42009, "the suite's access token expired", ErrTokenRefused),

	one(40085, "the suite's ticket is invalid or old", ErrTicket),

	one(40084, "the permanent code is invalid: the company ended the authorization", ErrNotAuthorized),
	one(48004, "the authorization is invalid or was cancelled", ErrNotAuthorized),

	one(60020, "the address is not on the app's list of trusted addresses (企业可信IP)", ErrAddress),
	one(301042, "the address is not on the allow-list", ErrAddress),
	one(840002, "the address is not on the allow-list", ErrAddress),

	one(40013, "the corp id is invalid", ErrSecret),
	one(40056, "the agent id is invalid, or the company removed the app", ErrSecret),
	one(40091, "the secret is another company's", ErrSecret),
	one(45031, "the secret is not safe enough and must be reset", ErrSecret),
	one(301002, "the secret and the agent id are of different apps: take both from the same app's page", ErrSecret),
	one(2000002, "the corp id does not exist", ErrSecret),

	one(40029, "the login code is invalid or was used before", ErrCode),
	one(40077, "the pre-authorization code is invalid", ErrCode),
	one(40078, "the authorization code is invalid or was used before", ErrCode),
	one(42007, "the pre-authorization code expired", ErrCode),

	many(40133, 40140, "the company's authorization, trial or seats of the app do not allow this", ErrPermission),
	one(48001, "the app is not authorized for this", ErrPermission),
	one(48002, "the app has no permission for this call", ErrPermission),
	one(48006, "the permission was taken back, as the app was not used for long", ErrPermission),
	one(48009, "details may not be read from a new address", ErrPermission),
	one(84074, "the app has no permission for customer contacts", ErrPermission),
	many(610001, 610024, "the contact, its Mini Program or the company lacks what this needs", ErrPermission),
	one(670001, "the app is not shared with that company", ErrPermission),
	one(701008, "a licence for calls is missing", ErrPermission),
	one(701099, "a licence for calls is missing", ErrPermission),

	one(40141, "the company's account is abnormal", ErrAccount),
	one(43009, "the company is not verified", ErrAccount),
	one(50001, "the domain is not a trusted one of the app", ErrAccount),
	one(50003, "the app is disabled", ErrAccount),
	one(60031, "the app may not call", ErrAccount),
	one(60246, "the app is not online", ErrAccount),
	one(80001, "the trusted domain is wrong", ErrAccount),
	one(84005, "the app is unknown", ErrAccount),
	one(85005, "the trusted domain is wrong", ErrAccount),
	one(93000, "the webhook is gone", ErrAccount),
	one(93001, "the chat refuses the webhook", ErrAccount),
	one(93004, "the webhook is disabled", ErrAccount),
	one(93008, "the webhook is not in the chat", ErrAccount),
	one(301007, "the company was dissolved or banned", ErrAccount),
	one(701063, "the company's licence is closed", ErrAccount),

	one(40080, "the suite's secret is wrong", ErrComponent),
	one(40083, "the suite id is wrong", ErrComponent),
	one(48003, "the suite id does not fit the suite's token", ErrComponent),
	many(842002, 842006, "the template of the app is wrong", ErrComponent),

	one(40003, "the user id is invalid", ErrRecipient),
	one(40031, "the list holds invalid user ids, or some out of the app's range", ErrRecipient),
	one(40050, "the chat is unknown", ErrRecipient),
	one(86008, "the chat is another app's", ErrRecipient),
	one(40066, "the list of departments is invalid", ErrRecipient),
	one(40068, "the tag is invalid", ErrRecipient),
	one(40070, "nobody in the tag's range is valid", ErrRecipient),
	one(40096, "the external user id is invalid", ErrRecipient),
	one(41048, "there is no customer to send to", ErrRecipient),
	one(43004, "the member is not bound to WeChat", ErrRecipient),
	one(46004, "the user does not exist", ErrRecipient),
	one(50002, "the member is out of range", ErrRecipient),
	one(60003, "the department does not exist", ErrRecipient),
	one(60011, "the app may not see this member, department or tag: widen its visible range (可见范围)", ErrRecipient),
	one(60021, "the user is not in the app's visible range (可见范围)", ErrRecipient),
	one(60111, "the user does not exist, has left, or is out of range", ErrRecipient),
	one(60123, "the department does not exist", ErrRecipient),
	one(81013, "all recipients are invalid, empty, outside the app's visible range (可见范围), or of a company that shares the app (企业互联, 上下游)", ErrRecipient),
	one(82001, "no recipient is left: all are invalid or out of the app's visible range (可见范围)", ErrRecipient),
	one(82102, "the user never got the card", ErrRecipient),
	one(84061, "the app has no relation with the customer", ErrRecipient),
	one(92000, "the member is not in range", ErrRecipient),
	one(92002, "the member is another company's", ErrRecipient),
	one(92003, "the member is another app's", ErrRecipient),
	one(301021, "at least one user id is unknown", ErrRecipient),
	one(670004, "the company is not in the space", ErrRecipient),
	one(670029, "the member is not in the space", ErrRecipient),

	one(40004, "the kind of media is invalid", ErrMessage),
	one(40006, "the file's size is invalid", ErrMessage),
	one(40007, "the media id is invalid, expired or of another kind: upload again", ErrMessage),
	one(40009, "the image's size is invalid", ErrMessage),
	one(40011, "the video's size is invalid", ErrMessage),
	one(40039, "the link is too long", ErrMessage),
	one(40074, "news cannot be confidential", ErrMessage),
	one(40094, "the link is missing or has no scheme", ErrMessage),
	one(40123, "the image is none", ErrMessage),
	one(40145, "the media id expired: upload again", ErrMessage),
	one(40201, "stopped as spam", ErrMessage),
	one(40204, "stopped as spam", ErrMessage),
	one(40206, "the body is too big", ErrMessage),
	one(41006, "the media id is missing", ErrMessage),
	one(41016, "the title is missing", ErrMessage),
	one(41033, "the description is missing", ErrMessage),
	one(41046, "the mass message's id is missing", ErrMessage),
	one(41047, "the mass message's id is wrong", ErrMessage),
	one(41064, "there are too many attachments", ErrMessage),
	one(41093, "the mass message was canceled", ErrMessage),
	one(42014, "the card's task_id is invalid", ErrMessage),
	many(42027, 42051, "a field of the template card is missing or invalid", ErrMessage),
	one(43012, "the app has no callback address (接收消息): enter one, or send a card that does not call back", ErrMessage),
	one(42052, "the message is too old to be recalled", ErrMessage),
	one(44001, "the file is empty", ErrMessage),
	one(44004, "the text is empty", ErrMessage),
	one(45001, "the file is too big", ErrMessage),
	one(45002, "the content is too big", ErrMessage),
	one(45007, "the voice is too long", ErrMessage),
	one(45008, "there are too many articles", ErrMessage),
	one(45032, "the author is too long", ErrMessage),
	one(45034, "the link has no scheme", ErrMessage),
	one(60140, "the card's code was used or is older than 72 hours: it works once", ErrMessage),
	many(60206, 60208, "this kind of app may not send this, or not to these", ErrMessage),
	one(82004, "the content could crash clients", ErrMessage),
	one(85002, "the content holds forbidden words", ErrMessage),
	many(90200, 90204, "a field of the Mini Program notice is missing or invalid", ErrMessage),
	one(90206, "the Mini Program is not linked to the app", ErrMessage),
	one(90207, "the Mini Program's AppID is invalid", ErrMessage),
	one(90208, "the Mini Program's AppID does not fit the app", ErrMessage),
	one(93017, "the webhook's message is empty", ErrMessage),
	one(93018, "the webhook's image is too big", ErrMessage),
	one(301015, "the media id is no image's", ErrMessage),
	one(301016, "the voice file is invalid", ErrMessage),
	one(301017, "the voice file must be AMR", ErrMessage),

	one(45009, "too many calls for now", ErrThrottledMinute),
	one(41094, "the employees were reminded too often", ErrThrottledDay),
	one(45033, "too many calls at once", ErrThrottledMinute),
	one(45036, "calls are restricted for unusual traffic", ErrThrottledMinute),

	one(40005, "the upload's type is invalid", ErrRequest),
	one(40008, "the msgtype is invalid", ErrRequest),
	one(40032, "the list of user ids has a wrong length", ErrRequest),
	one(40033, `the body holds \u escapes`, ErrRequest),
	one(40035, "a parameter is invalid", ErrRequest),
	one(40058, "a parameter is invalid", ErrRequest),
	one(40063, "a parameter is empty", ErrRequest),
	one(41001, "the access token is missing", ErrRequest),
	one(41002, "the corp id is missing", ErrRequest),
	one(41004, "the secret is missing", ErrRequest),
	one(41009, "the user id is missing", ErrRequest),
	one(41011, "the agent id is missing", ErrRequest),
	many(41021, 41025, "a parameter of the suite is missing", ErrRequest),
	one(42015, "the card is another app's", ErrRequest),
	one(42016, "the card's task is unknown", ErrRequest),
	one(48005, "the call was retired", ErrRequest),
	one(48010, "the TLS version is not supported", ErrRequest),
	one(81012, "the range is missing", ErrRequest),
	one(82002, "there are too many departments", ErrRequest),
	one(82003, "there are too many tags", ErrRequest),
	one(82101, "the card's new receivers are missing", ErrRequest),
	many(86001, 86003, "the chat's id is missing or invalid", ErrValue),
	many(86004, 86005, "a parameter of the chat is invalid", ErrValue),
	one(86006, "the chat would have too few or too many members", ErrValue),
	one(86007, "a member of the chat is unknown or out of the app's visible range (可见范围)", ErrValue),
	one(86207, "the chat's owner is none of its members", ErrValue),
	one(86215, "the chat's id is taken", ErrValue),
	one(86216, "a member of the chat is unknown or out of the app's visible range (可见范围)", ErrValue),
	one(86217, "a parameter of the chat is invalid", ErrValue),
	one(301019, "the file's MD5 does not fit", ErrRequest),
	many(830001, 830003, "the upload by address is invalid", ErrRequest),
}

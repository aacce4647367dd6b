package notify

// Feature is a call of the vendor's that hands messages over, as far as the
// vendor counts, grants and bans it apart from the account's others: each has a
// quota of its own and needs a permission set of its own. A pause is of one.
// The numbers are stored.
type Feature int8

// The features. What has none of its own is paused with the sender.
const (
	Whole     Feature = iota // the sender altogether
	Templates                // message/template/send
	Notices                  // message/subscribe/send and bizsend
	OneTimes                 // message/template/subscribe
	Customers                // message/custom/send
	Masses                   // message/mass/send and sendall

	Members    Feature = 10 // WeCom's message/send
	AppNotices Feature = 11 // the same with a Mini Program's notice, which an app must be linked for
	LinkedOnes Feature = 12 // linkedcorp/message/send
	Chats      Feature = 13 // appchat/send, for which an app must see the whole company
)

// Line is a feature of a sender; of Whole all of them.
type Line struct {
	SenderID int64
	Feature  Feature
}

// Feature is which call hands the part over.
func (p Part) Feature() Feature {
	switch {
	case p.Template != nil:
		return Templates
	case p.Subscribe != nil:
		return Notices
	case p.OneTime != nil:
		return OneTimes
	case p.Customer != nil:
		return Customers
	case p.Mass != nil:
		return Masses
	case p.Linked != nil:
		return LinkedOnes
	case p.Chat != nil:
		return Chats
	case p.App != nil && p.App.Type == "miniprogram_notice":
		return AppNotices
	case p.App != nil:
		return Members
	}
	return Whole
}

func (p Part) line() Line { return Line{p.SenderID, p.Feature()} }

// Vendor names whose call hands the part over, for people.
func (p Part) Vendor() string {
	if p.SenderKind == weCom.name {
		return "WeCom"
	}
	return "WeChat"
}

package wechat

// ReleaseAccount is one of WeChat's own accounts, which it authorizes to a platform for the full-network release test.
type ReleaseAccount struct{ AppID, UserName string }

// ReleasePair is the Official Account and the Mini Program of one run of the test.
type ReleasePair struct{ OA, MP ReleaseAccount }

// releasePairs is the whole list:
// https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html
var releasePairs = [...]ReleasePair{
	{ReleaseAccount{"wx570bc396a51b8ff8", "gh_3c884a361561"}, ReleaseAccount{"wxd101a85aa106f53e", "gh_8dad206e9538"}},
	{ReleaseAccount{"wx9252c5e0bb1836fc", "gh_c0f28a78b318"}, ReleaseAccount{"wxc39235c15087f6f3", "gh_905ae9d01059"}},
	{ReleaseAccount{"wx8e1097c5bc82cde9", "gh_3f222ed8d140"}, ReleaseAccount{"wx7720d01d4b2a4500", "gh_393666f1fdf4"}},
	{ReleaseAccount{"wx14550af28c71a144", "gh_26128078e9ab"}, ReleaseAccount{"wx05d483572dcd5d8b", "gh_39abb5d4e1b7"}},
	{ReleaseAccount{"wxa35b9c23cfe664eb", "gh_2b3713f184a6"}, ReleaseAccount{"wx5910277cae6fd970", "gh_7818dcb60240"}},
}

var releaseUserNames = func() map[string]string {
	names := make(map[string]string, 2*len(releasePairs))
	for _, p := range releasePairs {
		names[p.OA.AppID], names[p.MP.AppID] = p.OA.UserName, p.MP.UserName
	}
	return names
}()

// ReleasePairs lists the five pairs, of which the test picks one.
func ReleasePairs() []ReleasePair { return releasePairs[:] }

// ReleaseUserName answers the gh_… name of one of the ten accounts, and whether appID is one.
func ReleaseUserName(appID string) (userName string, ok bool) {
	userName, ok = releaseUserNames[appID]
	return userName, ok
}

// IsReleaseTest tells whether appID is one of the ten. They stay in the list of authorizers after the test, and their
// tokens cannot be renewed (61003): whoever keeps accounts leaves them out.
func IsReleaseTest(appID string) bool {
	_, ok := releaseUserNames[appID]
	return ok
}

// What the release test writes to a platform, and wants to read. The event is no longer in the documents, but harms nobody.
const (
	ReleaseText        = "TESTCOMPONENT_MSG_TYPE_TEXT" // a text message
	ReleaseTextReply   = ReleaseText + "_callback"     // its passive reply
	ReleaseEventSuffix = "from_callback"               // of the passive reply to an event, after its name
	ReleaseCodePrefix  = "QUERY_AUTH_CODE:"            // of a text message, before an authorization code
	ReleaseCodeSuffix  = "_from_api"                   // of the customer message, after that code
)

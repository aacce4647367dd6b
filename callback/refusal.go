package callback

import "net/http"

// Refusal is a push that is not taken. Its text may go out: of what was wrong
// with a ciphertext it says nothing.
type Refusal struct {
	Status int
	Reason string // counted under this name
	text   string
}

func (r *Refusal) Error() string { return r.text }

// Every way to refuse a push.
var (
	TooLarge   = &Refusal{http.StatusRequestEntityTooLarge, "too_large", "a push has at most 1 MiB"}
	Unreadable = &Refusal{http.StatusBadRequest, "unreadable", "the body could not be read"}

	errCleartext    = &Refusal{http.StatusBadRequest, "cleartext", "the push is not encrypted: choose safe mode (AES) where this address is configured"}
	errEnvelope     = &Refusal{http.StatusBadRequest, "no_envelope", "the body is no encrypted push of WeChat"}
	errBase64       = &Refusal{http.StatusBadRequest, "not_base64", "the encrypted part is not base64"}
	errSignature    = &Refusal{http.StatusForbidden, "signature", "msg_signature does not fit"}
	errToken        = &Refusal{http.StatusForbidden, "signature", "the signature does not fit: give the token in the console and here the same value"}
	errStale        = &Refusal{http.StatusForbidden, "stale", "the signed timestamp is too far off: check the clocks"}
	errWrongKey     = &Refusal{http.StatusForbidden, "wrong_key", "refused"}
	errWrongAppID   = &Refusal{http.StatusForbidden, "wrong_app_id", "refused"}
	errWrongAccount = &Refusal{http.StatusForbidden, "wrong_account", "the push is not for the account in the path"}
	errNoSender     = &Refusal{http.StatusNotFound, "no_sender", "there is no such sender: see its code in the address"}
	errNoKeys       = &Refusal{http.StatusForbidden, "no_keys", "the sender has no token and encoding_aes_key yet"}
	errEcho         = &Refusal{http.StatusForbidden, "echo", "echostr must be 1 to 128 letters, digits, - and _"}
	errStoreAway    = &Refusal{http.StatusServiceUnavailable, "store_away", "the push could not be written down: send it again"}
)

var refusals = []*Refusal{TooLarge, Unreadable, errCleartext, errEnvelope, errBase64, errSignature, errToken, errStale, errWrongKey,
	errWrongAppID, errWrongAccount, errNoSender, errNoKeys, errEcho, errStoreAway}

package wechat

import "errors"

// What became of a request that got no verdict. Test with errors.Is; every other error is a verdict of WeChat's.
var (
	// ErrNotSent: the request was not handed over. No connection was had, or the token for it could not be had.
	ErrNotSent = errors.New("not handed over")
	// ErrUnanswered: the request may have been handed over, and its outcome is unknown: time-out, reset, HTTP 5xx, an answer
	// that cannot be read, or errcode -1 and its like.
	ErrUnanswered = errors.New("handed over, outcome unknown")
)

// callError is a call without a verdict. The cause can be tested but not reached, for it may quote what no log should hold.
type callError struct {
	by    *dialect // nil: WeChat
	op    string
	kind  error // ErrNotSent or ErrUnanswered
	text  string
	cause error
}

func (e *callError) Error() string { return e.by.call(e.op) + ": " + e.kind.Error() + ": " + e.text }

// failed is a call without a verdict at this door.
func (d *door) failed(op string, kind error, text string, cause error) error {
	return &callError{d.speaks, op, kind, text, cause}
}

// call names a call of the vendor's.
func (v *dialect) call(op string) string {
	if v == nil {
		v = weChat
	}
	return v.prefix + " " + op
}

func (e *callError) Is(target error) bool {
	return target == e.kind || e.cause != nil && errors.Is(e.cause, target)
}

// unsentError is a call that had no token. What is wrong with the token can be tested with errors.Is, except for what
// would say that this call's outcome is unknown, when it is the token's that is.
type unsentError struct {
	by    *dialect
	op    string
	cause error
}

func (e *unsentError) Error() string {
	return e.by.call(e.op) + ": " + ErrNotSent.Error() + ", no token: " + e.cause.Error()
}

func (e *unsentError) Is(target error) bool {
	if target == ErrUnanswered || target == ErrBusy {
		return false
	}
	return target == ErrNotSent || errors.Is(e.cause, target)
}

func (e *unsentError) As(target any) bool { return errors.As(e.cause, target) }

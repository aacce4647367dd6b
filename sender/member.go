package sender

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"wechattpp/wechat"
)

// Asked is whether a mobile number was asked for before, on a day.
type Asked uint8

// What Reserve answers.
const (
	NotAsked     Asked = iota // and now noted
	AskedInVain               // or being asked for right now
	AskedTooMany              // the company's day has no room for another wrong one
)

// NumberStore remembers mobile numbers that a company was asked for in vain.
type NumberStore interface {
	// Reserve notes a number as wrong before it is asked for, unless it is noted, or
	// most are; Release takes it back.
	Reserve(ctx context.Context, corpID string, day int, digest string, most int) (Asked, error)
	Release(ctx context.Context, corpID string, day int, digest string) error
	// ForgetNumbers deletes those of up to limit days of companies before a day.
	ForgetNumbers(ctx context.Context, day, limit int) (int, error)
}

// UsualWrongNumbers is how many wrong mobile numbers a company is asked for on a
// day where nothing else is set. When they come to a fifth of its member limit
// WeCom answers nobody for a day; the smallest limit is 200.
const UsualWrongNumbers = 30

// Errors of MemberByMobile, besides those of App and of the call.
var (
	ErrNobody  = errors.New("has no member whom the app may see")
	ErrNumbers = errors.New("too many numbers without a member were asked for today: WeCom would answer nobody for a day; try again after midnight in China, or raise wechattpp_wecom_wrong_mobiles if the company has many members")
)

// china is UTC+8, where WeCom's days begin.
var china = time.FixedZone("UTC+8", 8*3600)

func dayOf(at time.Time) int {
	y, m, d := at.In(china).Date()
	return y*10_000 + int(m)*100 + d
}

// MemberByMobile finds the userid of a member by a mobile number. Wrong numbers
// are remembered for the day and not asked for again. *InputError; ErrNobody,
// ErrNumbers; errors of App and of the call.
func (r *Room) MemberByMobile(ctx context.Context, code, mobile string) (userID string, err error) {
	if n := len(mobile); n < 5 || n > 32 || strings.Trim(strings.TrimPrefix(mobile, "+"), "0123456789") != "" {
		return "", &InputError{"mobile", "must be 5 to 32 digits, as the company's address book has them"}
	}
	s, app, err := r.App(ctx, code)
	if err != nil {
		return "", err
	}
	day, digest := dayOf(time.Now()), r.digest(s.CorpID, mobile)
	most := r.WrongNumbers
	if most <= 0 {
		most = UsualWrongNumbers
	}
	asked, err := r.Store.Reserve(ctx, s.CorpID, day, digest, most)
	switch {
	case err != nil:
		return "", err
	case asked == AskedInVain:
		return "", fmt.Errorf("the number %w, or was asked for today before it had one", ErrNobody)
	case asked == AskedTooMany:
		return "", ErrNumbers
	}
	userID, err = app.MemberByMobile(ctx, mobile)
	if refused, ok := errors.AsType[*wechat.Error](err); ok && refused.Code == codeNobody {
		return "", fmt.Errorf("the number %w (%w)", ErrNobody, err)
	}
	if errors.Is(err, wechat.ErrUnanswered) {
		return "", err // perhaps counted
	}
	return userID, errors.Join(err, r.Store.Release(context.WithoutCancel(ctx), s.CorpID, day, digest))
}

const codeNobody = 46004

func (r *Room) digest(corpID, mobile string) string {
	mac := hmac.New(sha256.New, r.NumberKey)
	mac.Write([]byte(corpID + " " + mobile))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// ForgetNumbers forgets the wrong numbers of days gone by.
func (r *Room) ForgetNumbers(ctx context.Context) (int, error) {
	return r.Store.ForgetNumbers(ctx, dayOf(time.Now().AddDate(0, 0, -1)), 100)
}

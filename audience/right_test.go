package audience_test

import (
	"testing"
	"time"

	"wechattpp/audience"
)

// heard gives a right after entries: each is a word and when, in milliseconds.
func heard(scene int, entries ...any) audience.Right {
	r := audience.Right{Scene: scene}
	for i := 0; i < len(entries); i += 2 {
		r = r.Take(audience.Entry{Scene: scene, Word: entries[i].(audience.Word), At: time.UnixMilli(int64(entries[i+1].(int)))})
	}
	return r
}

func TestARightIsCountedInWhateverOrderItsNewsCome(t *testing.T) {
	t.Parallel()
	const s, none = 1000, audience.NoScene // events tell the second
	for name, c := range map[string]struct {
		got  audience.Right
		left int
		word audience.Word
	}{
		"nothing known":                              {heard(none), 0, ""},
		"two yeses add up":                           {heard(none, audience.Accept, 1*s, audience.Accept, 2*s), 2, audience.Accept},
		"a message spends one":                       {heard(none, audience.Accept, 1*s, audience.Accept, 2*s, audience.Spent, 3*s), 1, audience.Accept},
		"a no at a popup takes all":                  {heard(none, audience.Accept, 1*s, audience.Accept, 2*s, audience.Reject, 3*s), 0, audience.Reject},
		"a setting takes all":                        {heard(none, audience.Accept, 1*s, audience.Refused, 3*s), 0, audience.Refused},
		"a yes after a no":                           {heard(none, audience.Refused, 3*s, audience.Accept, 4*s), 1, audience.Accept},
		"a yes that comes behind a later no":         {heard(none, audience.Refused, 9*s, audience.Accept, 4*s), 0, audience.Refused},
		"a no that comes behind a later yes":         {heard(none, audience.Accept, 9*s, audience.Refused, 4*s), 1, audience.Accept},
		"WeChat says no":                             {heard(none, audience.Accept, 1*s, audience.Accept, 1*s, audience.NoRight, 2*s), 0, audience.NoRight},
		"a yes within the second of WeChat's no":     {heard(none, audience.NoRight, 5*s+200, audience.Accept, 5*s), 1, audience.Accept},
		"a message that overtakes its yes":           {heard(none, audience.Spent, 5*s+500, audience.Accept, 5*s), 0, audience.Accept},
		"one that overtook, and a new yes":           {heard(none, audience.Spent, 5*s+500, audience.Accept, 5*s, audience.Accept, 8*s), 1, audience.Accept},
		"a message without any event, then a yes":    {heard(none, audience.Spent, 5*s, audience.Accept, 9*s), 1, audience.Accept},
		"a message told behind a no and a yes":       {heard(none, audience.Accept, 1*s, audience.Refused, 3*s, audience.Accept, 6*s, audience.Spent, 2*s), 1, audience.Accept},
		"a scene confirmed twice holds one":          {heard(7, audience.Confirm, 1*s, audience.Confirm, 2*s), 1, audience.Confirm},
		"a scene spent":                              {heard(7, audience.Confirm, 1*s, audience.Spent, 2*s), 0, audience.Confirm},
		"a scene canceled":                           {heard(7, audience.Confirm, 1*s, audience.Cancel, 2*s), 0, audience.Cancel},
		"a scene confirmed before a message is told": {heard(7, audience.Confirm, 1*s, audience.Confirm, 5*s, audience.Spent, 3*s), 1, audience.Confirm},
		"a scene spent twice":                        {heard(7, audience.Confirm, 1*s, audience.Spent, 2*s, audience.Spent, 3*s, audience.Confirm, 4*s), 1, audience.Confirm},
	} {
		if c.got.Left != c.left || c.got.Word != c.word {
			t.Errorf("%s: %d left, last %q; want %d, %q", name, c.got.Left, c.got.Word, c.left, c.word)
		}
	}
}

func TestALongTermConsentIsNotSpent(t *testing.T) {
	t.Parallel()
	spent := heard(audience.NoScene, audience.Accept, 1000, audience.Spent, 2000)
	if !spent.Granted(true) || spent.Granted(false) {
		t.Errorf("after a message: %+v", spent)
	}
	if refused := spent.Take(audience.Entry{Word: audience.Refused, At: time.UnixMilli(5000)}); refused.Granted(true) {
		t.Errorf("after a refusal: %+v", refused)
	}
	many := audience.Right{Scene: audience.NoScene}
	for i := range 1000 {
		many = many.Take(audience.Entry{Scene: audience.NoScene, Word: audience.Spent, At: time.UnixMilli(int64(i))})
	}
	if many.Owed > 100 || many.Sent != 1000 {
		t.Errorf("owes %d of %d", many.Owed, many.Sent)
	}
}

package api

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wechattpp/audience"
	"wechattpp/notify"
)

// statsDays is how many days one call counts at most, statsUsual how many
// unless it says which.
const (
	statsDays  = 92
	statsUsual = 7
)

type dayAnswer struct {
	Day       string          `json:"day"`
	Client    int64           `json:"client"` // 0: an administrator
	Sender    string          `json:"sender"`
	Target    int             `json:"target"`
	Open      int             `json:"open"` // queued or sending
	Sent      int             `json:"sent"`
	Delivered int             `json:"delivered"`
	Failed    int             `json:"failed"`
	Reasons   []notify.Reason `json:"reasons"`
	Skipped   int             `json:"skipped"`
	Canceled  int             `json:"canceled"`
	Expired   int             `json:"expired"`
	Unknown   int             `json:"unknown"`
}

func showDay(d notify.DayCount) dayAnswer {
	c := d.Counts
	return dayAnswer{d.Day, d.ClientID, d.Sender, d.Target, c[notify.Queued], c[notify.Sent], c[notify.Delivered], c[notify.Failed], d.Reasons,
		c[notify.Skipped], c[notify.Canceled], c[notify.Expired], c[notify.Unknown]}
}

// place is where a day's count stands in the list.
func (a dayAnswer) place() string { return fmt.Sprintf("%s/%020d/%s", a.Day, a.Client, a.Sender) }

// span is what a call of stats asks for.
type span struct {
	from, to time.Time // first and last day, at their beginning
	q        notify.StatQuery
}

// stats counts recipients per day of acceptance, client and sender, as pages or
// as CSV.
func (s *server) stats(c *call) error {
	sp, err := c.span(time.Now())
	if err != nil {
		return err
	}
	if csv, err := c.csv(); err != nil {
		return err
	} else if csv {
		return s.statsCSV(c, sp)
	}
	p, err := c.page()
	if err != nil {
		return err
	}
	if p.after != "" {
		day, err := time.ParseInLocation(time.DateOnly, p.after[:min(10, len(p.after))], sp.from.Location())
		if err != nil || day.Before(sp.from) {
			return badCursor()
		}
		sp.from = day
	}
	found, next := []dayAnswer{}, ""
	for day := sp.from; !day.After(sp.to) && next == ""; day = day.AddDate(0, 0, 1) {
		counts, err := s.Notify.Stats(c.ctx(), c.notifyClient(), day, sp.q)
		if err != nil {
			return err
		}
		for _, one := range counts {
			switch a := showDay(one); {
			case a.place() <= p.after:
			case len(found) < p.limit:
				found = append(found, a)
			default:
				next = found[len(found)-1].place()
			}
		}
	}
	return c.reply(http.StatusOK, list(found, next))
}

func (s *server) statsCSV(c *call, sp span) error {
	var w *csv.Writer
	for day := sp.from; !day.After(sp.to); day = day.AddDate(0, 0, 1) {
		counts, err := s.Notify.Stats(c.ctx(), c.notifyClient(), day, sp.q)
		if err != nil {
			return err
		}
		if day.Equal(sp.from) {
			w = c.table("stats.csv", "day", "client", "sender", "target", "open", "sent", "delivered", "failed", "skipped", "canceled", "expired", "unknown", "reasons")
		}
		for _, one := range counts {
			_ = w.Write(showDay(one).cells())
		}
		if w.Flush(); w.Error() != nil {
			return w.Error()
		}
	}
	return nil
}

func (a dayAnswer) cells() []string {
	cells := []string{a.Day, strconv.FormatInt(a.Client, 10), a.Sender}
	for _, n := range []int{a.Target, a.Open, a.Sent, a.Delivered, a.Failed, a.Skipped, a.Canceled, a.Expired, a.Unknown} {
		cells = append(cells, strconv.Itoa(n))
	}
	why := make([]string, len(a.Reasons))
	for i, r := range a.Reasons {
		why[i] = fmt.Sprintf("%s=%d", r.Reason, r.Count)
	}
	return append(cells, audience.SafeCell(strings.Join(why, "; ")))
}

// span reads from, to, time_zone, client and sender.
func (c *call) span(now time.Time) (sp span, err error) {
	zone, err := notify.Zone(c.Query("time_zone"))
	if err != nil {
		return sp, invalid("time_zone", err.Error())
	}
	today := now.In(zone).Format(time.DateOnly)
	if sp.to, err = time.ParseInLocation(time.DateOnly, cmp.Or(c.Query("to"), today), zone); err != nil {
		return sp, invalid("to", "must be a day such as 2026-01-31")
	}
	usual := sp.to.AddDate(0, 0, 1-statsUsual).Format(time.DateOnly)
	if sp.from, err = time.ParseInLocation(time.DateOnly, cmp.Or(c.Query("from"), usual), zone); err != nil {
		return sp, invalid("from", "must be a day such as 2026-01-31")
	}
	switch {
	case sp.to.Before(sp.from):
		return sp, invalid("to", "is before from")
	case sp.to.After(sp.from.AddDate(0, 0, statsDays-1)):
		return sp, invalid("from", fmt.Sprintf("is more than %d days before to: ask for fewer at once", statsDays))
	case sp.from.Unix()%3600 != 0 || sp.to.Unix()%3600 != 0:
		return sp, invalid("time_zone", "is not a whole number of hours from UTC: counts are kept by the hour")
	}
	sp.q = notify.StatQuery{ClientID: -1, Sender: c.Query("sender")}
	if text := c.Query("client"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err = cmp.Or(err, negative(n)); err != nil {
			return sp, invalid("client", "must be the id of a client, or 0 for administrators")
		}
		if me := c.notifyClient(); !me.All && me.ID != n {
			return sp, missing("client " + text)
		}
		sp.q.ClientID = n
	}
	return sp, nil
}

func negative(n int64) error {
	if n < 0 {
		return errors.New("below 0")
	}
	return nil
}

package rules

import (
	"strconv"
	"strings"
	"time"

	"github.com/rstexplain/rstexplain/flows"
	"github.com/rstexplain/rstexplain/flows/exchange"
	"github.com/rstexplain/rstexplain/rules/claim"
	"github.com/rstexplain/rstexplain/rules/facts"
	"github.com/rstexplain/rstexplain/rules/words"
)

// addMoment adds to the remedy the times for which to look in a log, in UTC by the clock of the capture: when the
// sender closed, and when a request was sent that it left open. The RST's own time is in the report already; it is
// repeated only where the remedy sends the reader to a log.
func (f *Finding) addMoment(c *facts.Facts) {
	if f.Severity == Info || f.Repeats != 0 || f.Remedy == "" || c.Time == 0 {
		return
	}
	if c.Time == 0 {
		return // a text without times
	}
	var moments []string
	if m := openRequest(c); m.Seen() && c.Close.Time.Sub(m.Time) >= longAnswer {
		what := "the request"
		if f.Claims(claim.Unanswered) || f.Claims(claim.NoResponse) {
			what = "the unanswered request"
		}
		moments = append(moments, moment(what, m))
	}
	outage := c.ClosedInOutage()
	switch {
	case outage != nil:
		moments = append(moments, moment("the outage began", outage.First), moment("it ended", outage.Ended))
	case c.Close.By == facts.ByFIN:
		moments = append(moments, moment(Sender(c)+"'s FIN", c.Close.Mark))
	case c.Close.By == facts.ByEarlier:
		moments = append(moments, moment(Sender(c)+"'s first RST", c.Close.Mark))
	case len(moments) > 0 || strings.Contains(f.Remedy, " log"):
		moments = append(moments, moment("the RST", c.Mark))
	}
	if len(moments) > 0 {
		f.Remedy += " The time to look for: " + strings.Join(moments, "; ") + "."
	}
}

// longAnswer is how long a request must have stood open for its own time to matter in a log.
const longAnswer = time.Second

// openRequest returns the request that was open when the sender closed, the zero Mark if there was none.
func openRequest(c *facts.Facts) flows.Mark {
	b, x := c.Close.Completion, c.Close.Exchange
	if b.State != facts.OpenRequest {
		return flows.Mark{}
	}
	for _, m := range [...]*exchange.Message{&x.Request, &x.Last[b.Side]} {
		if m.Frame == b.Frame && m.Frame != 0 {
			return flows.Mark{Frame: m.Frame, Time: flows.Time(m.Time)}
		}
	}
	return flows.Mark{}
}

// moment prints when a frame was captured, to the millisecond as logs have it. A text may show the time of day alone,
// in a zone that it does not name: its packets are of the first day of 1970.
func moment(what string, m flows.Mark) string {
	t := m.Time.Std()
	at := t.Format("2006-01-02 15:04:05.000") + " UTC"
	if t.Unix() < 48*60*60 {
		at = t.Format("15:04:05.000")
	}
	return words.Sentence("%s at %s (frame %s)", what, at, strconv.Itoa(m.Frame))
}

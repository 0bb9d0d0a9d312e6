package talkover

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Call is one row of the call log. Strings are cleaned (see [Clean]); a string
// that the API leaves out or sends as null is empty.
type Call struct {
	ID            string
	SID           string // of the telephony provider; the one handle that finds a call again
	To            string // E.164
	ToFormatted   string
	From          string // E.164
	FromFormatted string
	IsTesting     bool
	Direction     string // inbound or outbound
	Status        string // an open set: the documented seven, and what the API adds
	Duration      int    // seconds; 0 if not completed
	Agent         Agent  // zero for a call whose agent was deleted
	CreatedAt     time.Time
	UpdatedAt     time.Time

	// Unread names the fields whose value could not be read and stands at zero
	// here; nil for nearly every call.
	Unread []string
}

// Agent is who made or took a call.
type Agent struct {
	ID    string
	Name  string
	Label string // for display
}

// Display returns the label, or where there is none the name or the id; it is
// empty for no agent.
func (a Agent) Display() string {
	for _, s := range []string{a.Label, a.Name, a.ID} {
		if s != "" {
			return s
		}
	}
	return ""
}

// Key tells calls apart: the id, or where there is none the SID, or else what is
// left. It is never empty.
func (c Call) Key() string {
	switch {
	case c.ID != "":
		return c.ID
	case c.SID != "":
		return "sid " + c.SID
	}
	return fmt.Sprint(c.CreatedAt.UnixNano(), c.From, c.To, c.Status, c.Duration)
}

// Answered reports whether somebody spoke: the status is answered or completed.
func (c Call) Answered() bool { return c.Status == "answered" || c.Status == "completed" }

// CallQuery holds the parameters of List Calls. A zero field is not sent, and
// the API's default holds.
type CallQuery struct {
	Status    string
	Direction string
	AgentID   string
	DateFrom  string // YYYY-MM-DD, a UTC day, included
	DateTo    string // YYYY-MM-DD, a UTC day, included
	Search    string // part of a phone number or of a SID
	PerPage   int    // 1 to MaxPerPage
	Page      int    // from 1
}

// onPage asks for a full page.
func (q CallQuery) onPage(n int) CallQuery {
	q.Page, q.PerPage = n, MaxPerPage
	return q
}

func (q CallQuery) values() url.Values {
	return values(map[string]string{
		"status":    q.Status,
		"direction": q.Direction,
		"agent_id":  q.AgentID,
		"date_from": q.DateFrom,
		"date_to":   q.DateTo,
		"search":    q.Search,
	}, q.PerPage, q.Page)
}

// values leaves out what is zero.
func values(texts map[string]string, perPage, page int) url.Values {
	v := url.Values{}
	for name, value := range texts {
		if value != "" {
			v.Set(name, value)
		}
	}
	for name, value := range map[string]int{"per_page": perPage, "page": page} {
		if value != 0 {
			v.Set(name, strconv.Itoa(value))
		}
	}
	return v
}

// ListCalls fetches one page of the call log. Rows come in the API's order,
// which is not documented; newest first has been seen. Equal requests at the
// same time are sent once and share a page, which must not be changed. The error
// is an [*Error], or that of ctx.
func (c *Client) ListCalls(ctx context.Context, q CallQuery) (Page[Call], error) {
	return getList(ctx, c, "calls", q.values(), readCall)
}

// maxDuration bounds what is believed of a call's length.
const maxDuration = 7 * 24 * 3600

// readCall reads one row. It reports false, having skipped the value, where no
// object comes.
func readCall(d decoder) (Call, bool, error) {
	var c Call
	ok, err := d.object(func(name []byte) error {
		var ok bool
		var err error
		switch string(name) {
		case "id":
			ok, err = d.text(maxID, &c.ID)
		case "sid":
			ok, err = d.text(maxID, &c.SID)
		case "to":
			ok, err = d.text(maxNumber, &c.To)
		case "to_formatted":
			ok, err = d.text(maxNumber, &c.ToFormatted)
		case "from":
			ok, err = d.text(maxNumber, &c.From)
		case "from_formatted":
			ok, err = d.text(maxNumber, &c.FromFormatted)
		case "is_testing":
			ok, err = d.boolean(&c.IsTesting)
		case "direction":
			ok, err = d.text(maxStatus, &c.Direction)
		case "status":
			ok, err = d.text(maxStatus, &c.Status)
		case "duration":
			ok, err = d.integer(maxDuration, &c.Duration)
		case "agent":
			ok, err = readAgent(d, &c.Agent)
		case "created_at":
			ok, err = d.time(&c.CreatedAt)
		case "updated_at":
			ok, err = d.time(&c.UpdatedAt)
		default:
			return d.SkipValue()
		}
		c.read(name, ok)
		return err
	})
	c.read([]byte("created_at"), !c.CreatedAt.IsZero())
	return c, ok, err
}

// read keeps in Unread whether a field could be read when it was read last.
func (c *Call) read(name []byte, ok bool) {
	at := slices.IndexFunc(c.Unread, func(n string) bool { return n == string(name) })
	switch {
	case ok && at >= 0:
		if c.Unread = slices.Delete(c.Unread, at, at+1); len(c.Unread) == 0 {
			c.Unread = nil
		}
	case !ok && at < 0:
		c.Unread = append(c.Unread, string(name))
	}
}

// readAgent reads an agent: an object, or null or [] for a deleted one, or a
// bare string, taken as its name.
func readAgent(d decoder, a *Agent) (bool, error) {
	*a = Agent{}
	switch d.PeekKind() {
	case '{':
		clean := true
		_, err := d.object(func(name []byte) error {
			var ok bool
			var err error
			switch string(name) {
			case "id":
				ok, err = d.text(maxID, &a.ID)
			case "name":
				ok, err = d.text(maxName, &a.Name)
			case "label":
				ok, err = d.text(maxName, &a.Label)
			default:
				return d.SkipValue()
			}
			clean = clean && ok
			return err
		})
		return clean, err
	case '[':
		empty := true
		_, err := d.array(func() error { empty = false; return d.SkipValue() })
		return empty, err
	default:
		return d.text(maxName, &a.Name)
	}
}

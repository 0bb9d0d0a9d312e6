package talkover

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The directions of a call.
const (
	Inbound  = "inbound"
	Outbound = "outbound"
)

// The statuses of a call. Rows may have others, since the API adds some (facts,
// shapes).
const (
	StatusInitiated = "initiated"
	StatusRinging   = "ringing"
	StatusAnswered  = "answered"
	StatusCompleted = "completed"
	StatusFailed    = "failed"
	StatusBusy      = "busy"
	StatusNoAnswer  = "no-answer"
)

// Statuses and Directions list the values of the filters of List Calls, in the order
// of the vendor's page. Do not change them.
var (
	Statuses   = []string{StatusInitiated, StatusRinging, StatusAnswered, StatusCompleted, StatusFailed, StatusBusy, StatusNoAnswer}
	Directions = []string{Inbound, Outbound}
)

// Call holds one row of the call log. Strings are cleaned (see [Clean]); a string
// that the API leaves out or sends as null is empty.
type Call struct {
	ID            string
	SID           string // of the telephony provider; the one handle that finds a call again
	To            string // E.164
	ToFormatted   string
	From          string // E.164
	FromFormatted string
	IsTesting     bool
	Direction     string // one of Directions
	Status        string // one of Statuses, or one that the API added
	Duration      int    // seconds; 0 if not completed
	Agent         Agent  // zero where the agent was deleted
	CreatedAt     time.Time
	UpdatedAt     time.Time

	// Unread names the fields that could not be read and are zero here; nil for nearly
	// every call.
	Unread []string
}

// Key returns a text that tells the call from others: the id, or the SID where there
// is no id, or the remaining fields where there is neither. It is never empty.
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
func (c Call) Answered() bool { return c.Status == StatusAnswered || c.Status == StatusCompleted }

// PlainStatus spells a status as the API documents it: some rows have _ for -.
func PlainStatus(status string) string { return strings.ReplaceAll(status, "_", "-") }

// IsOpen reports whether a call with such a status and so many seconds is still going on:
// initiated, ringing, or answered with no duration yet. Every other call is final.
func IsOpen(status string, seconds int) bool {
	switch PlainStatus(status) {
	case StatusInitiated, StatusRinging:
		return true
	case StatusAnswered:
		return seconds == 0
	}
	return false
}

// CallQuery holds the parameters of List Calls. A zero field is not sent, and
// the API's default holds.
type CallQuery struct {
	Status    string `param:"status"`    // one of Statuses
	Direction string `param:"direction"` // one of Directions
	AgentID   string `param:"agent_id"`
	DateFrom  string `param:"date_from"` // YYYY-MM-DD, a UTC day, included
	DateTo    string `param:"date_to"`   // YYYY-MM-DD, a UTC day, included
	Search    string `param:"search"`    // part of a phone number or of a SID
	PerPage   int    `param:"per_page"`  // 1 to MaxPerPage
	Page      int    `param:"page"`      // from 1
}

// onPage asks for a full page.
func (q CallQuery) onPage(n int) CallQuery {
	q.Page, q.PerPage = n, MaxPerPage
	return q
}

// ListCalls fetches one page of the call log. The vendor does not document the order
// of the rows; newest first has been seen. Equal requests at the same time are sent
// once and share a page, which must not be changed. The error is an [*Error], or that
// of ctx.
func (c *Client) ListCalls(ctx context.Context, q CallQuery) (Page[Call], error) {
	return getList(ctx, c, "calls", values(q), readCall)
}

// ListAgentCalls fetches one page of the calls of one agent, as [Client.ListCalls]
// does with AgentID; the AgentID of the query is not sent. Its rows carry no agent.
// For an agent that is not there, the error is an [*Error] with Code
// [AgentNotFound].
func (c *Client) ListAgentCalls(ctx context.Context, agentID string, q CallQuery) (Page[Call], error) {
	path, err := agentPath(agentID, "calls")
	if err != nil {
		return Page[Call]{}, err
	}
	q.AgentID = ""
	return getList(ctx, c, path, values(q), readCall)
}

// maxDuration bounds a call's length, in seconds. A longer one counts as unread.
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
		c.noteUnread(name, ok)
		return err
	})
	c.noteUnread([]byte("created_at"), !c.CreatedAt.IsZero())
	return c, ok, err
}

// noteUnread keeps in Unread whether the last value of a field could be read: of
// two members with one name, the last one counts.
func (c *Call) noteUnread(name []byte, ok bool) {
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

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
	Statuses = []string{
		StatusInitiated, StatusRinging, StatusAnswered, StatusCompleted, StatusFailed, StatusBusy, StatusNoAnswer,
	}
	Directions = []string{Inbound, Outbound}
)

// Call holds one row of the call log. Strings are cleaned (see [Clean]); a string
// that the API leaves out or sends as null is empty.
type Call struct {
	ID            string    `api:"id,64"`
	SID           string    `api:"sid,64"` // of the telephony provider; the one handle that finds a call again
	To            string    `api:"to,40"`  // E.164
	ToFormatted   string    `api:"to_formatted,40"`
	From          string    `api:"from,40"` // E.164
	FromFormatted string    `api:"from_formatted,40"`
	IsTesting     bool      `api:"is_testing"`
	Direction     string    `api:"direction,32"`    // one of Directions
	Status        string    `api:"status,32"`       // one of Statuses, or one that the API added
	Duration      int       `api:"duration,604800"` // seconds, at most a week; 0 if not completed
	Agent         Agent     `api:"agent"`           // zero where the agent was deleted
	CreatedAt     time.Time `api:"created_at"`
	UpdatedAt     time.Time `api:"updated_at"`

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
	return getList(ctx, c, "calls", values(q), Call{})
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
	return getList(ctx, c, path, values(q), Call{})
}

// note keeps the names of the members that could not be read.
func (c *Call) note(unread []string) {
	if c.CreatedAt.IsZero() && !slices.Contains(unread, "created_at") {
		unread = append(unread, "created_at")
	}
	if len(unread) > 0 {
		c.Unread = unread
	}
}

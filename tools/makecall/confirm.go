package makecall

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

// How make_call asks the client's user before it rings anybody.
const (
	ConfirmAuto   = "auto"   // where the client can ask
	ConfirmAlways = "always" // and refuses where the client cannot
	ConfirmNever  = "never"
)

// confirmTime is how long a confirmation holds, from the question on.
const confirmTime = 5 * time.Minute

// confirmation asks before a call is placed. What is asked goes to the client as an
// input request of MCP, and comes back with the same arguments and a state that
// stands for this very order of this caller in the memory, until it is used. mcp-go asks
// clients up to 2025-11-25 itself.
type confirmation struct {
	when   string
	memory Memory // of the questions that have no answer yet
}

// confirmKey names the question among the input requests.
const confirmKey = "confirm"

// roundKey is the context key of what a client brings back of a question.
type roundKey struct{}

// WithRound returns a context with what a client brings back of a question.
func WithRound(ctx context.Context, round mcp.MultiRoundTripParams) context.Context {
	return context.WithValue(ctx, roundKey{}, round)
}

// NeedsInput is the error of a tool that must ask the user first.
type NeedsInput struct{ Result *mcp.CallToolResult }

func (*NeedsInput) Error() string { return "the user is asked first" }

// Unwrap returns the error for logs.
func (*NeedsInput) Unwrap() error { return answer.Refuse("asked", "") }

// refuse says why no call was placed.
func refuse(outcome string, words answer.SafeText) error {
	return answer.Refuse(outcome, "No call was placed: "+words)
}

// unconfirmed says that the user did not agree.
func unconfirmed(words answer.SafeText) error { return refuse("unconfirmed", words) }

// check returns nil where an order may go out; question puts it to the user in words. ready is
// called before the user is, so that nobody is asked in vain.
func (c *confirmation) check(ctx context.Context, q *query.Question, order any, question func() answer.SafeText,
	ready func() error) error {
	round, _ := ctx.Value(roundKey{}).(mcp.MultiRoundTripParams)
	switch {
	case c.when == ConfirmNever:
		return nil
	case round.RequestState != "":
		return c.answered(q, order, round)
	case canAsk(ctx):
		if err := ready(); err != nil {
			return err
		}
		state := rand.Text()
		if _, err := c.memory.Swap(questionName(q, order, state), "", "asked", confirmTime); err != nil {
			return memoryAway
		}
		return &NeedsInput{server.NewInputRequestBuilder(state).Elicit(confirmKey, mcp.ElicitationParams{
			Message:         string(question()),
			RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
		}).ToolResult()}
	case c.when == ConfirmAlways:
		return unconfirmed("this server asks the user first (TALKOVER_CONFIRM_CALLS=always), and this client offers " +
			"no way to: " +
			"it declares no elicitation, or it is one of before 2026-07-28 on streamable HTTP. Trying again will " +
			"not help. " +
			"Where a person approves each call elsewhere, whoever runs this server may set " +
			"TALKOVER_CONFIRM_CALLS=never.")
	}
	return nil
}

// canAsk reports whether the client can ask its user: in its request, since 2026-07-28,
// or at its greeting, where there is a way back to it.
func canAsk(ctx context.Context) bool {
	if server.IsModernRequest(ctx) {
		caps := server.RequestProtocolInfoFromContext(ctx).ClientCapabilities
		return caps != nil && asksByForm(caps.Elicitation)
	}
	session, ok := server.ClientSessionFromContext(ctx).(interface {
		server.SessionWithClientInfo
		server.SessionWithElicitation
	})
	return ok && asksByForm(session.GetClientCapabilities().Elicitation)
}

// asksByForm reports whether a client asks its user in a form: one that names no mode
// does.
func asksByForm(e *mcp.ElicitationCapability) bool {
	return e != nil && (e.Form != nil || e.URL == nil)
}

// memoryAway refuses rather than place a call twice.
var memoryAway = unconfirmed("the memory that replicas share (TALKOVER_VALKEY_URL) is away, so it cannot be told " +
	"whether this order went out already, or its confirmation was used. " +
	"Call again in a minute, without a confirmation.")

// answered reads what the user said to the order.
func (c *confirmation) answered(q *query.Question, order any, round mcp.MultiRoundTripParams) error {
	switch was, err := c.memory.Swap(questionName(q, order, round.RequestState), "asked", "", 0); {
	case err != nil:
		return memoryAway
	case was == "":
		return unconfirmed("the confirmation is not of this order, or it was used, or it is older than 5 minutes, " +
			"or of a process that has ended. " +
			"Call again without it to ask once more.")
	}
	said := server.ElicitationResponse(round.InputResponses, confirmKey)
	switch {
	case said == nil:
		return unconfirmed("the answer of the user is missing. Call again to ask once more.")
	case said.Action == mcp.ElicitationResponseActionAccept:
		return nil
	case said.Action == mcp.ElicitationResponseActionDecline:
		return unconfirmed("the user declined. Do not ask again unless the user wants it.")
	}
	return unconfirmed("the user did not answer. Do not ask again unless the user wants it.")
}

// questionName names what a user is asked: a state stands for one order of one caller.
func questionName(q *query.Question, order any, state string) string {
	what, _ := json.Marshal(order) // it came from JSON
	return fmt.Sprintf("%q", []string{"question", state, string(q.Client.Key("account")), q.Caller, string(what)})
}

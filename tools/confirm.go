package tools

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
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
// proves that they were asked about. mcp-go asks clients up to 2025-11-25 itself.
type confirmation struct {
	when string

	mu   sync.Mutex
	used map[string]time.Time // states that were used, and until when they would hold
}

// confirmKey names the question among the input requests.
const confirmKey = "confirm"

// roundKey is the context key of what a client brings back of a question.
type roundKey struct{}

// needsInput is the error of a tool that must ask the user first.
type needsInput struct{ result *mcp.CallToolResult }

func (*needsInput) Error() string   { return "the user is asked first" }
func (*needsInput) outcome() string { return "asked" }

// unconfirmed says why no call was placed.
type unconfirmed string

func (u unconfirmed) Error() string   { return "not confirmed: " + string(u) }
func (u unconfirmed) explain() string { return "No call was placed: " + string(u) }
func (unconfirmed) outcome() string   { return "unconfirmed" }

// check returns nil where an order may go out; ask puts it to the user in words. ready is
// asked before the user is, so that nobody is asked in vain.
func (c *confirmation) check(ctx context.Context, q *question, order any, ask func() ours, ready func() error) error {
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
		return &needsInput{server.NewInputRequestBuilder(c.state(q, order)).Elicit(confirmKey, mcp.ElicitationParams{
			Message:         string(ask()),
			RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
		}).ToolResult()}
	case c.when == ConfirmAlways:
		return unconfirmed("this server asks the user first (TALKOVER_CONFIRM_CALLS=always), and this client offers no way to: " +
			"it declares no elicitation, or it is one of before 2026-07-28 on streamable HTTP. Trying again will not help.")
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

// answered reads what the user said to the order.
func (c *confirmation) answered(q *question, order any, round mcp.MultiRoundTripParams) error {
	if err := c.spend(q, order, round.RequestState); err != nil {
		return err
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

// state makes the proof that an order was asked about: a random text, until when it
// holds, and the signature of both with the order and the caller.
func (c *confirmation) state(q *question, order any) string {
	head := rand.Text() + "." + strconv.FormatInt(time.Now().Add(confirmTime).Unix(), 10)
	return head + "." + signature(q, order, head)
}

func signature(q *question, order any, head string) string {
	what, _ := json.Marshal(order) // it came from JSON
	h := hmac.New(sha256.New, q.client.Key("make_call confirmation"))
	for _, part := range []string{head, q.caller, string(what)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// spend takes a state, once, for the very order that it was made for.
func (c *confirmation) spend(q *question, order any, state string) error {
	const wrong = unconfirmed("the confirmation is not of this order, or it was used, or it is older than 5 minutes. Call again without it to ask once more.")
	i := strings.LastIndexByte(state, '.')
	if i < 0 || !hmac.Equal([]byte(state[i+1:]), []byte(signature(q, order, state[:i]))) {
		return wrong
	}
	_, expiry, _ := strings.Cut(state[:i], ".")
	seconds, err := strconv.ParseInt(expiry, 10, 64)
	until := time.Unix(seconds, 0)
	now := time.Now()
	if err != nil || !now.Before(until) {
		return wrong
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for used, expires := range c.used {
		if !now.Before(expires) {
			delete(c.used, used)
		}
	}
	if _, ok := c.used[state]; ok {
		return wrong
	}
	if c.used == nil {
		c.used = make(map[string]time.Time)
	}
	c.used[state] = until
	return nil
}

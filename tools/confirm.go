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

func (*needsInput) Error() string { return "the user is asked first" }

// unconfirmed says why no call was placed.
type unconfirmed string

func (u unconfirmed) Error() string   { return "not confirmed: " + string(u) }
func (u unconfirmed) explain() string { return "No call was placed: " + string(u) }

// check returns nil where the order may go out. ready is asked before the user is, so
// that nobody is asked in vain.
func (c *confirmation) check(ctx context.Context, q *question, in makeCallInput, ready func() error) error {
	round, _ := ctx.Value(roundKey{}).(mcp.MultiRoundTripParams)
	switch {
	case c.when == ConfirmNever:
		return nil
	case round.RequestState != "":
		return c.answered(q, in, round)
	case canAsk(ctx):
		if err := ready(); err != nil {
			return err
		}
		return &needsInput{server.NewInputRequestBuilder(c.state(q, in)).Elicit(confirmKey, mcp.ElicitationParams{
			Message:         string(q.orderInWords(ctx, in)),
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
func (c *confirmation) answered(q *question, in makeCallInput, round mcp.MultiRoundTripParams) error {
	if err := c.spend(q, in, round.RequestState); err != nil {
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
func (c *confirmation) state(q *question, in makeCallInput) string {
	head := rand.Text() + "." + strconv.FormatInt(time.Now().Add(confirmTime).Unix(), 10)
	return head + "." + signature(q, in, head)
}

func signature(q *question, in makeCallInput, head string) string {
	order, _ := json.Marshal(in) // it came from JSON
	h := hmac.New(sha256.New, q.client.Key("make_call confirmation"))
	for _, part := range []string{head, q.caller, string(order)} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// spend takes a state, once, for the very order that it was made for.
func (c *confirmation) spend(q *question, in makeCallInput, state string) error {
	const wrong = unconfirmed("the confirmation is not of this order, or it was used, or it is older than 5 minutes. Call again without it to ask once more.")
	i := strings.LastIndexByte(state, '.')
	if i < 0 || !hmac.Equal([]byte(state[i+1:]), []byte(signature(q, in, state[:i]))) {
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

// orderInWords asks a person whether to place a call. It names the agent as people do,
// where the API tells.
func (q *question) orderInWords(ctx context.Context, in makeCallInput) ours {
	who := say(q.masked, "the agent %s", handle(in.AgentID))
	if agents, err := q.readAgents(ctx); err == nil {
		for _, a := range agents.Rows {
			if a.ID == in.AgentID {
				who = say(q.masked, "the agent %q (%s)", a.Display(), handle(in.AgentID))
			}
		}
	}
	s := say(q.masked, "Have %s ring %s", who, phone(in.To))
	switch {
	case in.DelaySeconds > 0:
		s += say(q.masked, " in %d s", in.DelaySeconds)
	default:
		s += " now"
	}
	if in.IsTesting {
		s += "? It is a test call: it rings, and costs nothing."
	} else {
		s += "? A person answers, and the call costs money."
	}
	if len(in.Payload) > 0 {
		s += say(q.masked, " The agent is told: %s", cut(string(in.Payload), mostPayload))
	}
	return s
}

// mostPayload is how much of a payload a person is shown, in runes.
const mostPayload = 400

// cut shortens a text to so many runes.
func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + " ..."
	}
	return s
}

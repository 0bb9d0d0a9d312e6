package tools

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

type makeCallInput struct {
	AgentID      string        `json:"agent_id" jsonschema:"maxLength=64" jsonschema_description:"Agent that is to call; see list_agents." alias:"agent,id"`
	To           string        `json:"to" jsonschema:"maxLength=16" jsonschema_description:"Number to ring, in E.164: +12025550123." alias:"number,phone,phone_number,search"`
	Payload      schema.Object `json:"payload,omitempty" jsonschema_description:"Values for the agent's prompt." alias:"variables,data,params"`
	Context      schema.Object `json:"context,omitempty" jsonschema_description:"Passed on to webhooks." alias:"metadata"`
	DelaySeconds int           `json:"delay_seconds,omitempty" jsonschema:"minimum=0,maximum=3600" jsonschema_description:"Seconds to wait before it rings." alias:"delay"`
	IsTesting    bool          `json:"is_testing,omitempty" jsonschema_description:"A test call, which costs nothing." alias:"test,testing"`
	AgainAfter   string        `json:"again_after,omitempty" jsonschema:"maxLength=64" jsonschema_description:"Only where the user wants the same order to ring once more: the id of the call before." alias:"again"`
}

func (in makeCallInput) rings() string { return in.To }

// Validate implements [schema.Validator].
func (in *makeCallInput) Validate() (faults []schema.Fault) {
	if in.To != "" && (!isE164(in.To) || len(in.To) <= leastToRing) {
		faults = append(faults, schema.Fault{Argument: "to", Problem: "it is no number in E.164; give + and 8 to 15 digits alone, such as +12025550123"})
	}
	if in.AgentID != "" && !talkover.ValidAgentID(in.AgentID) {
		faults = append(faults, schema.Fault{Argument: "agent_id", Problem: "it is no agent_id, but perhaps a name; list_agents has the ids"})
	}
	return faults
}

type makeCallOutput struct {
	placedCall
	LeftHour int  `json:"left_this_hour" jsonschema_description:"Calls that may yet be placed this hour."`
	Look     ours `json:"look" jsonschema_description:"How to see what becomes of it."`
	frame
}

// placedCall holds what Talkover says of a call that it accepted.
type placedCall struct {
	ID        handle `json:"id"`
	AgentID   handle `json:"agent_id"`
	To        phone  `json:"to"`
	Status    string `json:"status"`
	CreatedAt second `json:"created_at,omitzero"`
}

// makeOptions say how calls may be placed.
type makeOptions struct {
	codes    talkover.CallingCodes // all numbers if nil
	most     int                   // calls in any hour, of each caller and each account
	replicas int                   // that share most where no count is common to them; 1 if 0
	common   PlacedCalls           // nil for none
	memory   Memory                // nil for that of this process
	confirm  string                // [ConfirmAuto] if empty
}

// placer places calls within bounds, and sends an order once and never again.
type placer struct {
	codes   talkover.CallingCodes
	hour    *hourly
	orders  orders
	confirm *confirmation
}

// newPlacer makes a placer.
func newPlacer(o makeOptions) *placer {
	if o.memory == nil {
		o.memory = new(ownMemory)
	}
	return &placer{
		codes:   o.codes,
		hour:    &hourly{most: o.most, replicas: o.replicas, common: o.common},
		orders:  orders{o.memory},
		confirm: &confirmation{o.confirm, o.memory},
	}
}

// left returns how many calls may yet be placed by whoever may place the fewest.
func (p *placer) left() int { return p.hour.fewest(time.Now()) }

// place places a call, which rings a person's phone and costs money.
func (p *placer) place(ctx context.Context, q *question, in makeCallInput) (*makeCallOutput, error) {
	if !p.codes.Allow(in.To) {
		return nil, refusedHere(fmt.Sprintf("this server rings only numbers that begin with %s (TALKOVER_CALL_COUNTRIES). Trying again will not help", p.codes))
	}
	bound := []string{"account " + string(q.client.Key("account"))}
	if q.caller != "" {
		bound = append(bound, "caller "+q.caller)
	}
	err := p.confirm.check(ctx, q, in,
		func() ours { return orderInWords(ctx, q, in) },
		func() error {
			if _, err := p.orders.note(q, in, ""); err != nil {
				return err
			}
			_, err := p.hour.left(time.Now(), bound...)
			return err
		})
	if err != nil {
		return nil, err
	}
	id, at := unknownID+rand.Text()[:8], " "+q.now.Format(time.RFC3339)
	last, err := p.orders.note(q, in, id+at)
	if err != nil {
		return nil, err
	}
	left, giveBack, err := p.hour.take(time.Now(), bound...)
	if err != nil {
		p.orders.end(q, in, id+at, last)
		return nil, err
	}
	placed, err := placeCall(ctx, q, in)
	var failed *placing
	switch {
	case err == nil:
		p.orders.end(q, in, id+at, cmp.Or(placed.ID, id)+at)
	case errors.As(err, &failed) && !failed.perhaps:
		giveBack()
		p.orders.end(q, in, id+at, last)
	case !in.IsTesting:
		failed.again = id
	}
	if err != nil {
		return nil, err
	}
	return makeCallAnswer(q, placed, left), nil
}

// orderInWords asks a person whether to place a call. It names the agent as people do,
// where the API tells.
func orderInWords(ctx context.Context, q *question, in makeCallInput) ours {
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
	if in.AgainAfter != "" {
		s += say(q.masked, " The same was ordered before, as %s.", handle(in.AgainAfter))
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

// look writes the call of a tool that shows what became of a placed call.
func look(q *question) ours {
	return ask("list_calls", "direction", "outbound", "date_from", q.now.UTC().Format(time.DateOnly))
}

// placeCall places the call, and logs it whatever comes of it.
func placeCall(ctx context.Context, q *question, in makeCallInput) (talkover.PlacedCall, error) {
	placed, err := q.client.PlaceCall(ctx, in.AgentID, talkover.CallOrder{
		To: in.To, Payload: json.RawMessage(in.Payload), Context: json.RawMessage(in.Context),
		DelaySeconds: in.DelaySeconds, IsTesting: in.IsTesting,
	})
	came := "ok"
	if err != nil {
		came = outcome(err)
	}
	q.log.LogAttrs(ctx, slog.LevelWarn, "make_call", slog.String("agent_id", in.AgentID), slog.String("to", maskNumber(in.To)),
		slog.Bool("is_testing", in.IsTesting), slog.String("id", placed.ID), slog.String("outcome", came))
	if err != nil {
		var e *talkover.Error
		return placed, &placing{cause: err, perhaps: !errors.As(err, &e) || !e.NotDone(), look: look(q)}
	}
	return placed, nil
}

func makeCallAnswer(q *question, placed talkover.PlacedCall, left int) *makeCallOutput {
	out := &makeCallOutput{
		placedCall: placedCall{
			ID: handle(placed.ID), AgentID: handle(placed.AgentID), To: phone(placed.To), Status: placed.Status,
			CreatedAt: second(inZone(placed.CreatedAt, q.zone)),
		},
		LeftHour: left, Look: look(q), frame: q.frame(),
	}
	if placed.ID == "" {
		out.note("Talkover took the call but gave it no id.")
	}
	return out
}

func (out *makeCallOutput) size() int { return 1 }

func (out *makeCallOutput) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The call is placed; %d more may be placed this hour; %s, now %s.\n", out.LeftHour, out.Timezone, out.Now)
	out.writeNotes(&b)
	fieldTable(out.placedCall).write(&b, false)
	b.WriteString("To see what becomes of it: " + string(out.Look))
	return b.String()
}

// placing says why a call was not placed, or may not have been.
type placing struct {
	cause   error
	perhaps bool // it may have been placed all the same
	look    ours
	again   string // places it once more all the same
}

func (p *placing) Error() string { return "placing a call: " + p.cause.Error() }
func (p *placing) Unwrap() error { return p.cause }

// explain never says to try again where the call may have been placed.
func (p *placing) explain() string {
	if !p.perhaps {
		return "No call was placed. " + explain(p.cause)
	}
	s := "The call may have been placed, or not."
	var e *talkover.Error
	if errors.As(p.cause, &e) {
		what := e.Explain("Talkover")
		if e.Reason == talkover.Unreachable { // and yet the order went out
			what = "The connection to Talkover broke off"
		}
		s += " " + what + "; this does not prove that nothing was done."
		if words := e.OwnWords(); words != "" {
			s += " " + words + "."
		}
	}
	s += " Do not place it again before looking whether it is there, in a minute too: " + string(p.look)
	if p.again != "" {
		s += fmt.Sprintf(". If it is not, again_after %q places it", p.again)
	}
	return s
}

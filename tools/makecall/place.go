package makecall

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
	"unicode"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

type Input struct {
	AgentID      string        `json:"agent_id" jsonschema:"maxLength=64"`
	To           string        `json:"to" jsonschema:"maxLength=16" desc:"Number to ring, in E.164: +12025550123."`
	Payload      schema.Object `json:"payload,omitempty" desc:"Values for the agent's prompt."`
	Context      schema.Object `json:"context,omitempty" desc:"Passed on to webhooks." alias:"metadata"`
	DelaySeconds int           `json:"delay_seconds,omitempty" jsonschema:"minimum=0,maximum=3600"`
	IsTesting    bool          `json:"is_testing,omitempty" desc:"A test call, which costs nothing."`
	AgainAfter   string        `json:"again_after,omitempty" jsonschema:"maxLength=64"`
}

// Tags implements [schema.Tagged].
func (Input) Tags() schema.Tags {
	return schema.Tags{
		"agent_id":      `desc:"Agent that is to call; see list_agents." alias:"agent,id"`,
		"to":            `alias:"number,phone,phone_number,search"`,
		"payload":       `alias:"variables,data,params"`,
		"delay_seconds": `desc:"Seconds to wait before it rings." alias:"delay"`,
		"is_testing":    `alias:"test,testing"`,
		"again_after": `alias:"again" ` +
			`desc:"Only where the user wants the same order to ring once more: the id of the call before."`,
	}
}

func (in Input) Rings() string { return in.To }

// Validate implements [schema.Validator].
func (in *Input) Validate() (faults schema.Faults) {
	if in.To != "" && (!answer.IsE164(in.To) || len(in.To) <= answer.LeastToRing) {
		faults.Add("to", "it is not a number in E.164; give + and 8 to 15 digits alone, such as +12025550123")
	}
	if in.AgentID != "" && !talkover.ValidAgentID(in.AgentID) {
		faults.Add("agent_id", "it is not an agent_id, but perhaps a name; list_agents has the ids")
	}
	return faults
}

type Output struct {
	placedCall
	LeftHour int             `json:"left_this_hour" desc:"Calls that may yet be placed this hour."`
	Look     answer.SafeText `json:"look" desc:"How to see what becomes of it."`
	answer.Frame
}

// placedCall holds what Talkover says of a call that it accepted.
type placedCall struct {
	ID        answer.OpaqueID `json:"id"`
	AgentID   answer.OpaqueID `json:"agent_id"`
	To        answer.Phone    `json:"to"`
	Status    string          `json:"status"`
	CreatedAt answer.Moment   `json:"created_at,omitzero"`
}

// Options say how calls may be placed.
type Options struct {
	Codes    talkover.CallingCodes // all numbers if nil
	Most     int                   // calls in any hour, of each caller and each account
	Replicas int                   // that share most where no count is common to them; 1 if 0
	Common   PlacedCalls           // nil for none
	Memory   Memory                // nil for that of this process
	Confirm  string                // [ConfirmAuto] if empty
}

// placer places calls within bounds, and sends an order once and never again.
type placer struct {
	codes   talkover.CallingCodes
	hour    *hourly
	orders  orders
	confirm *confirmation
}

// New makes a placer.
func New(o Options) *placer {
	if o.Memory == nil {
		o.Memory = new(ownMemory)
	}
	return &placer{
		codes:   o.Codes,
		hour:    &hourly{most: o.Most, replicas: o.Replicas, common: o.Common},
		orders:  orders{o.Memory},
		confirm: &confirmation{o.Confirm, o.Memory},
	}
}

// Left returns how many calls may yet be placed by whoever may place the fewest.
func (p *placer) Left() int { return p.hour.fewest(time.Now()) }

// Place places a call, which rings a person's phone and costs money.
func (p *placer) Place(ctx context.Context, q *query.Question, in Input) (*Output, error) {
	if !p.codes.Allow(in.To) {
		return nil, refuse("refused_here", answer.Say(false, "this server rings only numbers that begin with %s "+
			"(TALKOVER_CALL_COUNTRIES). Trying again will not help.", p.codes))
	}
	bound := []string{"account " + string(q.Client.Key("account"))}
	if q.Caller != "" {
		bound = append(bound, "caller "+q.Caller)
	}
	err := p.confirm.check(ctx, q, in,
		func() answer.SafeText { return orderInWords(ctx, q, in) },
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
	id, at := unknownID+rand.Text()[:8], " "+q.Now.Format(time.RFC3339)
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
	var e *talkover.Error
	switch {
	case err == nil:
		p.orders.end(q, in, id+at, cmp.Or(placed.ID, id)+at)
	case errors.As(err, &e) && e.NotDone():
		giveBack()
		p.orders.end(q, in, id+at, last)
		return nil, notPlaced(q, err, false, "")
	case in.IsTesting:
		return nil, notPlaced(q, err, true, "")
	default:
		return nil, notPlaced(q, err, true, id)
	}
	return makeCallAnswer(q, placed, left), nil
}

// orderInWords asks a person whether to place a call. It names the agent as people do,
// where the API tells.
func orderInWords(ctx context.Context, q *query.Question, in Input) answer.SafeText {
	who := answer.Say(q.Masked, "the agent %s", answer.OpaqueID(in.AgentID))
	if agents, err := q.ReadAgents(ctx); err == nil {
		for _, a := range agents.Rows {
			if a.ID == in.AgentID {
				who = answer.Say(q.Masked, "the agent %q (%s)", a.Display(), answer.OpaqueID(in.AgentID))
			}
		}
	}
	s := answer.Say(q.Masked, "Have %s ring %s", who, answer.SafeText(in.To)) // in full: it is the user's to check
	switch {
	case in.DelaySeconds > 0:
		s += answer.Say(q.Masked, " in %d s", in.DelaySeconds)
	default:
		s += " now"
	}
	if in.IsTesting {
		s += "? It is a test call: it rings, and costs nothing."
	} else {
		s += "? A person answers, and the call costs money."
	}
	if in.AgainAfter != "" {
		s += answer.Say(q.Masked, " The same was ordered before, as %s.", answer.OpaqueID(in.AgainAfter))
	}
	if len(in.Payload) > 0 {
		s += " The agent is told: " + shown(in.Payload)
	}
	if len(in.Context) > 0 {
		s += " Webhooks are told: " + shown(in.Context)
	}
	return s
}

// mostShown is how much of a payload, and of a context, a person is shown, in runes.
const mostShown = 2000

// shown writes what an order holds for the person who agrees to it: with all its numbers,
// nothing that cannot be seen, and how much is left out.
func shown(part schema.Object) answer.SafeText {
	var b strings.Builder
	for _, r := range string(part) {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	all := []rune(b.String())
	if more := len(all) - mostShown; more > 0 {
		return answer.SafeText(all[:mostShown]) + answer.Say(false,
			" ... AND %d LETTERS MORE, WHICH ARE NOT SHOWN HERE.", more)
	}
	return answer.SafeText(all)
}

// look writes the call of a tool that shows what became of a placed call.
func look(q *query.Question) answer.SafeText {
	return answer.WrittenCall("list_calls", "direction", "outbound", "date_from", q.Now.UTC().Format(time.DateOnly))
}

// placeCall places the call, and logs it whatever comes of it.
func placeCall(ctx context.Context, q *query.Question, in Input) (talkover.PlacedCall, error) {
	placed, err := q.Client.PlaceCall(ctx, in.AgentID, talkover.CallOrder{
		To: in.To, Payload: json.RawMessage(in.Payload), Context: json.RawMessage(in.Context),
		DelaySeconds: in.DelaySeconds, IsTesting: in.IsTesting,
	})
	q.Log.LogAttrs(ctx, slog.LevelWarn, "make_call", slog.String("agent_id", in.AgentID),
		slog.String("to", answer.MaskNumber(in.To)),
		slog.Bool("is_testing", in.IsTesting), slog.String("id", placed.ID),
		slog.String("outcome", answer.Outcome(err)))
	return placed, err
}

func makeCallAnswer(q *query.Question, placed talkover.PlacedCall, left int) *Output {
	out := &Output{
		placedCall: placedCall{
			ID: answer.OpaqueID(placed.ID), AgentID: answer.OpaqueID(placed.AgentID), To: answer.Phone(placed.To),
			Status:    placed.Status,
			CreatedAt: answer.Second(placed.CreatedAt, q.Zone),
		},
		LeftHour: left, Look: look(q), Frame: q.Frame(),
	}
	if placed.ID == "" {
		out.Note("Talkover took the call but gave it no id.")
	}
	return out
}

func (out *Output) Size() int { return 1 }

func (out *Output) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "The call is placed; %d more may be placed this hour; %s, now %s.\n", out.LeftHour, out.Timezone,
		out.Now)
	out.WriteNotes(&b)
	answer.FieldTable(out.placedCall).Write(&b, false)
	b.WriteString("To see what becomes of it: " + string(out.Look))
	return b.String()
}

// notPlaced says that a call was not placed, or may not have been: it never says to try again where
// it may have been. again is the id that places it once more all the same, "" for none.
func notPlaced(q *query.Question, cause error, perhaps bool, again string) error {
	if !perhaps {
		return &answer.Refusal{
			Outcome: answer.Outcome(cause),
			Words:   answer.SafeText("No call was placed. " + answer.Explain(cause, q.Masked)), Cause: cause,
		}
	}
	words := answer.SafeText("The call may have been placed, or not.")
	var e *talkover.Error
	if errors.As(cause, &e) {
		what := e.Explain("Talkover")
		if e.Reason == talkover.Unreachable { // and yet the order went out
			what = "The connection to Talkover broke off"
		}
		words += answer.Say(q.Masked, " %s; this does not prove that nothing was done.", what)
		if own := e.OwnWords(); own != "" {
			words += answer.Say(q.Masked, " %s.", own)
		}
	}
	words += " Do not place it again before looking whether it is there, in a minute too: " + look(q)
	if again != "" {
		words += answer.Say(q.Masked, ". If it is not, again_after %q places it", answer.OpaqueID(again))
	}
	return &answer.Refusal{Outcome: answer.Outcome(cause), Words: words, Cause: cause}
}

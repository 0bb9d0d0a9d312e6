package tools

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/makecall"
	"github.com/talkover/talkover-mcp/tools/query"
)

// A call of a tool may take so long: one that asks for a page, and one that asks for
// many. Desktop hosts give up on a call after about 60 s.
const (
	pageTime = 25 * time.Second
	longTime = 50 * time.Second
)

// tool describes one kind of question that a model can ask. It takes arguments as In,
// which [schema.NewInput] must take, and answers with Out, the structured half of the
// answer.
type tool[In any, Out reply] struct {
	name        string
	title       string // for people
	description string // for models, at most three sentences
	limit       time.Duration
	chart       bool // hosts of MCP Apps draw its answers
	changes     bool // it does more than read: it is destructive, and calling it twice does it twice
	run         func(ctx context.Context, q *query.Question, in In) (Out, error)
}

// reply is the structured half of an answer. Some hosts show a model this half alone,
// and some the text alone, so each says everything. text writes the other half from what
// the structure holds, after hide has masked that.
type reply interface {
	Text() string
	Size() int // rows
}

// zoned is an input that may ask for a zone; it returns nil if it does not.
type zoned interface{ Zone() *time.Location }

// row implements [registrar].
func (t tool[In, Out]) row() (name string, counts bool) {
	_, counts = any(*new(Out)).(interface {
		Measured() (exactness string, cached, read, counted int)
	})
	return t.name, counts
}

// register adds the tool to a server. Here alone a typed function becomes an MCP tool.
func (t tool[In, Out]) register(s *server.MCPServer, qs *questions) {
	input := schema.NewInput[In]()
	input.Elsewhere(qs.elsewhere(t.name))
	input.Ignore(hostArguments)
	for _, a := range input.Arguments() {
		if !t.changes {
			qs.takes[a.Name] = append(qs.takes[a.Name], t.name)
		}
	}
	m := mcp.NewToolWithRawSchema(t.name, t.description, input.JSON())
	if m.Title = t.title; t.chart && qs.Charts {
		m.Meta = mcp.NewMetaFromMap(map[string]any{"ui": map[string]any{"resourceUri": chartURI}})
	}
	m.RawOutputSchema = schema.Output[Out]()
	yes, reads := true, !t.changes
	m.Annotations = mcp.ToolAnnotation{
		ReadOnlyHint: &reads, DestructiveHint: &t.changes, IdempotentHint: &reads,
		OpenWorldHint: &yes, // Talkover's log grows without us
	}
	s.AddTool(m, func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		ctx, cancel := context.WithTimeout(ctx, t.limit)
		defer cancel()
		ended := qs.observe(t.name)
		ctx, meter := talkover.WithMeter(withProgress(ctx, r))
		if t.changes {
			ctx = makecall.WithRound(ctx, r.Params.MultiRoundTripParams)
		}
		start := time.Now()
		var number string
		out, text, err := t.call(ctx, input, r, qs, &number)
		if err == nil && meter.Requests() > 0 {
			qs.accounts.answered(ctx)
		}
		if err == nil && errors.Is(ctx.Err(), context.Canceled) {
			err = ctx.Err() // the client left, and what there is may be a part
		}
		record := []slog.Attr{
			slog.String("tool", t.name),
			slog.Float64("ms", math.Round(float64(time.Since(start).Microseconds())/10)/100),
			slog.Int("requests", meter.Requests()),
		}
		if number != "" {
			record = append(record, slog.String("number", number))
		}
		if err == nil {
			record = append(record, slog.Int("rows", out.Size()))
		}
		ended(answer.Outcome(err))
		qs.audit(ctx, toolCall, err, record...)
		if needs := (*makecall.NeedsInput)(nil); errors.As(err, &needs) {
			return needs.Result, nil
		}
		if err != nil {
			// mcp-go passes a Go error on to the client word for word, so a failure
			// is a result like any other.
			text := answer.Explain(err, qs.MaskNumbers)
			if qs.Demo {
				text += "\n" + answer.DemoNote
			}
			return mcp.NewToolResultError(text), nil
		}
		return mcp.NewToolResultStructured(out, text), nil
	})
}

// recovered turns a panic into an error with an id, under which the log has the stack.
// It must be deferred.
func (qs *questions) recovered(ctx context.Context, name string, err *error) {
	if p := recover(); p != nil {
		id := rand.Text()[:8]
		qs.Log.ErrorContext(ctx, "panic", "tool", name, "id", id, "panic", p, "stack", string(debug.Stack()))
		*err = answer.Crash(id)
	}
}

// elsewhere returns an explanation of arguments that tools take, but not this one.
func (qs *questions) elsewhere(tool string) func(name string) string {
	return func(name string) string {
		switch others := qs.takes[name]; len(others) {
		case 0:
			return ""
		case 1:
			return fmt.Sprintf("%s has no %s; %s takes it", tool, name, others[0])
		default:
			last := len(others) - 1
			return fmt.Sprintf("%s has no %s; %s and %s take it", tool, name, strings.Join(others[:last], ", "),
				others[last])
		}
	}
}

// call decodes the arguments, runs the tool and makes both halves of the answer. All
// answers of tools leave here, so here their numbers are masked. number becomes what logs
// may show of a number that is to be called.
func (t tool[In, Out]) call(ctx context.Context, input *schema.Input[In], r mcp.CallToolRequest, qs *questions,
	number *string) (out Out, text string, err error) {
	defer qs.recovered(ctx, t.name, &err)
	if _, err := qs.accounts.client(ctx); err != nil { // before the arguments, which would be fixed in vain
		return out, "", err
	}
	args := r.Params.RawArguments
	if args == nil && r.Params.Arguments != nil {
		if args, err = json.Marshal(r.Params.Arguments); err != nil { // a call from within the process
			return out, "", schema.Faults{{Problem: "the arguments are not JSON"}}
		}
	}
	in, err := input.Decode(args, qs.today())
	if err != nil {
		return out, "", err
	}
	if in, ok := any(in).(ringing); ok {
		*number = qs.alias(in.Rings())
	}
	var zone *time.Location
	if z, ok := any(in).(zoned); ok {
		zone = z.Zone()
	}
	q, err := qs.open(ctx, zone)
	if err != nil {
		return out, "", err
	}
	q.Ignored = input.Ignored(args)
	if err := q.CheckSearch(ctx, in); err != nil {
		return out, "", qs.accounts.blame(err)
	}
	if out, err = t.run(ctx, q, in); err != nil {
		return out, "", qs.accounts.blame(err)
	}
	answer.NoneNull(reflect.ValueOf(&out))
	if q.Masked {
		answer.Hide(&out)
	}
	return out, out.Text(), nil
}

// progressKey is the context key of the function that tells a call's progress.
type progressKey struct{}

// progress returns what tells the client how far a call is; nil if the client did not ask for that.
// Calls tell it before each request and never at their end, since a notification right before a
// result may be lost.
func progress(ctx context.Context) func(done, total int, what string) {
	tell, _ := ctx.Value(progressKey{}).(func(int, int, string))
	return tell
}

// withProgress returns a context in which progress reaches the client of a request.
func withProgress(ctx context.Context, r mcp.CallToolRequest) context.Context {
	s := server.ServerFromContext(ctx)
	if s == nil || r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
		return ctx
	}
	var mu sync.Mutex
	last := 0
	return context.WithValue(ctx, progressKey{}, func(done, total int, what string) {
		mu.Lock()
		defer mu.Unlock()
		if done <= last { // requests run side by side, but progress must grow
			return
		}
		last = done
		step := map[string]any{
			"progressToken": r.Params.Meta.ProgressToken, "progress": done, "total": total, "message": what,
		}
		if client, ok := server.ClientSessionFromContext(ctx).(interface{ Notify(string, map[string]any) }); ok {
			client.Notify("notifications/progress", step) // at once, where the library would queue it
			return
		}
		// a client that cannot be reached goes without
		_ = s.SendNotificationToClient(ctx, "notifications/progress", step)
	})
}

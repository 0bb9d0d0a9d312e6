package tools

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

//go:embed metrics.md
var metrics string

const (
	metricsURI = "talkover://metrics"
	csvURI     = "talkover://calls.csv"
	mostRows   = 10_000 // of calls.csv
)

// mostURI bounds the address of a resource, in bytes. The longest one of use has some
// 300.
const mostURI = 1 << 10

// boundURI refuses a request for a longer address before mcp-go looks at it:
// mcp-go v1.2.1 matches addresses against templates in time that grows faster than
// their length, and that nothing can cancel (uritemplate v3.0.2; 4 KB took 0.9 s,
// and 32 KB took 22 s). TestLongAddressesAreRefused would not end without it.
func boundURI(_ context.Context, _ any, message any) error {
	raw, ok := message.(json.RawMessage)
	if !ok || len(raw) <= mostURI {
		return nil
	}
	var m struct {
		Params struct {
			URI string `json:"uri"`
		} `json:"params"`
	}
	_ = json.Unmarshal(raw, &m) // mcp-go has words for what is not right
	if n := len(m.Params.URI); n > mostURI {
		return fmt.Errorf("uri has %d bytes, and may have at most %d; the filters of calls.csv need fewer", n, mostURI)
	}
	return nil
}

// keepPlus takes a plus in the query of an address for a plus, as people paste a number, and not
// for the space that it stands for in forms: no filter has one.
func keepPlus(_ context.Context, _ any, r *mcp.ReadResourceRequest) {
	if address, query, ok := strings.Cut(r.Params.URI, "?"); ok {
		r.Params.URI = address + "?" + strings.ReplaceAll(query, "+", "%2B")
	}
}

// addResources adds the resources, which a host can attach to a conversation.
func addResources(s *server.MCPServer, qs *questions) {
	s.AddResource(mcp.NewResource(metricsURI, "metrics",
		mcp.WithResourceTitle("What the numbers mean"),
		mcp.WithResourceDescription("How each metric is computed, and after which standard."),
		mcp.WithMIMEType("text/markdown"),
	), func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		qs.audit(ctx, resourceRead, nil, slog.String("resource", "metrics"))
		return []mcp.ResourceContents{mcp.TextResourceContents{
			URI: r.Params.URI, MIMEType: "text/markdown",
			Text: strings.Replace(metrics, "{{metrics}}", stats.Glossary(), 1),
		}}, nil
	})
	addChart(s, qs)
	input := schema.NewInput[callFilters]()
	var filters []string
	for _, a := range input.Arguments() {
		filters = append(filters, a.Name)
	}
	s.AddResourceTemplate(mcp.NewResourceTemplate(csvURI+"{?"+strings.Join(filters, ",")+"}", "calls.csv",
		mcp.WithTemplateTitle("Calls as CSV"),
		mcp.WithTemplateDescription("All matching calls, newest first, with every documented field; at most 10,000. "+
			"The first line says what it holds and whether that is all."),
		mcp.WithTemplateMIMEType("text/csv"),
	), func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		ctx, cancel := context.WithTimeout(ctx, longTime)
		defer cancel()
		ended := qs.observe("calls.csv")
		ctx, meter := talkover.WithMeter(ctx)
		text, rows, err := callsCSV(ctx, qs, input, r.Params.URI)
		if err == nil && meter.Requests() > 0 {
			qs.accounts.answered(ctx)
		}
		ended(answer.Outcome(err))
		qs.audit(ctx, resourceRead, err, slog.String("resource", "calls.csv"), slog.Int("requests", meter.Requests()),
			slog.Int("rows", rows))
		if err != nil {
			// mcp-go passes the error on to the client word for word.
			return nil, answer.Answering(err, answer.Explain(err, qs.MaskNumbers))
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "text/csv", Text: text}},
			nil
	})
}

// filtersOf reads the filters of a URI by the rules of the tools.
func filtersOf(input *schema.Input[callFilters], uri, today string) (callFilters, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return callFilters{}, schema.Faults{{Problem: "the address is not a URI"}}
	}
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return callFilters{}, schema.Faults{{Problem: "the query of the address cannot be read"}}
	}
	args := map[string]string{}
	for name, values := range given {
		if len(values) > 1 {
			return callFilters{}, schema.Faults{{Argument: name, Problem: "it is given twice; give it once"}}
		}
		args[name] = values[0]
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return callFilters{}, err
	}
	return input.Decode(raw, today)
}

// callsCSV writes down the newest calls that the filters of a URI let through, as
// find_calls finds them.
func callsCSV(ctx context.Context, qs *questions, input *schema.Input[callFilters], uri string) (text string, rows int,
	err error) {
	defer qs.recovered(ctx, "calls.csv", &err)
	f, err := filtersOf(input, uri, qs.today())
	if err != nil {
		return "", 0, err
	}
	q, err := qs.open(ctx, time.UTC)
	if err != nil {
		return "", 0, err
	}
	if err := q.CheckSearch(ctx, f); err != nil {
		return "", 0, err
	}
	found, err := stats.Find(ctx, q.Calls, stats.Search{Filter: f.filter(), Order: stats.Newest, Limit: mostRows})
	if err != nil {
		return "", 0, qs.accounts.blame(err)
	}
	return sheetHead(q, f, found) + sheet(found.Rows, q.Masked), len(found.Rows), nil
}

// sheetHead writes the first line. It is a comment, which readers of CSV can be told to skip.
func sheetHead(q *query.Question, f callFilters, found *stats.Found) string {
	held, why := answer.Every(len(found.Rows), "call that matches", "calls that match"), answer.SafeText("")
	if more := found.Total > len(found.Rows); more || !found.All || !found.Exact {
		held = "NOT ALL: the newest " + answer.Plural(len(found.Rows), "call that matches", "calls that match")
		if why = q.About(found.Coverage, f.window()); more {
			why = answer.SafeText(fmt.Sprintf("%d is the most that this resource holds", mostRows))
		}
		why = " (" + why + "; narrow the dates for the others)"
	}
	frame := q.Frame()
	line := answer.Say(q.Masked, "# %s (%s), newest first%s; times are UTC; now %s UTC.", held,
		answer.Arguments[callFilters]{Args: f}, why, frame.Now)
	for _, note := range frame.Notes {
		line += " " + note
	}
	return strings.ReplaceAll(string(line), `"`, "'") + "\n" // a quote would trip readers of CSV
}

// sheetColumns hold all documented fields. A moment comes first, so that no line begins
// with the # of a comment.
func sheetColumns(c talkover.Call, add func(string, answer.Cell)) {
	d := newCallDetail(c, time.UTC)
	add("created_at", instant(c.CreatedAt))
	add("updated_at", instant(c.UpdatedAt))
	for _, field := range answer.FieldTable(*d).Rows {
		switch name := field[0].CSV(); name {
		case "created_at", "updated_at":
		default:
			add(strings.ReplaceAll(name, ".", "_"), field[1])
		}
	}
}

// instant shows a moment in UTC, to the last digit that Talkover told.
type instant time.Time

func (i instant) CSV() string { return answer.Formed(time.Time(i).UTC(), time.RFC3339Nano) }

// sheet writes calls down as CSV.
func sheet(calls []talkover.Call, masked bool) string {
	t := answer.NewTable(sheetColumns, calls)
	if masked {
		answer.Hide(&t.Rows)
	}
	var b strings.Builder
	t.WriteAll(&b, false)
	return b.String()
}

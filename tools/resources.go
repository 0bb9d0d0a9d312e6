package tools

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

//go:embed metrics.md
var metrics string

const (
	metricsURI = "talkover://metrics"
	csvURI     = "talkover://calls.csv{?status,direction,agent_id,date_from,date_to,search}"
	mostRows   = 10_000 // of calls.csv
)

// addResources adds what a host can attach to a conversation.
func (c Config) addResources(s *server.MCPServer) error {
	s.AddResource(mcp.NewResource(metricsURI, "metrics",
		mcp.WithResourceTitle("What the numbers mean"),
		mcp.WithResourceDescription("How each metric is computed, and after which standard."),
		mcp.WithMIMEType("text/markdown"),
	), func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "text/markdown", Text: metrics}}, nil
	})
	input, err := schema.NewInput[callFilters]()
	if err != nil {
		return err
	}
	s.AddResourceTemplate(mcp.NewResourceTemplate(csvURI, "calls.csv",
		mcp.WithTemplateTitle("Calls as CSV"),
		mcp.WithTemplateDescription("All matching calls, newest first, with every documented field; at most 10,000. The first line says what it holds and whether that is all."),
		mcp.WithTemplateMIMEType("text/csv"),
	), func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		ctx, cancel := context.WithTimeout(ctx, longTime)
		defer cancel()
		ctx, ended := c.observe(ctx, mcp.MethodResourcesRead, "calls.csv", r.Params.Meta)
		text, err := c.callsCSV(ctx, input, r.Params.URI)
		how := outcome(err)
		ended(how)
		if err != nil {
			// The error reaches the client word for word.
			c.Log.WarnContext(ctx, "resource", "name", "calls.csv", "outcome", how)
			return nil, errors.New(mask(c.MaskNumbers).words(explain(err)))
		}
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "text/csv", Text: text}}, nil
	})
	return nil
}

// filtersOf reads the filters of a URI, by the rules of the tools.
func filtersOf(input *schema.Input[callFilters], uri, today string) (callFilters, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return callFilters{}, schema.Faults{{Problem: "the address is no URI"}}
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

// callsCSV reads all calls that the filters of a URI let through, page by page
// inside the limiter, and writes each down as it comes.
func (c Config) callsCSV(ctx context.Context, input *schema.Input[callFilters], uri string) (text string, err error) {
	defer c.recovered(ctx, "calls.csv", &err)
	f, err := filtersOf(input, uri, c.Now().UTC().Format(time.DateOnly))
	if err != nil {
		return "", err
	}
	if c, err = c.of(ctx); err != nil {
		return "", err
	}
	sheet := &sheet{mask: mask(c.MaskNumbers)}
	reader := stats.Reader{Calls: c.Client, Query: f.query(), Budget: c.budget(), Now: c.Now()}
	coverage, err := reader.Read(ctx, sheet)
	if err != nil {
		return "", err
	}
	return c.sheetHead(f, sheet, coverage) + sheet.String(), nil
}

// sheetHead is the first line: a comment, which readers of CSV can be told to skip.
func (c Config) sheetHead(f callFilters, s *sheet, coverage stats.Coverage) string {
	f.Search, f.AgentID = s.mask.search(f.Search), s.mask.search(f.AgentID)
	held := fmt.Sprintf("all %s", plural(s.rows, "call", "calls"))
	why := ""
	if !coverage.Complete {
		held = fmt.Sprintf("NOT ALL: %d of %s", s.rows, plural(coverage.Matched, "call", "calls"))
		if why = coverage.Reason; s.full {
			why = fmt.Sprintf("%d is the most that this resource holds", mostRows)
		}
		why = " (" + why + "; narrow the dates for the others)"
	}
	line := fmt.Sprintf("# %s that match (%s), newest first%s; times are UTC; now %s UTC.", held, f, why, c.Now().UTC().Format(nowForm))
	for _, note := range c.frame().Notes {
		line += " " + note
	}
	return strings.ReplaceAll(line, `"`, "'") + "\n" // which trips no reader of CSV
}

// sheet is a [stats.Sink] that writes calls down as CSV.
type sheet struct {
	bytes.Buffer
	mask mask
	rows int
	full bool
}

// sheetColumns are all documented fields, a moment first: no line then begins
// with the # of a comment.
var sheetColumns = []string{
	"created_at", "updated_at", "id", "sid", "direction", "status", "duration", "from", "from_formatted", "to", "to_formatted",
	"agent_id", "agent_name", "agent_label", "is_testing",
}

// Reset implements [stats.Sink].
func (s *sheet) Reset() {
	s.Buffer.Reset()
	s.rows, s.full = 0, false
	s.write(sheetColumns)
}

func (s *sheet) write(cells []string) {
	w := csv.NewWriter(&s.Buffer)
	_ = w.Write(cells) // a buffer never fails
	w.Flush()
}

// Add implements [stats.Sink].
func (s *sheet) Add(call talkover.Call) bool {
	if s.full = s.rows == mostRows; s.full {
		return false
	}
	s.rows++
	moment := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	cells := []string{
		moment(call.CreatedAt), moment(call.UpdatedAt), call.ID, call.SID, call.Direction, call.Status, strconv.Itoa(call.Duration),
		s.mask.number(call.From), s.mask.number(call.FromFormatted), s.mask.number(call.To), s.mask.number(call.ToFormatted),
		call.Agent.ID, s.mask.words(call.Agent.Name), s.mask.words(call.Agent.Label), strconv.FormatBool(call.IsTesting),
	}
	for i, cell := range cells {
		cells[i] = csvCell(cell)
	}
	s.write(cells)
	return true
}

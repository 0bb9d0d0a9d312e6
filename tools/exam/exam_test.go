package exam_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/tiktoken-go/tokenizer"

	"github.com/talkover/talkover-mcp/talkover"
	kept "github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/talkover/stats" // to read settings alone
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/tools/exam"
)

// The most that an answer may take, in tokens of o200k, in either half.
const (
	mostMedian  = 500
	mostLargest = 2500
)

// conversation is one with a server over one account.
type conversation struct {
	*client.Client
	log    *callLog // of the account
	now    func() time.Time
	tokens func(string) int // counts
	shown  bool             // an answer that fails; more would hide the errors
}

// converse begins a conversation with a server over an API that allows so many requests a
// minute; 0 for any number. The server keeps days if it is told to.
func converse(t *testing.T, log *callLog, api http.RoundTripper, perMinute int, now func() time.Time,
	keep bool) *conversation {
	t.Helper()
	c,
		err := talkover.New(talkover.Config{
		Token: talkover.NewSecret(sandbox.Token), Transport: api, RateLimit: perMinute,
	})
	if err != nil {
		t.Fatal(err)
	}
	business, err := stats.ParseHours(exam.BusinessHours)
	if err != nil {
		t.Fatal(err)
	}
	config := tools.Config{Client: c, Version: "exam", Zone: exam.Zone(), BusinessHours: business, Now: now}
	if keep {
		config.Logs = kept.New(kept.Options{Calls: kept.DefaultCalls, Now: now})
		t.Cleanup(config.Logs.Close)
	}
	s := tools.New(config)
	mc, err := client.NewInProcessClient(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mc.Close() })
	if _, err := mc.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	return &conversation{Client: mc, log: log, now: now, tokens: counter(t)}
}

// counter counts tokens.
func counter(t *testing.T) func(string) int {
	t.Helper()
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	return func(s string) int {
		n, err := codec.Count(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// answer is that of one call, with its halves parsed.
type answer struct {
	text, structure half
	tokens          int // of the larger half
	call            string
	wait            int // seconds after which to ask again; 0 where that does not help
}

// tryAgain is how an error says that nothing is known yet of what was asked.
var tryAgain = regexp.MustCompile(`Try again in (\d+) s`)

// ask calls a tool, parses both halves of what it answers, and examines every figure in them.
func (c *conversation) ask(t *testing.T, call string) answer {
	t.Helper()
	tool, args, a := parseCall(t, call)
	var r mcp.CallToolRequest
	r.Params.Name, r.Params.Arguments = tool, json.RawMessage(args)
	result, err := c.CallTool(context.Background(), r)
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	text := result.Content[0].(mcp.TextContent).Text
	if wait := tryAgain.FindStringSubmatch(text); result.IsError && wait != nil {
		n, _ := strconv.Atoi(wait[1])
		return answer{tokens: c.tokens(text), call: call, wait: n}
	}
	if result.IsError {
		t.Fatalf("%s: %s", call, text)
	}
	structure := encode(t, result.StructuredContent)
	ans := answer{
		parseText(t, text), parseStructure(t, structure), max(c.tokens(text), c.tokens(string(structure))), call, 0,
	}
	ans.wait = ans.structure.again()
	zone := a.Timezone
	if zone == "" {
		zone = exam.Zone().String()
	}
	same(t, ans)
	for _, h := range []half{ans.text, ans.structure} {
		e := examiner{t, c.log, a, zoneOf(t, zone), moment(c.now().Unix()), h, nil}
		if e.h.zone != zone {
			t.Errorf("%s: the zone of the %s is %s, want %s", call, h.name, h.zone, zone)
		}
		e.answer()
	}
	if t.Failed() && !c.shown {
		c.shown = true
		t.Logf("%s\n%.3000s\n%.3000s", call, text, structure)
	}
	return ans
}

// answer examines an answer of any tool that has figures.
func (e *examiner) answer() {
	e.t.Helper()
	switch e.a.tool {
	case "get_call_stats":
		e.stats()
	case "find_calls":
		e.find()
	case "list_calls":
		e.page()
	case "get_call":
		e.one()
	case "list_agents", "list_campaigns":
		e.listed()
	case "list_numbers":
		e.rented()
	}
}

// encode writes JSON without escapes, as the server does.
func encode(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sit lets the tools answer a question, and looks for its facts in both halves. It asks again
// as long as an answer is about a part, and says when. It returns all answers.
func (c *conversation) sit(t *testing.T, q exam.Question) (all []answer) {
	t.Helper()
	var text, structure half
	for i, call := range q.Calls {
		if call == "next" {
			tool, _, _ := strings.Cut(q.Calls[0], " ")
			if call = tool + " " + all[len(all)-1].structure.next; call == tool+" " {
				t.Fatal("there is no next")
			}
		}
		a := c.ask(t, call)
		all = append(all, a)
		for again := 0; a.wait > 0; again++ {
			if again == mostAgain {
				t.Fatalf("%s: still a part after %d times", call, again)
			}
			time.Sleep(time.Duration(a.wait) * time.Second)
			a = c.ask(t, call)
			all = append(all, a)
		}
		if a.structure.coverage.part || !a.structure.coverage.exact {
			t.Errorf("%s ends with %+v", call, a.structure.coverage)
		}
		if i == 0 {
			text, structure = a.text, a.structure
			continue
		}
		text.rows, structure.rows = append(text.rows, a.text.rows...), append(structure.rows, a.structure.rows...)
	}
	for _, h := range []half{text, structure} {
		e := examiner{t: t, h: h, a: asked{tool: q.Metadata.Name}}
		e.facts(q.Facts)
	}
	return all
}

// mostAgain bounds how often a question is asked again.
const mostAgain = 12

// report holds what a question took.
type report struct {
	name          string
	calls, tokens int // the most tokens of an answer
}

// of returns the questions about an account that have an answer.
func of(t *testing.T, account string) (some []exam.Question) {
	for _, q := range questions(t) {
		if q.Metadata.Labels["account"] == account && q.Facts.Unknowable == "" {
			some = append(some, q)
		}
	}
	return some
}

// TestDemoQuestions asks each question about the demo in a conversation of its own.
func TestDemoQuestions(t *testing.T) {
	var reports []report
	for i, q := range of(t, "demo") {
		if testing.Short() && i%4 > 0 { // the race detector takes ten times as long
			continue
		}
		t.Run(q.Metadata.Name, func(t *testing.T) {
			c := converse(t, logOf(t, "demo"), accounts["demo"]().Transport(), 0, func() time.Time {
				return exam.Now
			}, true)
			reports = append(reports, newReport(q, c.sit(t, q)))
		})
	}
	bars(t, reports)
}

var alone = flag.Bool("alone", false, "ask each question about the large account in a conversation of its own")

// remembered makes each answer of an account once: nothing in the account changes.
type remembered struct {
	api     http.RoundTripper
	answers sync.Map // by URL
}

// page is an answer that was made.
type page struct {
	header http.Header
	body   []byte
}

// RoundTrip implements [http.RoundTripper].
func (m *remembered) RoundTrip(r *http.Request) (*http.Response, error) {
	if a, ok := m.answers.Load(r.URL.String()); ok {
		header, body := a.(page).header.Clone(), a.(page).body
		return &http.Response{
			StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
		}, nil
	}
	res, err := m.api.RoundTrip(r)
	if err != nil || res.StatusCode != http.StatusOK {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	m.answers.Store(r.URL.String(), page{res.Header.Clone(), body})
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, err
}

// TestLargeQuestions asks the questions about the large account in a few conversations, on
// Talkover's standard plan and in virtual time.
func TestLargeQuestions(t *testing.T) {
	logOf(t, "large") // is read outside of the bubbles
	all := of(t, "large")
	var reports []report
	together := 5
	if *alone {
		together = 1
	}
	if testing.Short() {
		all = all[:2]
	}
	pages := &remembered{api: accounts["large"]().Transport()}
	for few := range slices.Chunk(all, together) {
		synctest.Test(t, func(t *testing.T) {
			plan := &exam.Plan{API: pages, Latency: 150 * time.Millisecond}
			c := converse(t, logOf(t, "large"), plan, exam.PerMinute, exam.Clock(), true)
			for _, q := range few {
				reports = append(reports, newReport(q, c.sit(t, q)))
				time.Sleep(5 * time.Second)
			}
			if plan.Refused() > 0 {
				t.Errorf("%d requests were refused", plan.Refused())
			}
		})
	}
	bars(t, reports)
}

// newReport sums up the answers to a question.
func newReport(q exam.Question, all []answer) report {
	r := report{name: q.Metadata.Name, calls: len(all)}
	for _, a := range all {
		r.tokens = max(r.tokens, a.tokens)
	}
	return r
}

// bars holds what the answers took against the bars.
func bars(t *testing.T, reports []report) {
	t.Helper()
	var tokens []int
	for _, r := range reports {
		t.Logf("%-34s %2d calls, %5d tokens", r.name, r.calls, r.tokens)
		tokens = append(tokens, r.tokens)
	}
	slices.Sort(tokens)
	if len(tokens) == 0 {
		return
	}
	median, largest := tokens[len(tokens)/2], tokens[len(tokens)-1]
	t.Logf("%d questions: median %d tokens, largest %d", len(tokens), median, largest)
	if median > mostMedian && !testing.Short() || largest > mostLargest { // a few have no median
		t.Errorf("answers have %d tokens (median) and up to %d, want %d and %d", median, largest, mostMedian,
			mostLargest)
	}
}

// TestWhatCannotBeTold holds that a model is told what the call log has not, before it asks.
func TestWhatCannotBeTold(t *testing.T) {
	c := converse(t, logOf(t, "demo"), accounts["demo"]().Transport(), 0, func() time.Time { return exam.Now }, true)
	hello, err := c.Initialize(t.Context(), mcp.InitializeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var r mcp.ReadResourceRequest
	r.Params.URI = "talkover://metrics"
	glossary, err := c.ReadResource(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, q := range questions(t) {
		word := q.Facts.Unknowable
		if word == "" {
			continue
		}
		n++
		for where, text := range map[string]string{"instructions": hello.Instructions, "glossary": glossary.Contents[0].(mcp.TextResourceContents).Text} {
			if !strings.Contains(text, word) {
				t.Errorf("%s: the %s do not say that there is no %s", q.Spec.Prompt.Inline, where, word)
			}
		}
	}
	if n != 3 {
		t.Errorf("%d questions, want 3", n)
	}
}

package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tiktoken-go/tokenizer"
)

var update = flag.Bool("update", false, "write the measured tokens into the documents")

// counter returns a function that counts the tokens (o200k) of a text.
func counter(t *testing.T) func(string) int {
	t.Helper()
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		t.Fatal(err)
	}
	return func(s string) int {
		t.Helper()
		n, err := codec.Count(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// size holds the tokens that a model reads for one question: all pages of the bridge, and of our one answer the text
// or the structure, which its host decides.
type size struct{ calls, pages, bridge, text, structure int }

// sizes measures sizes with both servers over one API.
type sizes struct {
	tokens      func(string) int
	our, bridge func(tool, arguments string) result
}

func newSizes(t *testing.T) sizes {
	api := newUpstream(t)
	return sizes{counter(t), client(t, "ours", api.url), client(t, "bridge", api.url)}
}

// page measures one page of so many calls.
func (s sizes) page(t *testing.T, rows int) size {
	arguments := fmt.Sprintf(`{"per_page":%d,"page":2}`, rows)
	a, b := s.our("list_calls", arguments), s.bridge("list_calls", arguments)
	return size{rows, 1, s.tokens(b.text(t)), s.tokens(a.text(t)), s.tokens(string(a.Result.StructuredContent))}
}

// question measures the question which share of the calls from a day to yesterday was answered, by agent. Our server
// counts. With the bridge a model must read all calls of the days, in pages of so many rows, and count them itself.
func (s sizes) question(t *testing.T, from string, rows int) size {
	window := fmt.Sprintf(`"date_from":"%s","date_to":"2026-11-04"`, from)
	a := s.our("get_call_stats", "{"+window+`,"group_by":["agent"]}`)
	var stats struct{ Totals struct{ Calls int } }
	if err := json.Unmarshal(a.Result.StructuredContent, &stats); err != nil {
		t.Fatal(err)
	}
	all := size{text: s.tokens(a.text(t)), structure: s.tokens(string(a.Result.StructuredContent))}
	for last := 1; all.pages < last; {
		all.pages++
		body := s.bridge("list_calls", fmt.Sprintf(`{%s,"per_page":%d,"page":%d}`, window, rows, all.pages)).text(t)
		var page struct {
			Data       []json.RawMessage
			Pagination struct {
				Last int `json:"last_page"`
			}
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		last, all.calls, all.bridge = page.Pagination.Last, all.calls+len(page.Data), all.bridge+s.tokens(body)
	}
	if all.calls != stats.Totals.Calls || all.calls == 0 {
		t.Errorf("from %s: the bridge gave %d calls, and we count %d", from, all.calls, stats.Totals.Calls)
	}
	return all
}

const (
	yesterday = "2026-11-04"
	month     = "2026-10-06" // 30 days
)

// Our answers are small, and the documents say how small.
func TestSize(t *testing.T) {
	s := newSizes(t)
	twenty, hundred := s.page(t, 20), s.page(t, 100)
	for _, page := range []size{twenty, hundred} {
		t.Logf("page of %d: bridge %d tokens, our text %d (%.0f %%), our structure %d (%.0f %%)",
			page.calls, page.bridge, page.text, percent(page.text, page.bridge), page.structure,
			percent(page.structure, page.bridge))
		if 3*page.text > page.bridge || 5*page.structure > 2*page.bridge {
			t.Errorf("page of %d: text %d and structure %d tokens, want at most a third and two fifths of %d",
				page.calls, page.text, page.structure, page.bridge)
		}
	}
	questions := map[string]size{}
	for _, from := range []string{yesterday, month} {
		for _, rows := range []int{20, 100} {
			q := newSizes(t).question(t, from, rows) // by a server that has read nothing yet
			t.Logf("from %s, %d calls: bridge %d pages of %d, %d tokens; ours 1 call, text %d tokens, structure %d",
				from, q.calls, q.pages, rows, q.bridge, q.text, q.structure)
			if 5*q.text > q.bridge || 5*q.structure > q.bridge {
				t.Errorf("from %s: text %d and structure %d tokens, want at most a fifth of %d", from, q.text,
					q.structure, q.bridge)
			}
			if rows == 20 {
				questions[from] = q
			}
		}
	}
	day, days := questions[yesterday], questions[month]
	wantRows(t, "../docs/comparison.md",
		fmt.Sprintf("| one page of 20 calls | %s | %s |", n(twenty.bridge), n(twenty.text)),
		fmt.Sprintf("| one page of 100 calls | %s | %s |", n(hundred.bridge), n(hundred.text)),
		fmt.Sprintf("| *What share of yesterday's calls was answered, by agent?* | %d pages, %s, and the model must "+
			"add up %d calls | 1 call, %s, exact |",
			day.pages, n(day.bridge), day.calls, n(day.text)),
		fmt.Sprintf("| the same of the last 30 days | %d pages, %s, more than most models can hold | 1 call, %s, "+
			"exact |", days.pages, n(days.bridge), n(days.text)))
	wantRows(t, "README.md",
		fmt.Sprintf("| tokens of a page of 20: text, structure | %s | %s, %s | |", n(twenty.bridge),
			n(twenty.text), n(twenty.structure)),
		fmt.Sprintf("| tokens of a page of 100: text, structure | %s | %s, %s | |", n(hundred.bridge),
			n(hundred.text), n(hundred.structure)),
		fmt.Sprintf("| share of yesterday's calls that was answered, by agent (%d calls) | %d pages, %s tokens | 1 "+
			"call, %s tokens | |",
			day.calls, day.pages, n(day.bridge), n(day.text)),
		fmt.Sprintf("| the same of 30 days (%s calls) | %d pages, %s tokens | 1 call, %s tokens | |",
			n(days.calls), days.pages, n(days.bridge), n(days.text)))
}

var figure = regexp.MustCompile(`[\d,]*\d`)

// wantRows fails unless a document has each row. With -update it writes their figures into the rows that differ in
// them alone.
func wantRows(t *testing.T, document string, rows ...string) {
	t.Helper()
	b, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	for _, row := range rows {
		found := false
		for i, line := range lines {
			if figure.ReplaceAllString(line, "0") != figure.ReplaceAllString(row, "0") {
				continue
			}
			// Two rows may differ in a figure of their name.
			if name := strings.Split(row, "|")[1]; !strings.HasPrefix(line, "|"+name) &&
				!strings.Contains(name, "calls)") {
				continue
			}
			found = true
			if line != row && !*update {
				t.Errorf("%s: a row should be\n%s\nRun go test -run Size -update if this is meant", document, row)
			}
			lines[i] = row
		}
		if !found {
			t.Errorf("%s: there is no row like\n%s", document, row)
		}
	}
	if *update {
		if err := os.WriteFile(document, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// n writes a number with commas.
func n(number int) string {
	s := strconv.Itoa(number)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }

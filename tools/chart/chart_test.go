package chart_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/tools/chart"
)

// A page of this size leaves a third of what Claude passes on for an answer's sake.
const mostBytes = 350_000

// The page is all there is: hosts let it load nothing and evaluate no text.
func TestThePageIsWholeByItself(t *testing.T) {
	page := chart.Page()
	if n := len(page); n < 100_000 || n > mostBytes {
		t.Errorf("the page has %d bytes, want at most %d, and Plot in it", n, mostBytes)
	}
	for what, pattern := range map[string]string{
		"an address to load from": `(?i)(src|href)\s*=\s*["']?(https?:)?//|@import|url\(\s*["']?(https?:|data:)`,
		"a way to the network":    `\b(fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\(`,
		"text run as code":        `\beval\(|new Function\(|\bFunction\(["'` + "`" + `]`,
	} {
		if found := regexp.MustCompile(pattern).FindString(page); found != "" {
			t.Errorf("the page has %s: %q", what, found)
		}
	}
	if n := strings.Count(page, "<script>"); n != 1 {
		t.Errorf("%d scripts, want 1", n)
	}
}

// An answer with hostile words stays data: it ends no element, and reads back as it was.
func TestAnAnswerInThePageStaysData(t *testing.T) {
	labels := []any{
		"</script><script>alert(1)</script>", "<!--<script>", "]]>", "a\u2028b\u2029c", `"quoted" \ & 'so'`,
		"<!--answer-->", "\u202egnp.exe",
	}
	args := map[string]any{"search": "</script>"}
	page, err := chart.Standalone("find_calls", args, map[string]any{"rows": labels})
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(page, `<script type="application/json" id="answer">`)
	data, rest, closed := strings.Cut(rest, "</script>")
	if !ok || !closed || strings.ContainsAny(data, "<>") {
		t.Fatalf("the answer does not stand in an element of its own: %.300s", data)
	}
	var got struct {
		Tool      string
		Arguments map[string]any
		Result    struct{ Rows []any }
	}
	if err := json.Unmarshal([]byte(data), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(labels, got.Result.Rows); diff != "" || got.Tool != "find_calls" ||
		got.Arguments["search"] != "</script>" {
		t.Errorf("%s %v (-want +got)\n%s", got.Tool, got.Arguments, diff)
	}
	if before+rest == "" || !strings.Contains(before, "default-src 'none'") || strings.Count(rest, "<script>") != 1 {
		t.Errorf("the policy should stand before the answer, and one script behind it:\n%.600s", before)
	}
}

func TestAnAnswerThatIsNoJSONIsAnError(t *testing.T) {
	if page, err := chart.Standalone("find_calls", nil, make(chan int)); err == nil {
		t.Errorf("got a page of %d bytes", len(page))
	}
}

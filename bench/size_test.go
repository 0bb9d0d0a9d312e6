package bench

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tiktoken-go/tokenizer"
)

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

// A model reads the bridge's text, and of our answer the text or the structure: its host decides.
func TestSize(t *testing.T) {
	tokens, api := counter(t), newUpstream(t)
	our, bridge := client(t, "ours", api.url), client(t, "bridge", api.url)
	for _, rows := range []int{20, 100} {
		arguments := fmt.Sprintf(`{"per_page":%d,"page":2}`, rows)
		a, b := our("list_calls", arguments), bridge("list_calls", arguments)
		text, structure, raw := tokens(a.text(t)), tokens(string(a.Result.StructuredContent)), tokens(b.text(t))
		t.Logf("page of %d: bridge %d tokens, our text %d (%.0f %%), our structure %d (%.0f %%)",
			rows, raw, text, percent(text, raw), structure, percent(structure, raw))
		if 3*text > raw || 5*structure > 2*raw {
			t.Errorf("page of %d: text %d and structure %d tokens, want at most a third and two fifths of %d", rows, text, structure, raw)
		}
	}
}

func percent(part, whole int) float64 { return 100 * float64(part) / float64(whole) }

// The question is: which share of the calls of some days was answered, by agent? Our server counts. With the bridge a model
// must read all calls of the days and count them itself.
func TestSizeOfAQuestion(t *testing.T) {
	tokens, api := counter(t), newUpstream(t)
	our, bridge := client(t, "ours", api.url), client(t, "bridge", api.url)
	for days, from := range map[string]string{"yesterday": "2026-11-04", "the last 30 days": "2026-10-06"} {
		window := fmt.Sprintf(`"date_from":"%s","date_to":"2026-11-04"`, from)
		a := our("get_call_stats", "{"+window+`,"group_by":["agent"]}`)
		text, structure := tokens(a.text(t)), tokens(string(a.Result.StructuredContent))
		var stats struct{ Totals struct{ Calls int } }
		if err := json.Unmarshal(a.Result.StructuredContent, &stats); err != nil {
			t.Fatal(err)
		}
		for _, rows := range []int{20, 100} {
			pages, read, raw := 0, 0, 0
			for last := 1; pages < last; {
				pages++
				body := bridge("list_calls", fmt.Sprintf(`{%s,"per_page":%d,"page":%d}`, window, rows, pages)).text(t)
				var page struct {
					Data       []json.RawMessage
					Pagination struct {
						Last int `json:"last_page"`
					}
				}
				if err := json.Unmarshal([]byte(body), &page); err != nil {
					t.Fatal(err)
				}
				last, read, raw = page.Pagination.Last, read+len(page.Data), raw+tokens(body)
			}
			t.Logf("%s, %d calls: bridge %d pages of %d, %d tokens; ours 1 call, text %d tokens, structure %d",
				days, read, pages, rows, raw, text, structure)
			if read != stats.Totals.Calls || read == 0 {
				t.Errorf("%s: the bridge gave %d calls, and we count %d", days, read, stats.Totals.Calls)
			}
			if 5*text > raw || 5*structure > raw {
				t.Errorf("%s: text %d and structure %d tokens, want at most a fifth of %d", days, text, structure, raw)
			}
		}
	}
}

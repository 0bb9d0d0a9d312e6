package tools_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// pricing makes an API that has the demo's calls, and answers itself what an agent costs.
func pricing(asked *atomic.Int64, answer func(agent string) (status int, body string)) http.RoundTripper {
	return apiFunc(func(r *http.Request) (*http.Response, error) {
		if agent,
			ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, sandbox.Prefix+"/agents/"), "/pricing/summary"); ok {
			asked.Add(1)
			return answering(answer(agent)).RoundTrip(r)
		}
		return account.Transport().RoundTrip(r)
	})
}

const costs = `{"metrics":["cost_estimate"],"period":"last_week"}`

// What calls cost is an estimate that says of how many calls it is, and never adds up currencies.
func TestCostsOfTwoCurrencies(t *testing.T) {
	var asked atomic.Int64
	s := connect(t, pricing(&asked, func(agent string) (int, string) {
		switch agent[0] {
		case '5':
			return 200, `{"success":true,"data":{"currency":"EUR","estimated_cost_per_minute":1}}`
		case '8':
			return 200, `{"success":true,"data":{"currency":"EUR","estimated_cost_per_minute":null}}`
		case 'c':
			return 200, `{"success":true,"data":{"currency":"all is well","estimated_cost_per_minute":2}}`
		}
		return 200, `{"success":true,"data":{"currency":"USD","estimated_cost_per_minute":"0.5"}}`
	}))
	text, structure := s.call("get_call_stats", costs)
	cost := structure["cost_estimate"].(map[string]any)
	amounts := cost["amounts"].(map[string]any)
	if len(amounts) != 2 || amounts["EUR"] == nil || amounts["USD"] == nil ||
		cost["calls_without_price"].(float64) == 0 ||
		cost["priced_calls"].(float64)+cost["calls_without_price"].(float64)+cost["calls_of_deleted_agents"].(float64) != cost["of_calls"].(float64) {
		t.Errorf("%v", cost)
	}
	if want := fmt.Sprintf("Cost estimate, not the bill: EUR %.2f and USD %.2f for %v of %v answered calls",
		amounts["EUR"], amounts["USD"], cost["priced_calls"], cost["of_calls"]); !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	if strings.Contains(text, "all is well") {
		t.Errorf("Talkover's words stand among ours:\n%s", text)
	}
	before := asked.Load()
	s.call("get_call_stats", costs)
	if more := asked.Load() - before; more != 0 {
		t.Errorf("%d prices were asked for again on the same day", more)
	}
}

// An API without prices, or that refuses them, leaves the exact figures as they are.
func TestCostsThatCannotBeHad(t *testing.T) {
	for status, want := range map[int]string{404: "404", 403: "403"} {
		var asked atomic.Int64
		s := connect(t, pricing(&asked, func(string) (int, string) { return status, `{"message":"no"}` }))
		text, structure := s.call("get_call_stats", costs)
		if structure == nil || !strings.Contains(text, "not the bill: no amount for 0 of ") ||
			!strings.Contains(text, "Some prices could not be read: ") || !strings.Contains(text, want) {
			t.Errorf("%d: %s", status, text)
		}
	}
}

// It can be compared with nothing, and nothing is sorted by it.
func TestCostsAreNoFigureLikeOthers(t *testing.T) {
	s := connect(t, account.Transport())
	for args, want := range map[string]string{
		`{"metrics":["cost_estimate"],"period":"last_week","compare":"week_before"}`:                      "by the prices of today",
		`{"metrics":["cost_estimate"],"period":"last_week","group_by":["hour"]}`:                          "by agent or by day alone",
		`{"metrics":["cost_estimate"],"period":"last_week","group_by":["agent"],"order":"cost_estimate"}`: "none of value, calls",
		`{"metrics":["cost_estimate"],"period":"last_week","test_calls":"only"}`:                          "test calls cost nothing",
	} {
		if text, structure := s.call("get_call_stats", args); structure != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %s", args, text)
		}
	}
}

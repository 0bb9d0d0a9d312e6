package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/tools"
)

// toolCall matches a call of a tool in a prompt.
var toolCall = regexp.MustCompile(`\d\. (\w+) (\{.*\})`)

// Each call that a prompt names is one that its tool takes, whatever is left out.
func TestPromptsNameCallsThatWork(t *testing.T) {
	s := connect(t, account.Transport())
	list, err := s.ListPrompts(context.Background(), mcp.ListPromptsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list.Prompts {
		names = append(names, p.Name)
		if p.Title == "" || p.Description == "" {
			t.Errorf("%s lacks its title or description", p.Name)
		}
		some, all := map[string]string{}, map[string]string{}
		for _, a := range p.Arguments {
			value := map[string]string{
				"date": "2026-11-03", "date_from": "2026-10-27", "date_to": "2026-11-02", "number": "+12025550103",
				"agent": `Sales`, "period": "last_week", "campaign": "Autumn",
			}[a.Name]
			if a.Name != "period" { // which stands in place of days
				all[a.Name] = value
			}
			if a.Required {
				some[a.Name] = value
			}
			if a.Description == "" || value == "" {
				t.Errorf("%s: %s is not described or not tried", p.Name, a.Name)
			}
		}
		for _, args := range []map[string]string{some, all} {
			text, err := prompted(t, s, p.Name, args)
			if err != nil {
				t.Fatalf("%s %v: %v", p.Name, args, err)
			}
			calls := toolCall.FindAllStringSubmatch(text, -1)
			if len(calls) < 2 || strings.Contains(text, `:""`) {
				t.Errorf("%s %v names %d calls:\n%s", p.Name, args, len(calls), text)
			}
			for _, call := range calls {
				if answer, structure := s.call(call[1], call[2]); structure == nil {
					t.Errorf("%s %v: %s: %s", p.Name, args, call[0], answer)
				}
			}
		}
	}
	want := []string{
		"campaign_review", "client_report", "compare_agents", "contact_history", "daily_report", "review_missed_calls", "weekly_trend",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

func TestPromptsKnowTheDay(t *testing.T) {
	s := connect(t, account.Transport())
	for name, want := range map[string]string{
		"daily_report":        "Report on the phone calls of 2026-11-04.",
		"review_missed_calls": "Review the missed calls from 2026-10-29 to 2026-11-04.",
		"client_report":       "Report on the phone calls from 2026-10-26 to 2026-11-01 to the client",
		"compare_agents":      "Compare the agents from 2026-10-29 to 2026-11-04.",
		"weekly_trend":        "Show the trend of the eight whole weeks from 2026-09-07 to 2026-11-01.",
	} {
		if text, err := prompted(t, s, name, nil); err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: %v, no %q in\n%s", name, err, want, text)
		}
	}
}

func TestPromptsRefuseWhatToolsRefuse(t *testing.T) {
	s := connect(t, account.Transport())
	for want, args := range map[string]map[string]string{
		"not a day of the calendar": {"date": "2026-02-30"},
		"no such argument":          {"dates": "2026-11-03"},
		"at most 120":               {"agent": strings.Repeat("x", 121)},
	} {
		if text, err := prompted(t, s, "daily_report", args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, %s", args, err, text)
		}
	}
	if _, err := prompted(t, s, "contact_history", nil); err == nil ||
		!strings.Contains(err.Error(), "number: it is missing") {
		t.Error(err)
	}
}

func TestCompletions(t *testing.T) {
	s := connect(t, account.Transport())
	for _, test := range []struct {
		name, typed string
		want        []string
	}{
		{"status", "in", []string{"initiated", "ringing"}},
		{"direction", "", []string{"inbound", "outbound"}},
		{"agent", "agent", []string{"Customer Support", "Sales Outreach", "Appointment Reminders", "Patient Intake"}},
		{"agent", "SALES", []string{"Sales Outreach"}},
		{"agent_id", "sales", []string{salesAgent}},
		{"agent_id", "c27d", []string{salesAgent}},
		{"campaign", "winter", []string{"Winter follow-up"}},
		{"campaign", "nobody", []string{}},
		{"number", "+1", []string{}},
		{"date", "yester", []string{"2026-11-04"}},
		{"date_from", "week", []string{"2026-11-02", "2026-10-26"}},
		{"date_to", "month", []string{"2026-11-05", "2026-10-31"}},
		{"period", "month", []string{"this_month", "last_month"}},
	} {
		got := complete(t, s, test.name, test.typed).Completion
		if diff := cmp.Diff(test.want, got.Values); diff != "" || got.Total != len(test.want) || got.HasMore {
			t.Errorf("%s %q: total %d, more %v (-want +got)\n%s", test.name, test.typed, got.Total, got.HasMore, diff)
		}
	}
}

// Names are asked for once a minute, of as many agents as 300, and offered by the
// hundred. What cannot be read is no completion.
func TestCompletionsAreRememberedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		r.api = apiFunc(func(req *http.Request) (*http.Response, error) {
			rows := make([]map[string]any, 100)
			for i := range rows {
				rows[i] = map[string]any{
					"id":   fmt.Sprintf("p%s-%d", req.URL.Query().Get("page"), i),
					"name": fmt.Sprintf("Agent %s-%d", req.URL.Query().Get("page"), i),
				}
			}
			body,
				_ := json.Marshal(map[string]any{
				"data": rows, "meta": map[string]int{"total": 100_000, "last_page": 1000},
			})
			return answering(200, string(body)).RoundTrip(req)
		})
		s := connect(t, r)
		for range 20 {
			got := complete(t, s, "agent", "agent").Completion
			if len(got.Values) != 100 || got.Total != 300 || !got.HasMore {
				t.Fatalf("%d values of %d, more %v", len(got.Values), got.Total, got.HasMore)
			}
		}
		if len(r.requests) != 3 {
			t.Errorf("%d requests, want 3", len(r.requests))
		}
		time.Sleep(time.Minute)
		complete(t, s, "agent_id", "")
		if len(r.requests) != 6 {
			t.Errorf("%d requests after a minute, want 6", len(r.requests))
		}
		s.Close()

		r = &recorder{api: refusing(500, "", "")}
		s = connect(t, r)
		for range 5 {
			if got := complete(t, s, "campaign", ""); len(got.Completion.Values) != 0 {
				t.Errorf("%v", got)
			}
		}
		if len(r.requests) != 3 { // the attempts of one
			t.Errorf("%d requests to an API that fails", len(r.requests))
		}
		s.Close()
	})
}

func TestMaskedCompletions(t *testing.T) {
	body := `{"data":[{"id":"a1","label":"Line +1 202 555 0103"}],"meta":{"total":1,"last_page":1}}`
	got := complete(t, connect(t, answering(200, body), func(c *tools.Config) {
		c.MaskNumbers = true
	}), "agent", "line").Completion.Values
	if len(got) != 1 || strings.Contains(got[0], "202") {
		t.Errorf("%q", got)
	}
}

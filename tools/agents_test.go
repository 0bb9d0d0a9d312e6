package tools_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// alike is an account with two agents labelled Support, two that have all but the id in
// common, and one without a call.
var alike = func() *sandbox.Account {
	a := &sandbox.Account{Agents: []sandbox.Agent{
		{ID: "a1", Name: "support_en", Label: "Support"}, {ID: "a2", Name: "support_es", Label: "support"},
		{ID: "b1", Name: "bot", Label: "Bot"}, {ID: "b2", Name: "bot", Label: "Bot"},
		{ID: "c1", Name: "Idle", Label: "Night shift"},
	}}
	for i := range 40 {
		a.Calls = append(a.Calls, sandbox.Call{
			ID: fmt.Sprint(i), SID: fmt.Sprintf("CA%032d", i), Status: "completed", Direction: "inbound",
			From: fmt.Sprintf("+1202555%04d", i), To: "+12025550100",
			Duration: 10, Agent: &a.Agents[i%4], CreatedAt: day.Add(-time.Duration(i) * time.Hour),
		})
	}
	a.Sort()
	return a
}()

// Agents with the same label are told apart wherever they are shown, and by what is shown
// they are found again.
func TestAgentsOfOneLabelAreToldApart(t *testing.T) {
	s := connect(t, alike.Transport())
	want := map[string]float64{
		"Support (support_en)": 10, "support (support_es)": 10, "Bot (b1)": 10, "Bot (b2)": 10, "Night shift": 0,
	}
	_, structure := s.call("get_call_stats", `{"group_by":["agent"]}`)
	got := map[string]float64{}
	for _, row := range statsRows(structure) {
		got[row["agent"].(string)] = row["calls"].(float64)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
	for label, calls := range want {
		args, _ := json.Marshal(map[string]any{"agent": strings.ToUpper(label), "limit": 50})
		text, found := s.call("find_calls", string(args))
		if found == nil || found["found"] != calls {
			t.Errorf("%s: %s", args, text)
			continue
		}
		for _, row := range statsRows(found) {
			if row["agent"] != label {
				t.Errorf("%s has a row of %v", label, row["agent"])
			}
		}
	}
	_, page := s.call("list_calls", `{"per_page":8}`)
	for _, row := range statsRows(page) {
		if label := row["agent"].(string); want[label] == 0 {
			t.Errorf("list_calls shows %q", label)
		}
	}
	if diff := cmp.Diff([]string{"Support (support_en)", "support (support_es)"},
		complete(t, s, "agent", "supp").Completion.Values); diff != "" {
		t.Error("completions (-want +got)\n" + diff)
	}
}

func TestAnAgentIsFoundByWhatPeopleCallIt(t *testing.T) {
	s := connect(t, account.Transport())
	for _, test := range []struct{ argument, value, want string }{
		{"agent", "Customer Support", support}, {"agent", "customer support", support},
		{"agent", "SUPPORT AGENT", support}, {"agent", support, support},
		{"agent_id", "Sales", salesAgent}, {"agent_name", "outreach", salesAgent}, {"agent_id", salesAgent, salesAgent},
	} {
		text,
			structure := s.call("find_calls",
			fmt.Sprintf(`{%q:%q,"limit":1,"sort":"longest"}`, test.argument, test.value))
		n := 0.0
		for _, c := range account.Calls {
			if c.Agent != nil && c.Agent.ID == test.want {
				n++
			}
		}
		if structure == nil || structure["found"] != n {
			t.Errorf("%s %q: %.300s, want %v calls", test.argument, test.value, text, n)
		}
	}
	text, structure := s.call("find_calls", `{"agent":"(deleted)","limit":1,"sort":"longest"}`)
	n := 0.0
	for _, c := range account.Calls {
		if c.Agent == nil {
			n++
		}
	}
	if structure == nil || structure["found"] != n || n == 0 {
		t.Errorf("deleted: %.300s, want %v calls", text, n)
	}
}

// An agent that is none, or one of several, is an error that says which there are, and no
// call is counted for it.
func TestAnAgentThatIsNoneOrSeveral(t *testing.T) {
	for _, test := range []struct {
		account *sandbox.Account
		agent   string
		want    []string
	}{
		{account, "agent", []string{"4 agents fit", `"Customer Support" (id ` + support + `)`}},
		{account, "sales agnt", []string{"no agent", `"Sales Outreach" (id ` + salesAgent + `)`}},
		{account, "Zoltan", []string{"no agent", "list_agents"}},
		{
			alike, "Support",
			[]string{"2 agents fit", `"Support (support_en)" (id a1)`, `"support (support_es)" (id a2)`},
		},
	} {
		r := &recorder{api: test.account.Transport()}
		s := connect(t, r)
		for _, tool := range []string{"get_call_stats", "find_calls"} {
			args, _ := json.Marshal(map[string]string{"agent": test.agent})
			text, structure := s.call(tool, string(args))
			for _, want := range test.want {
				if structure != nil || !strings.Contains(text, want) {
					t.Errorf("%s %s: no %q in %s", tool, args, want, text)
				}
			}
		}
		for _, req := range r.requests {
			if strings.HasSuffix(req.URL.Path, "/calls") {
				t.Errorf("%s: calls were asked for: %s", test.agent, req.URL)
			}
		}
		if len(r.requests) != 1 {
			t.Errorf("%s: %d requests, want the list of agents once", test.agent, len(r.requests))
		}
	}
}

// The list of agents is kept for a minute.
func TestAgentsAreRememberedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{api: account.Transport()}
		s := connect(t, r)
		lists := func() (n int) {
			for _, req := range r.requests {
				if strings.HasSuffix(req.URL.Path, "/agents") {
					n++
				}
			}
			return n
		}
		for range 3 {
			s.call("get_call_stats", `{"agent":"sales","period":"yesterday"}`)
			s.call("find_calls", `{"agent":"support","period":"yesterday"}`)
		}
		if lists() != 1 {
			t.Errorf("%d lists of agents, want 1", lists())
		}
		time.Sleep(time.Minute)
		s.call("get_call_stats", `{"agent":"sales","period":"yesterday"}`)
		if lists() != 2 {
			t.Errorf("%d lists of agents after a minute, want 2", lists())
		}
		s.Close()
	})
}

// While numbers are masked, an agent is known by what is shown of it: no guess at the digits
// of its label finds more than another.
func TestAMaskedLabelIsNotGuessed(t *testing.T) {
	a := &sandbox.Account{Agents: []sandbox.Agent{
		{ID: "a1", Name: "n", Label: "Line +1 202 555 0103"}, {ID: "a2", Name: "m", Label: "Other"},
	}}
	s := connect(t, a.Transport(), masked)
	for _, digits := range []string{"+1 202 555 0103", "202 555", "202", "01", "0103"} {
		_, there := s.call("find_calls", fmt.Sprintf(`{"agent":"Line %s"}`, digits))
		if there != nil {
			t.Errorf("%q finds the agent", digits)
		}
	}
	text, structure := s.call("find_calls", `{"agent":"line"}`)
	if structure == nil || strings.Contains(text, "202 555") {
		t.Error(text)
	}
	filters := structure["filters"].(map[string]any)
	if again, found := s.call("find_calls", fmt.Sprintf(`{"agent":%q}`, filters["agent"])); found == nil {
		t.Errorf("what is shown is not found again: %s", again)
	}
}

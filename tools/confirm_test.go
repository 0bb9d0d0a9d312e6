package tools_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/tools/makecall"
)

// orders is a server that may place calls, asked as a client of 2026-07-28 does, which
// says in each request whether it can ask its user.
type orders struct {
	t      *testing.T
	server *server.MCPServer
	placed int
}

func newOrders(t *testing.T, change ...func(*tools.Config)) *orders {
	o := &orders{t: t}
	api := sandbox.New(day)
	c := mustClient(t, apiFunc(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPost {
			o.placed++
		}
		return api.Transport().RoundTrip(r)
	}))
	config := tools.Config{Client: c, Version: "test", Now: api.Now, AllowCalls: true, MaxCallsPerHour: 20}
	for _, f := range change {
		f(&config)
	}
	o.server = mustServer(t, config)
	return o
}

// answered is what a client reads: words, or a question with a state.
type answered struct {
	ResultType    string `json:"resultType"`
	RequestState  string `json:"requestState"`
	IsError       bool   `json:"isError"`
	Content       []struct{ Text string }
	InputRequests map[string]struct {
		Method string
		Params struct {
			Message         string
			RequestedSchema map[string]any
		}
	} `json:"inputRequests"`
}

func (a answered) text() string {
	if len(a.Content) == 0 {
		return a.ResultType
	}
	return a.Content[0].Text
}

// order asks for a call. answer is what the user says to the question, "" before it.
func (o *orders) order(capabilities, args, state, answer string) answered {
	o.t.Helper()
	round := ""
	if state != "" {
		round = fmt.Sprintf(`,"requestState":%q`, state)
	}
	if answer != "" {
		round += fmt.Sprintf(`,"inputResponses":{"confirm":{"action":%q}}`, answer)
	}
	message := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"make_call",`+
		`"arguments":%s%s,"_meta":{`+
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t",`+
		`"version":"1"},`+
		`"io.modelcontextprotocol/clientCapabilities":%s}}}`, args, round, capabilities)
	b, err := json.Marshal(o.server.HandleMessage(context.Background(), json.RawMessage(message)))
	if err != nil {
		o.t.Fatal(err)
	}
	var response struct {
		Result *answered
		Error  any
	}
	if err := json.Unmarshal(b, &response); err != nil || response.Result == nil {
		o.t.Fatalf("%s: %v", b, err)
	}
	return *response.Result
}

const (
	canAsk    = `{"elicitation":{}}`
	cannotAsk = `{}`
	anOrder   = `{"agent_id":"` + salesAgent + `","to":"+12025550123","payload":{"name":"Ann"}}`
)

// The user is asked first, and only the order that was shown goes out, once.
func TestTheUserIsAskedBeforeAnybodyIsRung(t *testing.T) {
	o := newOrders(t)
	asked := o.order(canAsk, anOrder, "", "")
	question := asked.InputRequests["confirm"]
	if asked.ResultType != "input_required" || question.Method != "elicitation/create" ||
		question.Params.RequestedSchema["type"] != "object" {
		t.Fatalf("%+v", asked)
	}
	const want = `Have the agent "Sales Outreach" (` + salesAgent +
		`) ring +12025550123 now? A person answers, and the call costs money. The agent is told: {"name":"Ann"}`
	if got := question.Params.Message; got != want {
		t.Errorf("the user is asked\n%s\nwant\n%s", got, want)
	}
	refused := func(name, args, state, answer, want string) {
		t.Helper()
		if got := o.order(canAsk, args, state, answer); !got.IsError ||
			!strings.HasPrefix(got.text(), "No call was placed: ") || !strings.Contains(got.text(), want) ||
			o.placed != 0 {
			t.Errorf("%s: %d placed, %s", name, o.placed, got.text())
		}
	}
	other := strings.Replace(anOrder, "0123", "0124", 1)
	refused("another number", other, asked.RequestState, "accept", "not of this order")
	refused("another payload", strings.Replace(anOrder, "Ann", "Bob", 1), asked.RequestState, "accept",
		"not of this order")
	refused("a forged state", anOrder, asked.RequestState[:len(asked.RequestState)-2]+"xx", "accept",
		"not of this order")
	refused("no state of ours", anOrder, "x", "accept", "not of this order")
	refused("no answer", anOrder, o.order(canAsk, anOrder, "", "").RequestState, "", "missing")
	refused("declined", anOrder, o.order(canAsk, anOrder, "", "").RequestState, "decline", "declined")
	refused("cancelled", anOrder, o.order(canAsk, anOrder, "", "").RequestState, "cancel", "did not answer")

	if got := o.order(canAsk, anOrder, asked.RequestState, "accept"); got.IsError || o.placed != 1 ||
		!strings.Contains(got.text(), "The call is placed") {
		t.Errorf("%d placed: %s", o.placed, got.text())
	}
	if got := o.order(canAsk, anOrder, asked.RequestState, "accept"); !got.IsError || o.placed != 1 {
		t.Errorf("a confirmation was used twice: %d placed, %s", o.placed, got.text())
	}
}

// A confirmation holds for five minutes.
func TestAConfirmationExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrders(t)
		another := strings.Replace(anOrder, "0123", "0124", 1)
		first, second := o.order(canAsk, anOrder, "", ""), o.order(canAsk, another, "", "")
		time.Sleep(4 * time.Minute) // of virtual time
		if got := o.order(canAsk, anOrder, first.RequestState, "accept"); got.IsError {
			t.Errorf("after 4 minutes: %s", got.text())
		}
		time.Sleep(2 * time.Minute)
		if got := o.order(canAsk, another, second.RequestState, "accept"); !strings.Contains(got.text(),
			"older than 5 minutes") || o.placed != 1 {
			t.Errorf("after 6 minutes: %d placed, %s", o.placed, got.text())
		}
	})
}

// Who is asked, by TALKOVER_CONFIRM_CALLS and what the client can do.
func TestWhoIsAsked(t *testing.T) {
	for _, test := range []struct{ when, capabilities, want string }{
		{makecall.ConfirmAuto, canAsk, "input_required"},
		{makecall.ConfirmAuto, `{"elicitation":{"form":{},"url":{}}}`, "input_required"},
		{makecall.ConfirmAuto, `{"elicitation":{"url":{}}}`, "The call is placed"},
		{makecall.ConfirmAuto, cannotAsk, "The call is placed"},
		{makecall.ConfirmAlways, canAsk, "input_required"},
		{makecall.ConfirmAlways, cannotAsk, "TALKOVER_CONFIRM_CALLS=always"},
		{
			makecall.ConfirmAlways, cannotAsk, "Where a person approves each call elsewhere, whoever runs this " +
				"server may set TALKOVER_CONFIRM_CALLS=never.",
		},
		{makecall.ConfirmNever, canAsk, "The call is placed"},
	} {
		o := newOrders(t, func(c *tools.Config) { c.ConfirmCalls = test.when })
		if got := o.order(test.capabilities, anOrder, "", ""); !strings.Contains(got.text(), test.want) {
			t.Errorf("%s, %s: %s", test.when, test.capabilities, got.text())
		}
	}
}

// Nobody is asked in vain: not about a number that may not be rung, nor when the hour
// has no call left.
func TestNobodyIsAskedInVain(t *testing.T) {
	codes, err := talkover.ParseCallingCodes("44,-4490")
	if err != nil {
		t.Fatal(err)
	}
	o := newOrders(t, func(c *tools.Config) { c.CallingCodes = codes })
	got := o.order(canAsk, anOrder, "", "")
	if want := "only numbers that begin with +44, not +4490 (TALKOVER_CALL_COUNTRIES)"; !strings.Contains(got.text(),
		want) || o.placed != 0 {
		t.Errorf("%d placed: %s", o.placed, got.text())
	}
	o = newOrders(t, func(c *tools.Config) { c.MaxCallsPerHour = 0 })
	if got := o.order(canAsk, anOrder, "", ""); !strings.Contains(got.text(), "at most 0 an hour") {
		t.Error(got.text())
	}
}

// Each caller has a bound of its own, and so has the account that they share.
func TestCallersDoNotUseUpEachOthersCalls(t *testing.T) {
	caller := "ann"
	o := newOrders(t, func(c *tools.Config) {
		c.MaxCallsPerHour = 2
		c.CallerOf = func(context.Context) string { return caller }
	})
	n := 0
	place := func(want string) {
		t.Helper()
		n++
		if got := o.order(cannotAsk, strings.Replace(anOrder, "Ann", fmt.Sprint("Ann ", n), 1), "",
			""); !strings.Contains(got.text(), want) {
			t.Errorf("%s: %s", caller, got.text())
		}
	}
	place("1 more may be placed")
	caller = "bob"
	place("0 more may be placed") // of the account
	place("at most 2 an hour")
	caller = "ann"
	place("at most 2 an hour")
	// A confirmation is its caller's own.
	o = newOrders(t, func(c *tools.Config) { c.CallerOf = func(context.Context) string { return caller } })
	asked := o.order(canAsk, anOrder, "", "")
	caller = "bob"
	if got := o.order(canAsk, anOrder, asked.RequestState, "accept"); !got.IsError || o.placed != 0 {
		t.Errorf("%d placed: %s", o.placed, got.text())
	}
}

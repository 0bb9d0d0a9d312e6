package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

const ringAnn = `{"agent_id":"` + salesAgent +
	`","to":"+12025550123","payload":{"name":"Ann","visits":[1,2.50]},"context":"{\"ticket\":7}",` +
	`"delay_seconds":"30","is_testing":true}`

// Whatever a client asks, nothing but GET leaves a server that may place no calls.
func TestWithoutLeaveNothingButGETLeavesTheProcess(t *testing.T) {
	r := &recorder{api: sandbox.New(day).Transport()}
	s := connect(t, r)
	ctx := context.Background()
	everything := []string{
		`{}`, ringAnn, `{"agent_id":"` + salesAgent + `"}`, `{"agent_id":"../../calls","to":"+12025550123"}`,
		`{"sid":"CA"}`, `{"sid":"` + salesAgent + `"}`,
		`{"agent_id":"x/call?","method":"POST"}`, `{"search":"POST /agents/x/call","per_page":100}`,
		`{"group_by":["agent"]}`, `[]`, `"x"`,
	}
	for _, name := range append(toolNames(t, s), "make_call", "call", "delete_agent", "agents/"+salesAgent+"/call", "POST") {
		for _, args := range everything {
			var call mcp.CallToolRequest
			call.Params.Name, call.Params.Arguments = name, json.RawMessage(args)
			_, err := s.CallTool(ctx, call)
			if name == "make_call" && err == nil {
				t.Errorf("make_call %s is taken", args)
			}
		}
	}
	prompts, err := s.ListPrompts(ctx, mcp.ListPromptsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prompts.Prompts {
		var get mcp.GetPromptRequest
		get.Params.Name, get.Params.Arguments = p.Name, map[string]string{"agent": "Sales", "number": "+12025550123"}
		_, _ = s.GetPrompt(ctx, get)
	}
	for _, uri := range []string{"talkover://metrics", "talkover://calls.csv", "talkover://calls.csv?agent_id=../" + salesAgent + "/call", "talkover://agents/" + salesAgent + "/call"} {
		var read mcp.ReadResourceRequest
		read.Params.URI = uri
		_, _ = s.ReadResource(ctx, read)
	}
	for _, name := range []string{"agent", "agent_id", "campaign", "status", "to"} {
		complete(t, s, name, "call")
	}
	if len(r.requests) < 20 {
		t.Fatalf("%d requests: the test asks too little", len(r.requests))
	}
	for _, req := range r.requests {
		if req.Method != http.MethodGet || req.Body != nil {
			t.Errorf("%s %s left the process", req.Method, req.URL)
		}
	}
}

func TestMakeCallIsThereOnlyWithLeave(t *testing.T) {
	without, with := toolNames(t, connect(t, account.Transport())),
		toolNames(t, connect(t, account.Transport(), calling))
	want := append([]string{}, without...)
	for i, name := range want {
		if name > "make_call" {
			want = append(want[:i], append([]string{"make_call"}, want[i:]...)...)
			break
		}
	}
	if want[len(want)-1] < "make_call" {
		want = append(want, "make_call")
	}
	if diff := cmp.Diff(want, with); diff != "" || len(with) != len(without)+1 {
		t.Error("(-want +got)\n" + diff)
	}
	list, err := connect(t, account.Transport(), calling).ListTools(context.Background(), mcp.ListToolsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range list.Tools {
		reads := tool.Name != "make_call"
		if a := tool.Annotations; *a.ReadOnlyHint != reads || *a.DestructiveHint == reads ||
			*a.IdempotentHint != reads || !*a.OpenWorldHint {
			t.Errorf("%s: hints %v %v %v %v", tool.Name, *a.ReadOnlyHint, *a.DestructiveHint, *a.IdempotentHint,
				*a.OpenWorldHint)
		}
	}
}

// In the demo the call is the newest of the log from then on.
func TestAPlacedCallIsInTheLog(t *testing.T) {
	a := sandbox.New(day)
	r := &recorder{api: a.Transport()}
	s := connect(t, r, calling, func(c *tools.Config) { c.Now = a.Now })
	text, structure := s.call("make_call", ringAnn)
	if err := compiled(t, s)["make_call"].Validate(structure); err != nil {
		t.Error(err)
	}
	if len(r.requests) != 1 || r.requests[0].Method != http.MethodPost || r.requests[0].URL.Path != "/api/v1/agents/"+
		salesAgent+"/call" {
		t.Fatalf("%d requests, first %s %s", len(r.requests), r.requests[0].Method, r.requests[0].URL)
	}
	for _, want := range []string{"The call is placed; 19 more", "to,+12025550123", "status,initiated", `list_calls {"direction":"outbound","date_from":"2026-11-05"}`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	_, args, _ := strings.Cut(structure["look"].(string), " ")
	_, structure = s.call("list_calls", args)
	newest := structure["rows"].([]any)[0].([]any)
	if got := fmt.Sprint(newest); !strings.Contains(got, "outbound +442079460018 +12025550123 initiated 0 Sales "+
		"Outreach CA") || !strings.HasSuffix(got, " true]") {
		t.Errorf("the newest call is %v", newest)
	}
}

func TestWhatIsAskedOfTalkoverIsWhatWasOrdered(t *testing.T) {
	body := ""
	api := apiFunc(func(r *http.Request) (*http.Response, error) {
		b, _ := io.ReadAll(r.Body)
		body = r.Header.Get("Content-Type") + " " + string(b)
		return answering(200, `{"success":true,"data":{"id":"c1","agent_id":"a1","to":"+12025550123",`+
			`"status":"queued"}}`).RoundTrip(r)
	})
	text, _ := connect(t, api, calling).call("make_call", ringAnn)
	const want = `application/json {"to":"+12025550123","payload":{"name":"Ann","visits":[1,2.50]},` +
		`"context":{"ticket":7},"delay_seconds":30,"is_testing":true}`
	if body != want || !strings.Contains(text, "id,c1") || !strings.Contains(text, "status,queued") {
		t.Errorf("sent\n%s\nwant\n%s\nanswer %s", body, want, text)
	}
}

func TestWrongOrdersNeverLeave(t *testing.T) {
	for args, want := range map[string]string{
		`{}`: "to: it is missing",
		`{"agent_id":"` + salesAgent +
			`","to":"911"}`: "not a number in E.164",
		`{"agent_id":"` + salesAgent +
			`","to":"+1 202 555 0123"}`: "not a number in E.164",
		`{"agent_id":"` + salesAgent +
			`","to":"2025550123"}`: "not a number in E.164",
		`{"agent_id":"` + salesAgent +
			`","to":"+02025550123"}`: "not a number in E.164",
		`{"agent_id":"Sales Agent","to":"+12025550123"}`: "list_agents",
		`{"agent_id":"../calls","to":"+12025550123"}`:    "not an agent_id",
		`{"agent_id":"` + salesAgent +
			`","to":"+12025550123","delay_seconds":3601}`: "0 to 3600",
		`{"agent_id":"` + salesAgent +
			`","to":"+12025550123","payload":[1]}`: "must be an object",
		`{"agent_id":"` + salesAgent +
			`","to":"+12025550123","payload":"x"}`: "not a valid JSON object",
		`{"agent_id":"` + salesAgent +
			`","to":"+12025550123","when":"now"}`: "no such argument",
		`{"agent_id":"` + salesAgent +
			`","to":"+12025550123","payload":{"a":1,"a":2}}`: "given twice",
		`{"agent_id":"` + salesAgent + `","to":"+12025550123","payload":{"a":"` + strings.Repeat("x", 17<<10) +
			`"}}`: "at most 16384",
	} {
		r := &recorder{api: account.Transport()}
		text, _ := connect(t, r, calling).call("make_call", args)
		if len(r.requests) != 0 || !strings.Contains(text, want) {
			t.Errorf("%.150s: %d requests, %s", args, len(r.requests), text)
		}
	}
}

// However it fails, a call is asked for once; and where it may have been placed, the
// words say so, and never to try again.
func TestAFailedCallIsNeverAskedForTwice(t *testing.T) {
	never := apiFunc(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	for name, test := range map[string]struct {
		api     http.RoundTripper
		perhaps bool
		want    string
	}{
		"no answer":      {never, true, "Talkover did not answer in time"},
		"broken off":     {breaking(syscall.ECONNRESET), true, "broke off"},
		"hung up":        {failing(io.EOF), true, "broke off"},
		"a 500":          {refusing(500, "", "oops"), true, "500 Internal Server Error"},
		"a 503":          {refusing(503, "Retry-After: 1", ""), true, "503 Service Unavailable"},
		"a proxy's page": {answering(200, "<html>"), true, "200 OK"},
		"a redirect":     {refusing(302, "Location: /x", ""), true, "302 Found"},
		"no credits": {
			refusing(402, "", `{"success":false,"error":{"code":"INSUFFICIENT_CREDITS","message":"No credits."}}`),
			false, "No credits.",
		},
		"no such agent": {
			refusing(404, "", `{"success":false,"error":{"code":"AGENT_NOT_FOUND","message":"Agent not found."}}`),
			false, "no agent with this agent_id",
		},
		"a draft": {
			refusing(400, "", `{"success":false,"error":{"code":"AGENT_INACTIVE","message":"The agent is not `+
				`active."}}`), false, "not published",
		},
		"the limit": {refusing(429, "Retry-After: 7", ""), false, "7 s"},
		"a failed success": {
			answering(200, `{"success":false,"message":"No."}`), true,
			`Talkover answered 200 OK but says that it failed; this does not prove that nothing was done. ` +
				`Talkover's own words: "No.".`,
		},
		"a conflict": {
			refusing(409, "", `{"message":"Already ordered."}`), true,
			`409 Conflict; this does not prove that nothing was done. Talkover's own words: "Already ordered.".`,
		},
		"a code with 202": {answering(202, `{"code":"QUEUE_FULL"}`), true, "202 Accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n atomic.Int64
				s := connect(t, apiFunc(func(r *http.Request) (*http.Response, error) {
					n.Add(1)
					return test.api.RoundTrip(r)
				}), calling)
				text, structure := s.call("make_call", ringAnn)
				if n.Load() != 1 || structure != nil {
					t.Errorf("%d requests", n.Load())
				}
				if !strings.Contains(text, test.want) {
					t.Errorf("no %q in %s", test.want, text)
				}
				if test.perhaps {
					if !strings.Contains(text, "may have been placed") || !strings.Contains(text, "list_calls {") ||
						strings.Contains(strings.ToLower(text), "try again") {
						t.Error(text)
					}
				} else if !strings.HasPrefix(text, "No call was placed.") {
					t.Error(text)
				}
				s.Close()
			})
		})
	}
}

// So many calls in any hour, and no more; one that was refused does not count, and
// one that may have been placed does.
func TestCallsAreBoundByTheHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := answering(200, `{"id":"c1","status":"queued"}`)
		api := apiFunc(func(r *http.Request) (*http.Response, error) { return answer.RoundTrip(r) })
		s := connect(t, api, func(c *tools.Config) { c.AllowCalls, c.MaxCallsPerHour = true, 2 })
		defer s.Close()
		order := func(want string) {
			t.Helper()
			if text, _ := s.call("make_call", ringAnn); !strings.Contains(text, want) {
				t.Errorf("no %q in %s", want, text)
			}
		}
		order("1 more may be placed")
		answer = refusing(402, "", "")
		order("402")
		answer = refusing(500, "", "")
		time.Sleep(10 * time.Minute)
		order("may have been placed")
		answer = answering(200, `{"id":"c2"}`)
		order("at most 2 an hour (TALKOVER_MAX_CALLS_PER_HOUR). The next may be placed in 51 min.")
		time.Sleep(50 * time.Minute)
		order("0 more may be placed")
		order("The next may be placed in 11 min.")
	})
	text, _ := connect(t, account.Transport(), func(c *tools.Config) { c.AllowCalls = true }).call("make_call", ringAnn)
	if !strings.Contains(text, "at most 0 an hour") {
		t.Error(text)
	}
}

func TestEachPlacementIsInTheLogWithoutItsNumber(t *testing.T) {
	for _, api := range []http.RoundTripper{answering(200, `{"id":"c1"}`), refusing(500, "", "")} {
		var lines bytes.Buffer
		s := connect(t, api, calling, func(c *tools.Config) { c.Log = slog.New(slog.NewJSONHandler(&lines, nil)) })
		s.call("make_call", ringAnn)
		if got := lines.String(); !strings.Contains(got, `"level":"WARN","msg":"make_call","agent_id":"`+salesAgent+
			`","to":"********0123"`) || strings.Contains(got, "2025550123") {
			t.Error(got)
		}
	}
}

package sandbox_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

func TestAPlacedCallIsTheNewest(t *testing.T) {
	a := sandbox.New(day)
	sales, draft := a.Agents[2], a.Agents[4]
	before := len(a.Calls)
	for _, test := range []struct {
		agent, body string
		status      int
		code        string
	}{
		{"nobody", `{"to":"+12025550123"}`, 404, "AGENT_NOT_FOUND"},
		{draft.ID, `{"to":"+12025550123"}`, 400, "AGENT_INACTIVE"},
		{sales.ID, `{}`, 400, "MISSING_PHONE_NUMBER"},
		{sales.ID, `[`, 400, "MISSING_PHONE_NUMBER"},
		{sales.ID, `{"to":"2025550123"}`, 400, "INVALID_PHONE_NUMBER"},
		{sales.ID, `{"to":"+12025550123","delay_seconds":3601}`, 422, ""},
	} {
		status, body := ask(t, a, http.MethodPost, "/agents/"+test.agent+"/call", test.body)
		code := ""
		if e, ok := body["error"].(map[string]any); ok {
			code = e["code"].(string)
		}
		if status != test.status || code != test.code {
			t.Errorf("%s %s: %d %v", test.agent, test.body, status, body)
		}
	}
	if status, _ := ask(t, a, http.MethodGet, "/agents/"+sales.ID+"/call", ""); status != http.StatusMethodNotAllowed || len(a.Calls) != before {
		t.Errorf("GET: %d; %d calls more", status, len(a.Calls)-before)
	}
	// Side by side, while the log is read.
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() { ask(t, a, http.MethodPost, "/agents/"+sales.ID+"/call", `{"to":"+491","is_testing":true}`) })
		wait.Go(func() {
			ask(t, a, http.MethodPost, "/agents/"+sales.ID+"/call", `{"to":"+4915112345","is_testing":true}`)
		})
		wait.Go(func() { ask(t, a, http.MethodGet, "/calls", "") })
	}
	wait.Wait()
	_, body := ask(t, a, http.MethodGet, "/calls?per_page=1", "")
	row := body["data"].([]any)[0].(map[string]any)
	if len(a.Calls) != before+8 || row["to"] != "+4915112345" || row["direction"] != "outbound" || row["is_testing"] != true || row["agent"].(map[string]any)["id"] != sales.ID {
		t.Errorf("%d calls more, the newest %v", len(a.Calls)-before, row)
	}
}

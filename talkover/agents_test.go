package talkover_test

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestAnAgentIsShownByWhatItHas(t *testing.T) {
	for want, agent := range map[string]talkover.Agent{
		"":      {},
		"a1":    {ID: "a1"},
		"Name":  {ID: "a1", Name: "Name"},
		"Label": {ID: "a1", Name: "Name", Label: "Label"},
	} {
		if got := agent.Display(); got != want {
			t.Errorf("%+v is shown as %q, want %q", agent, got, want)
		}
	}
}

func TestAnAgentsNumbersAreRead(t *testing.T) {
	body := `{"data":[{"id":"a1","phone_numbers":[{"id":1,"number":"+12025550100","formatted_number":"x"},"+12025550142",{"number":null},7,null]},
		{"id":"a2","phone_numbers":null},{"id":"a3","phone_numbers":{}}],"meta":{"total":3}}`
	page, err := newClient(t, talkover.Config{Transport: answer{200, body}}).ListAgents(context.Background(), talkover.AgentQuery{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"+12025550100", "+12025550142", "7"}, page.Rows[0].Numbers); diff != "" || page.Rows[1].Numbers != nil || page.Rows[2].Numbers != nil {
		t.Error(diff, page.Rows)
	}
}

func TestAgentsThatCannotBeAreNotFound(t *testing.T) {
	var n atomic.Int64
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) { n.Add(1); io.WriteString(w, emptyPage) })
	client := newClient(t, talkover.Config{BaseURL: base})
	for _, id := range []string{"", ".", "..", "../calls", "a/b", "a?b", "a%2Fb", "a b", "ä"} {
		_, err := client.ListAgentCalls(context.Background(), id, talkover.CallQuery{})
		if e := apiError(t, err); e.Code != talkover.AgentNotFound || e.Status != http.StatusNotFound {
			t.Errorf("%q: %v", id, err)
		}
		_, err = client.PlaceCall(context.Background(), id, talkover.CallOrder{To: "+12025550123"})
		if e := apiError(t, err); e.Code != talkover.AgentNotFound || !e.NotDone() {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n.Load() != 0 {
		t.Errorf("%d requests", n.Load())
	}
}

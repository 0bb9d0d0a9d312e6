package tools_test

import (
	"net/http"
	"strings"
	"testing"
)

// An agent may stand in a row that could not be read, or on a page that came empty.
// So an incomplete list of agents proves nothing about the agents that it lacks.
func TestAnAgentThatWasNotReadIsNotDenied(t *testing.T) {
	const id = "5b0c6a52"
	for name, agents := range map[string]string{
		"a row that cannot be read": `{"data":["` + id +
			`"],"meta":{"current_page":1,"last_page":1,"per_page":100,"total":1}}`,
		"an empty page before the end": `{"data":[],"meta":{"current_page":1,"last_page":2,"per_page":100,` +
			`"total":101}}`,
		"rows that are missing": `{"data":[{"id":"a1","name":"Sales"}],"meta":{"current_page":1,"last_page":1,` +
			`"per_page":100,"total":2}}`,
	} {
		api := apiFunc(func(r *http.Request) (*http.Response, error) {
			body := `{"data":[],"pagination":{"current_page":1,"last_page":1,"per_page":20,"total":0}}`
			if strings.HasSuffix(r.URL.Path, "/agents") {
				body = agents
			}
			return answering(200, body).RoundTrip(r)
		})
		text, _ := connect(t, api).call("list_calls", `{"agent_id":"`+id+`"}`)
		if !strings.Contains(text, "There is an agent with this agent_id. It has no calls that fit.") ||
			strings.Contains(text, "no agent") {
			t.Errorf("%s:\n%s", name, text)
		}
	}
}

package sandbox_test

import (
	"net/http"
	"testing"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// Two agents may share a number, and then its id; no two numbers share one.
func TestEachPhoneNumberHasItsID(t *testing.T) {
	_, body := ask(t, sandbox.New(day), http.MethodGet, "/agents", "")
	ids, numbers := map[any]any{}, map[any]any{}
	for _, row := range body["data"].([]any) {
		for _, n := range row.(map[string]any)["phone_numbers"].([]any) {
			n := n.(map[string]any)
			id, number := n["id"], n["number"]
			if other, ok := numbers[id]; ok && other != number {
				t.Errorf("id %v is of %v and of %v", id, other, number)
			}
			if other, ok := ids[number]; ok && other != id {
				t.Errorf("%v has the ids %v and %v", number, other, id)
			}
			ids[number], numbers[id] = id, number
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d numbers: %v", len(ids), ids)
	}
}

package tools_test

import (
	"strings"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// A call that rings for days does not go on: answers say so, in both halves, and since when.
func TestCallsThatAreOpenForHoursAreSaidToBeStale(t *testing.T) {
	moment := time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)
	account := &sandbox.Account{}
	for i, ago := range []time.Duration{time.Minute, 3 * time.Hour, 5 * time.Hour, 50 * time.Hour} {
		account.Calls = append(account.Calls, sandbox.Call{
			ID: string(rune('a' + i)), SID: "CA" + strings.Repeat(string(rune('a'+i)), 32), Status: "ringing", Direction: "inbound",
			From: "+12025550101", To: "+12025550100", CreatedAt: moment.Add(-ago), UpdatedAt: moment.Add(-ago),
		})
	}
	s := connect(t, account.Transport())
	const want = "2 calls here are open for over 4 h (stale), since Tue 2026-11-03 16:00 at the earliest"
	for tool, args := range map[string]string{"find_calls": `{"status":["open"]}`, "list_calls": `{}`} {
		text, structure := s.call(tool, args)
		notes, _ := structure["notes"].([]any)
		if !strings.Contains(text, want) || len(notes) == 0 || !strings.Contains(notes[len(notes)-1].(string), want) {
			t.Errorf("%s: %s\n%v", tool, text, notes)
		}
	}
}

// Where a day is read from a moment within it on, an answer by days says so: its row is not the day.
func TestADayThatIsReadInPartIsSaidToBeAPart(t *testing.T) {
	large := remember(busyAccount(4000, 20))
	s := connect(t, large, limited(t, large))
	text, structure := s.call("get_call_stats", `{"group_by":["day"],"metrics":["calls","talk_seconds"]}`)
	coverage := structure["coverage"].(map[string]any)
	from := coverage["from"].(string)
	if coverage["complete"] != false || strings.HasSuffix(from, " 00:00") {
		t.Fatalf("nothing is cut within a day: %v", coverage)
	}
	if want := "Note: The day " + from[:10] + " is a part here: its calls from "; !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
}

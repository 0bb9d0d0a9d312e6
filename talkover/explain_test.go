package talkover_test

import (
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestAnErrorExplainsItself(t *testing.T) {
	for _, test := range []struct {
		e    talkover.Error
		want string
	}{
		{talkover.Error{Reason: talkover.Refused, Status: 401}, "It answered 401 Unauthorized: it does not know the token"},
		{talkover.Error{Reason: talkover.Refused, Status: 403}, "It answered 403 Forbidden: the token has no permission for this"},
		{talkover.Error{Reason: talkover.Refused, Status: 404}, "It answered 404 Not Found: there is no such address"},
		{talkover.Error{Reason: talkover.Refused, Status: 404, Code: talkover.AgentNotFound}, "It answered 404 Not Found: there is no agent with this agent_id"},
		{talkover.Error{Reason: talkover.Refused, Status: 400, Code: talkover.AgentInactive}, "It answered 400 Bad Request: the agent is not published, so it places no calls"},
		{talkover.Error{Reason: talkover.Refused, Status: 400}, "It answered 400 Bad Request: it does not take these arguments"},
		{talkover.Error{Reason: talkover.Refused, Status: 422}, "It answered 422 Unprocessable Entity: it does not take these arguments"},
		{talkover.Error{Reason: talkover.Refused, Status: 402}, "It answered 402 Payment Required"},
		{talkover.Error{Reason: talkover.Refused, Status: 499}, "It answered 499"},
		{talkover.Error{Reason: talkover.Refused, Status: 503, Attempts: 3}, "It answered 503 Service Unavailable (3 attempts): an error on its side"},
		{talkover.Error{Reason: talkover.Refused, Status: 200}, "It answered 200 OK but says that it failed"},
		{talkover.Error{Reason: talkover.RateLimited, Status: 429}, "It's limit of requests a minute is reached"},
		{talkover.Error{Reason: talkover.Reading, Read: 3_200, Total: 9_001}, "The calls are still being read, 3200 of 9001 so far"},
		{talkover.Error{Reason: talkover.Reading, Read: 100}, "The calls are still being read, 100 so far"},
		{talkover.Error{Reason: talkover.Cancelled}, "The call was cancelled before It answered"},
		{talkover.Error{Reason: talkover.TimedOut, Attempts: 2}, "It did not answer in time (2 attempts)"},
		{talkover.Error{Reason: talkover.Unreachable, Attempts: 1}, "It could not be reached"},
		{talkover.Error{Reason: talkover.Interrupted, Attempts: 3}, "The connection to It broke off before the answer was whole (3 attempts)"},
		{talkover.Error{Reason: talkover.Malformed, Status: 101}, "It's answer (101 Switching Protocols) was not the JSON that was asked for, but perhaps a page of a proxy"},
		{talkover.Error{Reason: talkover.TooLarge, Status: 200}, "It's answer was too large to read and was dropped"},
		{talkover.Error{Reason: talkover.Redirected, Status: 302}, "It answered with a redirect (302 Found), which is never followed, because the token would go along"},
		{talkover.Error{}, "It gave no answer that can be used"},
	} {
		if got := test.e.Explain("It"); got != test.want {
			t.Errorf("%+v: %q, want %q", test.e, got, test.want)
		}
	}
}

func TestAnErrorQuotesTheAPI(t *testing.T) {
	for message, want := range map[string]string{"": "", `No "calls".`: `Talkover's own words: "No \"calls\"."`} {
		if got := (&talkover.Error{Message: message}).OwnWords(); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

func TestTryAgainRoundsUp(t *testing.T) {
	for wait, want := range map[time.Duration]string{
		0: "Try again in a minute.", -1: "Try again in a minute.", 1: "Try again in 1 s.", time.Second: "Try again in 1 s.", 7100 * time.Millisecond: "Try again in 8 s.",
	} {
		if got := talkover.TryAgain(wait); got != want {
			t.Errorf("%v: %q, want %q", wait, got, want)
		}
	}
}

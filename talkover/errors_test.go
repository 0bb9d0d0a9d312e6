package talkover_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/talkover/talkover-mcp/talkover"
)

var sameError = cmpopts.IgnoreUnexported(talkover.Error{})

// apiError returns err as the client's own error, less its cause.
func apiError(t *testing.T, err error) talkover.Error {
	t.Helper()
	var e *talkover.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	return *e
}

func TestErrorsAreReadInEveryShape(t *testing.T) {
	refused := func(status int, code, message string) talkover.Error {
		return talkover.Error{Reason: talkover.Refused, Status: status, Code: code, Message: message, Attempts: 1}
	}
	invalid := refused(422, "", "The given data was invalid.")
	invalid.Fields = map[string][]string{"status": {"The selected status is invalid."}, "page": {"One.", "Two."}}
	limited := talkover.Error{Reason: talkover.RateLimited, Status: 429, Code: "RATE_LIMITED", Message: "Slow down.", Wait: time.Hour, Attempts: 1}
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprintf(`"f%02d":["m"]`, i)
	}
	ten := refused(422, "", "")
	ten.Fields = map[string][]string{}
	for i := range 10 {
		ten.Fields[fmt.Sprintf("f%02d", i)] = []string{"m"}
	}
	for _, test := range []struct {
		status int
		body   string
		want   talkover.Error
	}{
		// The five shapes.
		{401, `{"success":false,"message":"Unauthorized"}`, refused(401, "", "Unauthorized")},
		{422, `{"success":false,"message":"The given data was invalid.","errors":{"status":["The selected status is invalid."],"page":["One.","Two."]}}`, invalid},
		{404, `{"success":false,"error":{"code":"AGENT_NOT_FOUND","message":"Agent not found.","details":{"agent_id":"x"}}}`, refused(404, "AGENT_NOT_FOUND", "Agent not found.")},
		{429, `{"error":{"code":"RATE_LIMITED","message":"Slow down.","details":{"retry_after":3600}}}`, limited},
		{401, `{"error":"UNAUTHORIZED","message":"No token.","status_code":401}`, refused(401, "UNAUTHORIZED", "No token.")},

		// And their variants.
		{422, `{"success":false,"message":"No.","errors":[]}`, refused(422, "", "No.")},
		{422, `{"success":false,"message":"No.","errors":null,"data":null}`, refused(422, "", "No.")},
		{422, `{"message":"The given data was invalid.","errors":{"status":"The selected status is invalid.","page":["One.",null,"","Two.",{}]}}`, invalid},
		{429, `{"error":{"details":{"retry_after":"3600"},"message":"Slow down.","code":"RATE_LIMITED"}}`, limited},
		{400, `{"error":{"code":"BAD","message":"No.","details":[]}}`, refused(400, "BAD", "No.")},
		{400, `{"error":{"code":"BAD","message":"No.","details":null}}`, refused(400, "BAD", "No.")},
		{400, `{"error":{"code":"BAD","message":"No.","details":"The number is not in E.164."}}`, refused(400, "BAD", "No.")},
		{400, `{"code":"BAD","error":null}`, refused(400, "BAD", "")},
		{400, `{"error":{"code":7,"message":["No."]}}`, refused(400, "7", "")},
		{422, `{"errors":{` + strings.Join(many, ",") + `}}`, ten},
		{403, `{"success":true,"data":[],"message":"No."}`, refused(403, "", "No.")},
		{403, ``, refused(403, "", "")},
		{403, `[]`, refused(403, "", "")},
		{403, `<html><body>Forbidden</body></html>`, refused(403, "", "")},
		{403, `{"message":"No.","trace":[{"file`, refused(403, "", "No.")},
		{403, `{"message":"No.","trace":"` + strings.Repeat("x", 70<<10) + `"}`, refused(403, "", "No.")},

		// A refusal with status 200.
		{200, `{"success":false,"message":"No."}`, refused(200, "", "No.")},
		{200, `{"success":false,"message":"No.","data":[{"id":"a"}],"pagination":{"total":1}}`, refused(200, "", "No.")},
		{200, `{"data":[],"success":"false"}`, refused(200, "", "")},
		{200, `{"success":0,"error":{"code":"BAD","message":"No."}}`, refused(200, "BAD", "No.")},

		// Other people's text.
		{403, `{"message":" A\u202e\r\n B\u0000 ` + strings.Repeat("\u00e9", 400) + `"}`, refused(403, "", "A B "+strings.Repeat("\u00e9", 296))},
		{403, `{"code":" A\u2028B` + strings.Repeat("\u00e9", 40) + `"}`, refused(403, "A B"+strings.Repeat("\u00e9", 29), "")},
		{422, `{"errors":{" a\u202e\n b":["x\u2066\n y"]}}`, talkover.Error{
			Reason: talkover.Refused, Status: 422, Attempts: 1, Fields: map[string][]string{"a b": {"x y"}},
		}},
	} {
		page, err := read(t, test.status, test.body)
		if diff := cmp.Diff(test.want, apiError(t, err), sameError); diff != "" {
			t.Errorf("%d %.200s: (-want +got)\n%s", test.status, test.body, diff)
		}
		if diff := cmp.Diff(talkover.Page[talkover.Call]{}, page); diff != "" {
			t.Errorf("%d %.200s: a page comes with the error\n%s", test.status, test.body, diff)
		}
	}
}

// An error that was made elsewhere has no proof but its status.
func TestAStatusTellsWhetherItWasDone(t *testing.T) {
	for _, reason := range []talkover.Reason{
		talkover.RateLimited, talkover.Reading, talkover.Unreachable, talkover.TimedOut, talkover.Interrupted,
		talkover.Malformed, talkover.TooLarge, talkover.Redirected,
	} {
		if (&talkover.Error{Reason: reason}).NotDone() {
			t.Errorf("%s without a status proves something", reason)
		}
	}
	no := []int{400, 401, 402, 403, 404, 422, 429}
	for status := range 600 {
		if got := (&talkover.Error{Reason: talkover.Refused, Status: status}).NotDone(); got != slices.Contains(no, status) {
			t.Errorf("%d: %t", status, got)
		}
	}
}

// apiErrorOf does the same in goroutines, which must not end the test.
func apiErrorOf(err error) talkover.Error {
	if e, ok := err.(*talkover.Error); ok {
		return *e
	}
	return talkover.Error{}
}

package talkover_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// answer is a transport that gives every request the same answer.
type answer struct {
	status int
	body   string
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

func newClient(t testing.TB, c talkover.Config) *talkover.Client {
	t.Helper()
	if c.Token.IsZero() {
		c.Token = talkover.NewSecret("talq_test")
	}
	client, err := talkover.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// read is what the client makes of an answer.
func read(t testing.TB, status int, body string) (talkover.Page[talkover.Call], error) {
	t.Helper()
	return newClient(t, talkover.Config{Transport: answer{status, body}}).ListCalls(context.Background(), talkover.CallQuery{})
}

var moment = time.Date(2026, 11, 5, 14, 2, 9, 0, time.UTC)

func TestCallIsReadInEveryForm(t *testing.T) {
	unread := func(names ...string) talkover.Call { return talkover.Call{Unread: names} }
	long := strings.Repeat("\u00e9", 500)
	for members, want := range map[string]talkover.Call{
		``: {},
		`"id":"call-1","sid":"CA1","to":"+12025550100","to_formatted":"(202) 555-0100","from":"+442079460018",
			"from_formatted":"+44 20 7946 0018","is_testing":true,"direction":"outbound","status":"completed","duration":120,
			"agent":{"id":"agent-1","name":"Sales Agent","label":"Sales"},"updated_at":"2026-11-05T14:02:09Z"`: {
			ID: "call-1", SID: "CA1", To: "+12025550100", ToFormatted: "(202) 555-0100", From: "+442079460018",
			FromFormatted: "+44 20 7946 0018", IsTesting: true, Direction: "outbound", Status: "completed", Duration: 120,
			Agent: talkover.Agent{ID: "agent-1", Name: "Sales Agent", Label: "Sales"}, UpdatedAt: moment,
		},
		`"recording":{"url":["x",{}]},"cost":0.12,"Status":"failed"`: {},
		`"id":null,"sid":null,"to":null,"from":null,"status":null`:   {},

		`"id":17,"sid":12345678901234567890`: {ID: "17", SID: "12345678901234567890"},
		`"to":12025550100`:                   {To: "12025550100"},
		`"id":{"v":1},"sid":["CA1"]`:         unread("id", "sid"),
		`"to":{},"to_formatted":{},"from":[],"from_formatted":[],"direction":{},"status":[7]`: unread("to", "to_formatted", "from", "from_formatted", "direction", "status"),

		`"status":"voicemail"`:                           {Status: "voicemail"},
		`"status":"no_answer","direction":"internal"`:    {Status: "no_answer", Direction: "internal"},
		`"status":" in\u200b \n progress\u202e"`:         {Status: "in progress"},
		`"status":"\ud800","direction":"` + "\xff" + `"`: {Status: "\ufffd", Direction: "\ufffd"},

		`"duration":"12"`:                     {Duration: 12},
		`"duration":12.0`:                     {Duration: 12},
		`"duration":"12.0"`:                   {Duration: 12},
		`"duration":1.2e1`:                    {Duration: 12},
		`"duration":null`:                     {},
		`"duration":""`:                       {},
		`"duration":"0"`:                      {},
		`"duration":604800`:                   {Duration: 604800},
		`"duration":604801`:                   unread("duration"),
		`"duration":99999999999999999999`:     unread("duration"),
		`"duration":"99999999999999999999"`:   unread("duration"),
		`"duration":1e400`:                    unread("duration"),
		`"duration":-1`:                       unread("duration"),
		`"duration":"-1"`:                     unread("duration"),
		`"duration":12.5`:                     unread("duration"),
		`"duration":"12.5"`:                   unread("duration"),
		`"duration":"2:05"`:                   unread("duration"),
		`"duration":"NaN"`:                    unread("duration"),
		`"duration":true`:                     unread("duration"),
		`"duration":[12]`:                     unread("duration"),
		`"duration":{"seconds":12},"id":"c1"`: {ID: "c1", Unread: []string{"duration"}},

		`"is_testing":1`:       {IsTesting: true},
		`"is_testing":"1"`:     {IsTesting: true},
		`"is_testing":"true"`:  {IsTesting: true},
		`"is_testing":false`:   {},
		`"is_testing":0`:       {},
		`"is_testing":"0"`:     {},
		`"is_testing":"false"`: {},
		`"is_testing":""`:      {},
		`"is_testing":null`:    {},
		`"is_testing":2`:       unread("is_testing"),
		`"is_testing":"maybe"`: unread("is_testing"),
		`"is_testing":[]`:      unread("is_testing"),

		`"agent":null`:        {},
		`"agent":[]`:          {},
		`"agent":{}`:          {},
		`"agent":""`:          {},
		`"agent":"Reception"`: {Agent: talkover.Agent{Name: "Reception"}},
		`"agent":{"id":7,"name":null,"label":"Front desk","voice":{"id":1}}`: {Agent: talkover.Agent{ID: "7", Label: "Front desk"}},
		`"agent":["Reception"]`:           unread("agent"),
		`"agent":{"id":"a1","label":[1]}`: {Agent: talkover.Agent{ID: "a1"}, Unread: []string{"agent"}},

		`"updated_at":"2026-11-05T14:02:09.000000Z"`:     {UpdatedAt: moment},
		`"updated_at":"2026-11-05 14:02:09"`:             {UpdatedAt: moment},
		`"updated_at":"2026-11-05T14:02:09"`:             {UpdatedAt: moment},
		`"updated_at":"2026-11-05T09:02:09-05:00"`:       {UpdatedAt: moment},
		`"updated_at":"2026-11-05T14:02:09.250Z"`:        {UpdatedAt: moment.Add(250 * time.Millisecond)},
		`"updated_at":null`:                              {},
		`"updated_at":""`:                                {},
		`"updated_at":"yesterday"`:                       unread("updated_at"),
		`"updated_at":"2026-02-30T00:00:00Z"`:            unread("updated_at"),
		`"updated_at":"0000-00-00 00:00:00"`:             unread("updated_at"),
		`"updated_at":1793887329`:                        unread("updated_at"),
		`"updated_at":{"date":"2026-11-05 14:02:09"}`:    unread("updated_at"),
		`"updated_at":false,"duration":-1,"duration":-2`: unread("updated_at", "duration"),

		// PHP keeps the last of two members with one name.
		`"id":"a","id":"b","duration":1,"duration":2,"agent":{"id":"a","label":"A"},"agent":{"name":"B"}`: {ID: "b", Duration: 2, Agent: talkover.Agent{Name: "B"}},
		`"duration":-1,"duration":5`: {Duration: 5},
		`"duration":5,"duration":-1`: unread("duration"),
		`"to":"+1","to":[]`:          unread("to"),

		`"id":"` + long + `","sid":"` + long + `"`:                                                       {ID: long[:2*64], SID: long[:2*64]},
		`"to":"` + long + `","to_formatted":"` + long + `"`:                                              {To: long[:2*40], ToFormatted: long[:2*40]},
		`"from":"` + long + `","from_formatted":"` + long + `"`:                                          {From: long[:2*40], FromFormatted: long[:2*40]},
		`"status":"` + long + `","direction":"` + long + `"`:                                             {Status: long[:2*32], Direction: long[:2*32]},
		`"agent":{"id":"` + long + `","name":"` + long + `","label":"` + long + `"}`:                     {Agent: talkover.Agent{ID: long[:2*64], Name: long[:2*120], Label: long[:2*120]}},
		`"agent":{"label":" \u202eReception\u2028\u2028(EN)\u0000 \ufe0f"},"sid":"CA\ud83d\ude00\u200d"`: {SID: "CA\U0001F600", Agent: talkover.Agent{Label: "Reception (EN)"}},
	} {
		want.CreatedAt = moment
		row := `{` + members
		if members != "" {
			row += ","
		}
		row += `"created_at":"2026-11-05T14:02:09Z"}`
		page, err := read(t, 200, `{"success":true,"data":[`+row+`]}`)
		if diff := cmp.Diff(talkover.Page[talkover.Call]{Rows: []talkover.Call{want}}, page); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", members, err, diff)
		}
	}
}

func TestACallWithoutATimeSaysSo(t *testing.T) {
	for _, row := range []string{
		`{}`, `{"created_at":null}`, `{"created_at":""}`, `{"created_at":"soon"}`, `{"created_at":[]}`, `{"created_at":"soon","created_at":null}`,
	} {
		page, err := read(t, 200, `[`+row+`]`)
		if diff := cmp.Diff([]talkover.Call{{Unread: []string{"created_at"}}}, page.Rows); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", row, err, diff)
		}
	}
}

func TestPageIsReadInEveryForm(t *testing.T) {
	a, b := talkover.Call{ID: "a", CreatedAt: moment}, talkover.Call{ID: "b", CreatedAt: moment}
	row := func(id string) string { return `{"id":"` + id + `","created_at":"2026-11-05T14:02:09Z"}` }
	rows := row("a") + "," + row("b")
	both := []talkover.Call{a, b}
	full := &talkover.Pagination{CurrentPage: 1, LastPage: 5, PerPage: 2, Total: 10, From: 1, To: 2}
	past := &talkover.Pagination{CurrentPage: 9, LastPage: 5, PerPage: 2, Total: 10}
	for body, want := range map[string]talkover.Page[talkover.Call]{
		`{"success":true,"data":[` + rows + `],"pagination":{"current_page":1,"last_page":5,"per_page":2,"total":10,"from":1,"to":2}}`:              {Rows: both, Pagination: full},
		`{"pagination":{"current_page":"1","last_page":"5","per_page":"2","total":"10","from":"1","to":2.0},"data":[` + rows + `],"success":"1"}`:   {Rows: both, Pagination: full},
		`{"data":[` + rows + `],"meta":{"current_page":1,"last_page":5,"per_page":2,"total":10,"from":1,"to":2,"path":"x","links":[{"url":null}]}}`: {Rows: both, Pagination: full},
		`{"data":[],"pagination":{"current_page":9,"last_page":5,"per_page":2,"total":10,"from":null,"to":null}}`:                                   {Pagination: past},
		`{"data":null,"pagination":{"current_page":9,"last_page":5,"per_page":2,"total":10,"from":null,"to":null}}`:                                 {Pagination: past},
		`{"data":[` + rows + `],"pagination":{"total":10}}`:                                                                                         {Rows: both, Pagination: &talkover.Pagination{Total: 10}},
		`{"data":[` + rows + `],"pagination":{"total":10,"last_page":{},"per_page":"x","to":-1}}`:                                                   {Rows: both, Pagination: &talkover.Pagination{Total: 10}},
		`{"success":null,"message":null,"data":null,"pagination":null}`:                                                                             {},
		`{"data":[` + rows + `],"pagination":null}`:                                                                                                 {Rows: both},
		`{"data":[` + rows + `],"pagination":[]}`:                                                                                                   {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1}}`:                                                                                   {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1,"total":null}}`:                                                                      {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1,"total":"many"}}`:                                                                    {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1,"total":-1}}`:                                                                        {Rows: both},
		`{"data":[` + rows + `],"errors":[],"error":null,"links":{"next":null}}`:                                                                    {Rows: both},
		" \n[" + rows + "]\r\n":   {Rows: both},
		`[]`:                      {},
		`{"success":1,"data":[]}`: {},
		`[` + row("a") + `,null,"b",7,true,[` + row("x") + `],` + row("b") + `]`: {Rows: both, Unreadable: 5},
		`{"data":[{"data":[]},` + rows + `]}`:                                    {Rows: []talkover.Call{{Unread: []string{"created_at"}}, a, b}},
		`{"data":[` + row("a") + `],"data":[` + row("b") + `]}`:                  {Rows: []talkover.Call{b}},
	} {
		page, err := read(t, 200, body)
		if diff := cmp.Diff(want, page); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", body, err, diff)
		}
	}
}

// apiError is err as the client's own error, less its cause.
func apiError(t *testing.T, err error) talkover.Error {
	t.Helper()
	var e *talkover.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is a %T: %v", err, err)
	}
	return *e
}

var sameError = cmpopts.IgnoreUnexported(talkover.Error{})

func TestWhatIsNoPageIsMalformed(t *testing.T) {
	const hint = "Reception"
	for _, body := range []string{
		"", " \n", "null", "true", "7", `"Reception"`, "{}", "{", "[", `{"data":[`,
		"<!DOCTYPE html><html><title>Reception</title></html>",
		"\ufeff" + `{"data":[]}`,
		`{"data":[{"agent":"Reception"}`,
		`{"data":[]} Reception`,
		`{"data":[]}{"data":[]}`,
		`{"data":[]}]`,
		`[] []`,
		`{"data":[{"agent":"Reception",}]}`,
		`{"data":[{"agent":"Reception"} {"agent":"Reception"}]}`,
		`{"data":{"0":{"agent":"Reception"}},"pagination":{"total":1}}`,
		`{"data":"Reception"}`,
		`{"success":true,"pagination":{"total":0}}`,
		`{'data':[]}`,
		`{"data":[{"duration":012}]}`,
		`{"data":[{"Reception":x}]}`,
		`{"data":` + strings.Repeat("[", 20000),
	} {
		page, err := read(t, 200, body)
		if diff := cmp.Diff(talkover.Page[talkover.Call]{}, page); diff != "" {
			t.Errorf("%.80q: (-want +got)\n%s", body, diff)
		}
		want := talkover.Error{Reason: talkover.Malformed, Status: 200, Attempts: 1}
		if diff := cmp.Diff(want, apiError(t, err), sameError); diff != "" {
			t.Errorf("%.80q: (-want +got)\n%s", body, diff)
		}
		if errors.Unwrap(err) == nil || strings.Contains(err.Error(), hint) || len(err.Error()) > 300 {
			t.Errorf("%.80q: %v, want a cause, and none of the body", body, err)
		}
	}
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

// The sandbox's own page comes out as the account has it.
func TestSandboxIsReadWhole(t *testing.T) {
	account := sandbox.New(moment)
	client := newClient(t, talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: account.Transport()})
	page, err := client.ListCalls(context.Background(), talkover.CallQuery{PerPage: 100, Page: 3})
	if err != nil {
		t.Fatal(err)
	}
	want := talkover.Page[talkover.Call]{Pagination: &talkover.Pagination{
		CurrentPage: 3, LastPage: (len(account.Calls) + 99) / 100, PerPage: 100, Total: len(account.Calls), From: 201, To: 300,
	}}
	for _, c := range account.Calls[200:300] {
		row := talkover.Call{
			ID: c.ID, SID: c.SID, To: c.To, ToFormatted: c.ToFormatted, From: c.From, FromFormatted: c.FromFormatted,
			IsTesting: c.IsTesting, Direction: c.Direction, Status: c.Status, Duration: c.Duration,
			CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
		}
		if c.Agent != nil {
			row.Agent = talkover.Agent(*c.Agent)
		}
		want.Rows = append(want.Rows, row)
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

func FuzzListCalls(f *testing.F) {
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, sandbox.Prefix+"/calls?per_page=2", nil)
	request.Header.Set("Authorization", "Bearer "+sandbox.Token)
	sandbox.New(moment).ServeHTTP(recorder, request)
	f.Add(recorder.Body.Bytes(), false)
	for _, body := range []string{
		`{"data":[{"id":7,"agent":"\u202eA\ud800","duration":"12.0","created_at":"2026-11-05 14:02:09"},null,[]],"meta":{"total":"3"}}`,
		`{"success":false,"message":"a\u2028\u0000b","errors":{"a\u200b":["x",{}]},"error":{"code":1,"details":{"retry_after":"9"}}}`,
		`{"data":{},"pagination":null}`, `[{"status":"` + "\xff" + `"}] x`, `<html>`, ``,
	} {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, refused bool) {
		status := http.StatusOK
		if refused {
			status = http.StatusUnprocessableEntity
		}
		page, err := read(t, status, string(body))
		clean := func(s string, limit int) {
			if got := talkover.Clean(s, limit); got != s {
				t.Errorf("%+q came through, which cleaned is %+q", s, got)
			}
		}
		if err != nil {
			e := apiError(t, err)
			clean(e.Code, 32)
			clean(e.Message, 300)
			for name, messages := range e.Fields {
				clean(name, 32)
				for _, m := range messages {
					clean(m, 300)
				}
			}
			if text := err.Error(); !utf8.ValidString(text) || e.Wait < 0 {
				t.Errorf("%+q, wait %s", text, e.Wait)
			}
			if len(page.Rows) > 0 {
				t.Errorf("%d calls came with %v", len(page.Rows), err)
			}
			return
		}
		if refused {
			t.Fatal("status 422 is no error")
		}
		for _, c := range page.Rows {
			for _, s := range []string{c.ID, c.SID, c.Agent.ID} {
				clean(s, 64)
			}
			for _, s := range []string{c.To, c.ToFormatted, c.From, c.FromFormatted} {
				clean(s, 40)
			}
			clean(c.Direction, 32)
			clean(c.Status, 32)
			clean(c.Agent.Name, 120)
			clean(c.Agent.Label, 120)
			if c.Duration < 0 || c.Duration > 7*24*3600 {
				t.Errorf("a call of %d seconds", c.Duration)
			}
			if c.CreatedAt.IsZero() != slices.Contains(c.Unread, "created_at") {
				t.Errorf("created at %s, unread %q", c.CreatedAt, c.Unread)
			}
			if c.CreatedAt.Location() != time.UTC {
				t.Errorf("%s is not UTC", c.CreatedAt)
			}
		}
		if p := page.Pagination; p != nil && min(p.CurrentPage, p.LastPage, p.PerPage, p.Total, p.From, p.To) < 0 {
			t.Errorf("%+v", *p)
		}
	})
}

func BenchmarkDecodePage(b *testing.B) {
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, sandbox.Prefix+"/calls?per_page=20", nil)
	request.Header.Set("Authorization", "Bearer "+sandbox.Token)
	sandbox.New(moment).ServeHTTP(recorder, request)
	body := recorder.Body.String()
	client := newClient(b, talkover.Config{Transport: answer{http.StatusOK, body}})
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if page, err := client.ListCalls(context.Background(), talkover.CallQuery{}); err != nil || len(page.Rows) != 20 {
			b.Fatal(len(page.Rows), err)
		}
	}
}

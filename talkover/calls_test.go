package talkover_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestEachParameterGoesOutAsDocumented(t *testing.T) {
	type request struct{ Method, Path, Query, Authorization, Accept, UserAgent, Body string }
	got := make(chan request, 9)
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{
			r.Method, r.URL.EscapedPath(), r.URL.RawQuery, strings.Join(r.Header["Authorization"], ","),
			r.Header.Get("Accept"), r.Header.Get("User-Agent"), string(body),
		}
		io.WriteString(w, emptyPage)
	})
	client := newClient(t, talkover.Config{BaseURL: base + "/api/v1/", Token: talkover.NewSecret("talq_1"), UserAgent: "talkover-mcp/1.2"})
	for _, test := range []struct {
		query talkover.CallQuery
		want  string
	}{
		{talkover.CallQuery{}, ""},
		{talkover.CallQuery{Status: "no-answer"}, "status=no-answer"},
		{talkover.CallQuery{Direction: "inbound"}, "direction=inbound"},
		{talkover.CallQuery{AgentID: "5b0c6a52/x y"}, "agent_id=5b0c6a52%2Fx+y"},
		{talkover.CallQuery{DateFrom: "2026-11-01"}, "date_from=2026-11-01"},
		{talkover.CallQuery{DateTo: "2026-11-05"}, "date_to=2026-11-05"},
		{talkover.CallQuery{Search: "+1234567890"}, "search=%2B1234567890"},
		{talkover.CallQuery{Search: "(202) 555&page=7#\u00e9"}, "search=%28202%29+555%26page%3D7%23%C3%A9"},
		{talkover.CallQuery{PerPage: 100}, "per_page=100"},
		{talkover.CallQuery{Page: 2}, "page=2"},
		{
			talkover.CallQuery{
				Status: "failed", Direction: "outbound", AgentID: "a1", DateFrom: "2026-10-01", DateTo: "2026-10-31",
				Search: "+1", PerPage: 50, Page: 3,
			},
			"agent_id=a1&date_from=2026-10-01&date_to=2026-10-31&direction=outbound&page=3&per_page=50&search=%2B1&status=failed",
		},
	} {
		ctx, meter := talkover.WithMeter(context.Background())
		page, err := client.ListCalls(ctx, test.query)
		want := talkover.Page[talkover.Call]{Pagination: &talkover.Pagination{CurrentPage: 1, LastPage: 1, PerPage: 20}}
		if diff := cmp.Diff(want, page); diff != "" || err != nil {
			t.Fatalf("%+v: %v (-want +got)\n%s", test.query, err, diff)
		}
		sent := request{"GET", "/api/v1/calls", test.want, "Bearer talq_1", "application/json", "talkover-mcp/1.2", ""}
		if diff := cmp.Diff(sent, <-got); diff != "" {
			t.Errorf("%+v: (-want +got)\n%s", test.query, diff)
		}
		if len(got) != 0 || meter.Requests() != 1 {
			t.Errorf("%+v: %d requests too many, %d counted", test.query, len(got), meter.Requests())
		}
	}
}

func TestACallIsAnsweredByItsStatus(t *testing.T) {
	for status, want := range map[string]bool{
		"answered": true, "completed": true,
		"initiated": false, "ringing": false, "failed": false, "busy": false, "no-answer": false, "voicemail": false, "": false,
	} {
		if got := (talkover.Call{Status: status}).Answered(); got != want {
			t.Errorf("%q: answered is %t", status, got)
		}
	}
}

func TestCallsOfAnAgent(t *testing.T) {
	query := ""
	status, body := 200, emptyPage
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Path + "?" + r.URL.RawQuery
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
	client := newClient(t, talkover.Config{BaseURL: base})
	if _, err := client.ListAgentCalls(context.Background(), "a-1", talkover.CallQuery{Status: "failed", AgentID: "other", PerPage: 5}); err != nil || query != "/agents/a-1/calls?per_page=5&status=failed" {
		t.Errorf("%v, asked %s", err, query)
	}
	for _, body = range []string{
		`{"success":false,"error":{"code":"AGENT_NOT_FOUND","message":"Agent not found."}}`,
		`{"error":"AGENT_NOT_FOUND","message":"Agent not found.","status_code":404}`,
	} {
		status = 404
		_, err := client.ListAgentCalls(context.Background(), "a-1", talkover.CallQuery{})
		if e := apiError(t, err); e.Code != talkover.AgentNotFound {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// read returns the page that the client makes of an answer.
func read(t testing.TB, status int, body string) (talkover.Page[talkover.Call], error) {
	t.Helper()
	return newClient(t, talkover.Config{Transport: answer{status, body}}).ListCalls(context.Background(), talkover.CallQuery{})
}

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

// The lists that others read are those of the vendor's pages, word for word.
func TestFiltersTakeWhatIsDocumented(t *testing.T) {
	for want, list := range map[string][]string{
		"initiated ringing answered completed failed busy no-answer": talkover.Statuses,
		"inbound outbound":                        talkover.Directions,
		"draft published":                         talkover.AgentStatuses,
		"draft active paused completed cancelled": talkover.CampaignStatuses,
		"sales follow_up reminder custom":         talkover.CampaignTypes,
	} {
		if got := strings.Join(list, " "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

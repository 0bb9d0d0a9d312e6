package talkover_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestCampaignsAreReadForgivingly(t *testing.T) {
	query := ""
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Path + "?" + r.URL.RawQuery
		io.WriteString(w, `{"success":true,"data":[
			{"id":7,"name":" A\u202eB ","description":null,"status":"active","campaign_type":"sales","start_date":"2026-11-01","days_of_week":["1",5,0,9,null],
			 "earliest_call_time":"09:00","latest_call_time":"17:00","timezone":"Europe/London","agent":{"id":"a1","name":"Ann","voice":{"x":1}},
			 "max_retries":"3","retry_cooldown_hours":24,"stats":{"total_calls":"10","completed_calls":7,"failed_calls":null,"success_rate":"70.5 %","more":[]},"prompts":[{"a":1}]},
			{"id":"8","agent":[],"stats":[],"days_of_week":null,"stats":{"success_rate":-1}},
			"none"],
			"meta":{"current_page":2,"last_page":3,"per_page":2,"total":5}}`)
	})
	got, err := newClient(t, talkover.Config{BaseURL: base}).ListCampaigns(context.Background(), talkover.CampaignQuery{
		Status: "active", Type: "sales", AgentID: "a1", DateFrom: "2026-10-01", DateTo: "2026-11-05", Search: "a&b", PerPage: 2, Page: 2,
	})
	want := talkover.Page[talkover.Campaign]{
		Rows: []talkover.Campaign{
			{
				ID: "7", Name: "AB", Status: "active", Type: "sales", StartDate: "2026-11-01", Weekdays: []int{1, 5, 7, 7}, Earliest: "09:00", Latest: "17:00",
				Timezone: "Europe/London", Agent: talkover.Agent{ID: "a1", Name: "Ann"}, MaxRetries: 3, Cooldown: 24, Calls: 10, Completed: 7, SuccessRate: 70.5,
			},
			{ID: "8"},
		},
		Pagination: &talkover.Pagination{CurrentPage: 2, LastPage: 3, PerPage: 2, Total: 5},
		Unreadable: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if w := "/campaigns?agent_id=a1&campaign_type=sales&date_from=2026-10-01&date_to=2026-11-05&page=2&per_page=2&search=a%26b&status=active"; query != w {
		t.Errorf("asked %s, want %s", query, w)
	}
}

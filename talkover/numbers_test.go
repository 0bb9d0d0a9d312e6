package talkover_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/talkover/talkover-mcp/talkover"
)

// unsaid is an amount that the API does not say.
var unsaid = math.NaN()

func TestNumbersAreReadForgivingly(t *testing.T) {
	path := ""
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path + "?" + r.URL.RawQuery
		io.WriteString(w, `{"success":true,"data":[
			{"id":7,"number":"+12025550100","country_code":"US","type":"voice","current_status":"active","is_sandbox":0,
			 "monthly_renewal_cost":"1.15","current_price":3,"currency":"USD","renewal_date":"2026-12-24","auto_renewal":1,"more":{"x":[]}},
			{"id":"8","monthly_renewal_cost":null},
			{"id":"9","monthly_renewal_cost":"free"},
			null]}`)
	})
	got, err := newClient(t, talkover.Config{BaseURL: base}).ListNumbers(context.Background())
	want := talkover.Page[talkover.PhoneNumber]{
		Rows: []talkover.PhoneNumber{
			{ID: "7", Number: "+12025550100", Country: "US", Type: "voice", Status: "active", MonthlyCost: 1.15, Currency: "USD", RenewalDate: "2026-12-24", AutoRenewal: true},
			{ID: "8", MonthlyCost: unsaid},
			{ID: "9", MonthlyCost: unsaid},
		},
		Unreadable: 1,
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if path != "/phone-numbers?" {
		t.Errorf("asked %s", path)
	}
}

// The list of numbers has no pages: 3,000 come at once, and a list without an end is an error.
func TestAllNumbersComeAtOnce(t *testing.T) {
	for n, want := range map[int]talkover.Reason{3000: "", 50_000: talkover.TooLarge} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			row := `{"id":1,"number":"+12025550100"}`
			fmt.Fprintf(w, `{"data":[%s]}`, strings.Repeat(row+",", n-1)+row)
		})
		page, err := newClient(t, talkover.Config{BaseURL: base}).ListNumbers(context.Background())
		var e *talkover.Error
		if errors.As(err, &e); want == "" && (err != nil || len(page.Rows) != n) || want != "" && (e == nil || e.Reason != want) {
			t.Errorf("%d numbers: %d read, %v", n, len(page.Rows), err)
		}
	}
}

func TestPricesOfAgents(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   talkover.Price
	}{
		"as documented": {`{"success":true,"data":{"agent_id":"a1","currency":"EUR","estimated_cost_per_minute":0.12,"voice_quality_tier":"x"}}`, talkover.Price{PerMinute: 0.12, Currency: "EUR"}},
		"as text":       {`{"data":{"currency":"EUR","estimated_cost_per_minute":"0.12"}}`, talkover.Price{PerMinute: 0.12, Currency: "EUR"}},
		"free":          {`{"data":{"currency":"EUR","estimated_cost_per_minute":0}}`, talkover.Price{Currency: "EUR"}},
		"not said":      {`{"data":{"currency":"EUR","estimated_cost_per_minute":null}}`, talkover.Price{PerMinute: unsaid, Currency: "EUR"}},
		"empty":         {`{"data":{}}`, talkover.Price{PerMinute: unsaid}},
	} {
		path := ""
		base := serve(t, func(w http.ResponseWriter, r *http.Request) {
			path = r.URL.Path
			io.WriteString(w, c.answer)
		})
		got, err := newClient(t, talkover.Config{BaseURL: base}).AgentPrice(context.Background(), "a1")
		if diff := cmp.Diff(c.want, got, cmpopts.EquateNaNs()); diff != "" || err != nil || path != "/agents/a1/pricing/summary" {
			t.Errorf("%s: %s: %v (-want +got)\n%s", name, path, err, diff)
		}
	}
	for _, answer := range []string{`{"data":[]}`, `{"data":null}`, `{}`, `[]`, `{"success":false,"message":"no"}`} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
		if got, err := newClient(t, talkover.Config{BaseURL: base}).AgentPrice(context.Background(), "a1"); err == nil {
			t.Errorf("%s: %v", answer, got)
		}
	}
	if _, err := newClient(t, talkover.Config{}).AgentPrice(context.Background(), "../calls"); err == nil {
		t.Error("a path was asked for as an agent")
	}
}

package talkover_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

var moment = time.Date(2026, 11, 5, 14, 2, 9, 0, time.UTC)

// The sandbox's own page comes out as the account has it.
func TestSandboxIsReadWhole(t *testing.T) {
	account := sandbox.New(moment)
	client := newClient(t, talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: account.Transport()})
	page, err := client.ListCalls(context.Background(), talkover.CallQuery{PerPage: 100, Page: 3})
	if err != nil {
		t.Fatal(err)
	}
	want := talkover.Page[talkover.Call]{Pagination: &talkover.Pagination{
		CurrentPage: 3, LastPage: (len(account.Calls) + 99) / 100, PerPage: 100, Total: len(account.Calls), From: 201,
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
		if p := page.Pagination; p != nil && min(p.CurrentPage, p.LastPage, p.PerPage, p.Total, p.From) < 0 {
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

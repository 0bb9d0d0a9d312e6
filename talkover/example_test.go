package talkover_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
)

// demo returns a client of the invented account, as it stands on a day.
func demo() *talkover.Client {
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	client, err := talkover.New(talkover.Config{
		Token:     talkover.NewSecret(sandbox.Token),
		Transport: account.Transport(), // leave it out to reach Talkover itself
	})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// A page holds rows, and what the API says of the whole list.
func Example() {
	page, err := demo().ListCalls(context.Background(), talkover.CallQuery{Status: talkover.StatusFailed, PerPage: 3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(page.Pagination.Total, "calls failed; the last three:")
	for _, call := range page.Rows {
		fmt.Println(call.CreatedAt.Format(time.DateTime), call.Direction, call.Agent.Display())
	}
	// Output:
	// 106 calls failed; the last three:
	// 2026-11-05 16:25:59 inbound Reception (EN)
	// 2026-11-05 11:37:19 outbound Sales Outreach
	// 2026-11-04 12:13:15 inbound Reception (EN)
}

// A number in E.164 begins with +, which the client sends as %2B.
func ExampleClient_ListCalls_search() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.RawQuery)
		_, _ = io.WriteString(w, `{"success":true,"data":[],"pagination":{"current_page":1,"last_page":1,"per_page":20,"total":0}}`)
	}))
	defer s.Close()
	client, err := talkover.New(talkover.Config{Token: talkover.NewSecret("talq_..."), BaseURL: s.URL}) // http, for it is on loopback
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ListCalls(context.Background(), talkover.CallQuery{Search: "+12025550123", DateFrom: "2026-11-01"})
	fmt.Println(err)
	// Output:
	// date_from=2026-11-01&search=%2B12025550123
	// <nil>
}

// ReadAll reads any list, and says whether it is whole.
func ExampleReadAll() {
	agents, err := talkover.ReadAll(context.Background(), demo().ListAgents, talkover.AgentQuery{Direction: talkover.Outbound}, 300)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("complete:", agents.Complete)
	for _, agent := range agents.Rows {
		fmt.Println(agent.Label, agent.Numbers)
	}
	// Output:
	// complete: true
	// Sales Outreach [+442079460018]
	// Appointment Reminders [+12025550100]
}

// An error explains itself, and says when to try again.
func ExampleError() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "90") // longer than the client waits by itself
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, `{"success":false,"message":"Too Many Attempts."}`)
	}))
	defer s.Close()
	client, err := talkover.New(talkover.Config{Token: talkover.NewSecret("talq_..."), BaseURL: s.URL})
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ListCalls(context.Background(), talkover.CallQuery{})
	var e *talkover.Error
	if errors.As(err, &e) {
		fmt.Println(e.Explain("Talkover") + ". " + talkover.TryAgain(e.Wait))
		fmt.Println(e.Reason, e.Status, e.Wait, e.OwnWords())
	}
	// Output:
	// Talkover's limit of requests a minute is reached. Try again in 90 s.
	// ratelimited 429 1m30s Talkover's own words: "Too Many Attempts."
}

// An order is sent once. Only where NotDone says so was no call placed for sure.
func ExampleClient_PlaceCall() {
	client := demo()
	placed, err := client.PlaceCall(context.Background(), "c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03", talkover.CallOrder{To: "+12025550123", IsTesting: true})
	fmt.Println(placed.Status, placed.To, err)

	_, err = client.PlaceCall(context.Background(), "nobody", talkover.CallOrder{To: "+12025550123"})
	var e *talkover.Error
	fmt.Println(errors.As(err, &e) && e.NotDone(), e.Code)
	// Output:
	// initiated +12025550123 <nil>
	// true AGENT_NOT_FOUND
}

// A meter counts the requests of a piece of work.
func ExampleWithMeter() {
	ctx, meter := talkover.WithMeter(context.Background())
	all, err := talkover.ReadAll(talkover.Bulk(ctx), demo().ListCalls, talkover.CallQuery{DateFrom: "2026-11-01"}, 1000)
	fmt.Println(len(all.Rows), all.Complete, meter.Requests(), err)
	// Output:
	// 228 true 3 <nil>
}

// A token cannot be printed by accident.
func ExampleSecret() {
	token := talkover.NewSecret("talq_secret")
	fmt.Printf("%v %+v %q %x\n", token, struct{ Token talkover.Secret }{token}, token, token)
	fmt.Println(len(token.Reveal()))
	// Output:
	// [redacted] {Token:[redacted]} [redacted] [redacted]
	// 11
}

// Each account has a limit of its own, and shares the connections.
func ExampleClient_As() {
	account := sandbox.New(time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC))
	all, err := talkover.New(talkover.Config{Transport: account.Transport(), RateLimit: 100})
	if err != nil {
		log.Fatal(err)
	}
	one := all.As(talkover.NewSecret(sandbox.Token))
	_, err = one.ListCalls(context.Background(), talkover.CallQuery{})
	fmt.Println(err, one.Limits().Used, all.Limits().Used)
	// Output:
	// <nil> 1 0
}

// The text of a stranger becomes one line of characters that can be seen.
func ExampleClean() {
	fmt.Printf("%q\n", talkover.Clean("  Ann\u202e\n\tLee\u200b ", 120))
	fmt.Printf("%q\n", talkover.Clean("a name that is too long", 6))
	// Output:
	// "Ann Lee"
	// "a name"
}

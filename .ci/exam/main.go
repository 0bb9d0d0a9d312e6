// Command exam serves an account of the exam to a host over stdio, at the moment at which
// its questions are asked. docs/exam.md says how to let a model sit it.
//
//	go run ./.ci/exam -account large
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/talkover/talkover-mcp/internal/transport"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/calls"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/tools/exam"
)

func main() {
	account := flag.String("account", "demo", "demo, or large: a log that no single call can read on the standard plan")
	flag.Parse()
	if err := serve(*account); err != nil {
		fmt.Fprintln(os.Stderr, "exam:", err)
		os.Exit(1)
	}
}

// serve answers until stdin ends.
func serve(account string) error {
	var api http.RoundTripper
	limit, now := 0, exam.Clock()
	switch account {
	case "demo":
		api = exam.Demo().Transport()
		now = func() time.Time { return exam.Now } // however long a model takes
	case "large":
		api, limit = &exam.Plan{API: exam.Large().Transport(), Latency: 150 * time.Millisecond}, exam.PerMinute
	default:
		return fmt.Errorf("there is no account %q; there are demo and large", account)
	}
	c, err := talkover.New(talkover.Config{Token: talkover.NewSecret(sandbox.Token), Transport: api, RateLimit: limit})
	if err != nil {
		return err
	}
	business, err := stats.ParseHours(exam.BusinessHours)
	if err != nil {
		return err
	}
	logs := calls.New(calls.Options{Calls: calls.DefaultCalls, Now: now})
	defer logs.Close()
	s := tools.New(tools.Config{Client: c, Version: "exam", Zone: exam.Zone(), BusinessHours: business, Now: now,
		Logs: logs})
	return transport.Stdio(context.Background(), s, os.Stdin, os.Stdout, slog.New(slog.DiscardHandler))
}

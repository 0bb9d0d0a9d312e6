package stats_test

import (
	"github.com/talkover/talkover-mcp/talkover/scan/scantest"
)

// The log and the API of these tests.
type (
	record  = scantest.Record
	fakeAPI = scantest.API
	served  = scantest.Served
	memory  = scantest.Store
)

var (
	now      = scantest.Now
	clock    = scantest.Clock
	generate = scantest.Generate
	invent   = scantest.Invent
	within   = scantest.Within
	calls    = scantest.Calls
	client   = scantest.Client
)

const (
	initiated = scantest.Initiated
	ringing   = scantest.Ringing
	answered  = scantest.Answered
	completed = scantest.Completed
	failed    = scantest.Failed
	busy      = scantest.Busy
	noAnswer  = scantest.NoAnswer
	voicemail = scantest.Voicemail
)

package tools

import (
	"github.com/talkover/talkover-mcp/tools/makecall"
)

// makeCall is the tool that places a call. It is there only with [Config.AllowCalls].
func makeCall(c Config) tool[makecall.Input, *makecall.Output] {
	p := makecall.New(makecall.Options{
		Codes: c.CallingCodes, Most: c.MaxCallsPerHour, Replicas: c.Replicas,
		Common: c.PlacedCalls, Memory: c.Memory, Confirm: c.ConfirmCalls,
	})
	if c.WatchOrders != nil {
		c.WatchOrders(p.Left)
	}
	return tool[makecall.Input, *makecall.Output]{
		name:  "make_call",
		title: "Place a call",
		description: "Has an agent ring a phone number now: a real person answers, and it costs money. " +
			"Use it only where the user asked for this very call, and never twice for one wish.",
		limit:   pageTime,
		changes: true,
		run:     p.Place,
	}
}

package tools

// makeCall makes the tool that places a call. It is there only with [Config.AllowCalls].
func makeCall(c Config) tool[makeCallInput, *makeCallOutput] {
	p := newPlacer(makeOptions{
		codes: c.CallingCodes, most: c.MaxCallsPerHour, replicas: c.Replicas,
		common: c.PlacedCalls, memory: c.Memory, confirm: c.ConfirmCalls,
	})
	if c.WatchOrders != nil {
		c.WatchOrders(p.left)
	}
	return tool[makeCallInput, *makeCallOutput]{
		name:  "make_call",
		title: "Place a call",
		description: "Has an agent ring a phone number now: a real person answers, and it costs money. " +
			"Use it only where the user asked for this very call, and never twice for one wish.",
		limit:   pageTime,
		changes: true,
		run:     p.place,
	}
}

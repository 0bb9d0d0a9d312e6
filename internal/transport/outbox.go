package transport

import (
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
)

// queued is how many notifications of a request may wait to be sent. mcp-go drops
// those beyond it.
const queued = 100

// outbox sends the notifications of one request, such as its progress, before the
// answer: close returns when all of them are sent.
//
// The sessions of mcp-go v1.2.1 pass notifications to another goroutine than the
// one that sends the answer. So an answer overtakes what was said before it, and
// over HTTP the last notification may get lost. TestProgressComesBeforeTheAnswer
// and TestEachSubscriptionIsAcknowledged fail without the outbox.
type outbox struct {
	send func(mcp.JSONRPCNotification) // may block for as long as the client does not read

	start sync.Once
	queue chan mcp.JSONRPCNotification // nil until somebody wants to send
	stop  chan struct{}                // closed when nothing more will come
	sent  chan struct{}                // closed when all is sent
}

// channel returns where to put notifications. A request that never asks for it
// costs no goroutine.
func (o *outbox) channel() chan<- mcp.JSONRPCNotification {
	o.start.Do(func() {
		o.queue = make(chan mcp.JSONRPCNotification, queued)
		o.stop, o.sent = make(chan struct{}), make(chan struct{})
		go o.deliver()
	})
	return o.queue
}

// deliver sends what is put into the channel until close is called.
func (o *outbox) deliver() {
	defer close(o.sent)
	for {
		select {
		case n := <-o.queue:
			o.send(n)
		case <-o.stop:
			for len(o.queue) > 0 { // nobody else receives
				o.send(<-o.queue)
			}
			return
		}
	}
}

// close sends what still waits. What comes later is dropped.
func (o *outbox) close() {
	o.start.Do(func() {}) // from here on the channel is nil, if nobody has asked for it
	if o.stop != nil {
		close(o.stop)
		<-o.sent
		o.stop = nil
	}
}

package transport

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// debt counts the answers that are still owed. The zero value owes none.
type debt struct {
	count sync.Mutex
	owed  int
	paid  chan struct{} // closed when nothing is owed; nil while nobody waits
}

// expect adds an answer to what is owed.
func (d *debt) expect() {
	d.count.Lock()
	defer d.count.Unlock()
	d.owed++
}

// settle takes n answers off what is owed.
func (d *debt) settle(n int) {
	d.count.Lock()
	defer d.count.Unlock()
	if d.owed -= n; d.owed <= 0 && d.paid != nil {
		close(d.paid)
		d.paid = nil
	}
}

// drain waits until nothing is owed, but no longer than patience.
func (d *debt) drain(patience time.Duration) {
	d.count.Lock()
	if d.owed <= 0 {
		d.count.Unlock()
		return
	}
	paid := make(chan struct{})
	d.paid = paid
	d.count.Unlock()
	select {
	case <-paid:
	case <-time.After(patience):
	}
}

// isRequest reports whether a message is one that will be answered with its id.
func isRequest(message []byte) bool {
	var m struct {
		ID     any             `json:"id"`
		Method string          `json:"method"`
		Result json.RawMessage `json:"result"`
	}
	return len(message) > 0 && json.Unmarshal(message, &m) == nil && m.ID != nil && m.Method != "" && m.Result == nil
}

// isAnswer reports whether a message of ours answers a request.
func isAnswer(message []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(message))
	for {
		t, err := d.ReadToken()
		if err != nil {
			return false
		}
		if t.Kind() != '"' {
			continue
		}
		switch t.String() {
		case "id":
			return d.PeekKind() != 'n'
		case "method":
			return false
		}
	}
}

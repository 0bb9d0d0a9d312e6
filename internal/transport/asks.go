package transport

import (
	"encoding/json"
	"sync"
)

// reply is the answer of a client to a request of the server.
type reply struct {
	ID     any             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// asks holds the requests of the server that a client has not answered yet. The zero
// value is ready.
type asks struct {
	mu      sync.Mutex
	last    int64                  // id of the latest request
	waiting map[float64]chan reply // by id
}

// ask names a request of the server, and returns where its answer will come.
func (a *asks) ask() (id int64, answered <-chan reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last++
	if a.waiting == nil {
		a.waiting = make(map[float64]chan reply)
	}
	c := make(chan reply, 1)
	a.waiting[float64(a.last)] = c
	return a.last, c
}

func (a *asks) forget(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, float64(id))
}

// heard hands the answer of a client to who waits for it. It reports whether the
// message is one.
func (a *asks) heard(b []byte) bool {
	var r reply
	if json.Unmarshal(b, &r) != nil || r.Result == nil && r.Error == nil {
		return false
	}
	id, ok := r.ID.(float64)
	if !ok {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.waiting[id]
	if ok {
		delete(a.waiting, id) // a second answer is for nobody
		c <- r
	}
	return ok
}

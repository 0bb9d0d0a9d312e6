package valkey

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/url"
	"strconv"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/talkover/talkover-mcp/talkover"
)

//go:embed calls.lua
var callsScript string

//go:embed swap.lua
var swapScript string

// Calls counts the calls that all replicas place, for each who is bound, and remembers what
// was ordered.
type Calls struct {
	*Server
	key []byte
}

// Calls returns the count of placed calls. The server knows whoever is bound by a hash
// with a key, which all replicas must have.
func (s *Server) Calls(key []byte) Calls { return Calls{s, key} }

// Key derives 32 secret bytes from the password of the URL, which replicas have in common
// where each request brings a token of its own.
func (s *Server) Key(purpose string) []byte {
	var password string
	if u, err := url.Parse(s.URL.Reveal()); err == nil {
		password, _ = u.User.Password()
	}
	return talkover.NewSecret(password).Key(purpose)
}

// Count returns how many calls all of these may yet place in this hour, and how long it
// takes until the next where there is none. It adds the call with an id, unless that is
// empty or none is left. mine has what this replica knows of the calls of each, by id and
// moment. The error says that the server is away.
func (c Calls) Count(
	id string, most int, who []string, mine []map[string]time.Time,
) (left int, wait time.Duration, err error) {
	args := []string{id, strconv.Itoa(most)}
	for i := range who {
		for id, at := range mine[i] {
			args = append(args, strconv.Itoa(i+1), id, milli(time.Since(at)))
		}
	}
	words := script(callsScript, c.keys(who...), args...)
	answer, err := ask(context.Background(), c.Server, dataTime, numbers(2), words...)
	if err != nil {
		return 0, 0, err
	}
	return int(answer[0]), time.Duration(answer[1]) * time.Millisecond, nil
}

// Swap puts a text under a name, to be held for so long, if what is there is old; "" stands
// for nothing. It returns what was there. The server knows the name by its hash. The error
// says that the server is away, and the text may have been put all the same.
func (c Calls) Swap(name, old, text string, hold time.Duration) (string, error) {
	words := script(swapScript, c.keys(name), old, text, milli(max(hold, time.Millisecond)))
	return ask(context.Background(), c.Server, dataTime, valkeygo.ValkeyResult.ToString, words...)
}

// Undo takes a call away that was not placed. It returns at once.
func (c Calls) Undo(id string, who []string) {
	go func() {
		for _, key := range c.keys(who...) {
			_ = c.do(context.Background(), "ZREM", key, id) // else it counts for an hour
		}
	}()
}

func (c Calls) keys(who ...string) []string {
	keys := make([]string, len(who))
	for i, name := range who {
		h := hmac.New(sha256.New, c.key)
		h.Write([]byte(name))
		keys[i] = "talkover:{calls}:" + hex.EncodeToString(h.Sum(nil)[:16])
	}
	return keys
}

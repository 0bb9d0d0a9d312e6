package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// telephone is an API that counts the calls that are placed. It answers each with an id,
// or with a status if that is set.
type telephone struct {
	placed, status atomic.Int64
	begun, end     chan bool // the first order is told of, and waits; nil for neither
}

func (p *telephone) env(t *testing.T, more ...string) []string {
	env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			io.WriteString(w, `{"data":[]}`)
			return
		}
		n := p.placed.Add(1)
		if n == 1 && p.begun != nil {
			p.begun <- true
			<-p.end
		}
		if status := p.status.Load(); status != 0 {
			w.WriteHeader(int(status))
			return
		}
		fmt.Fprintf(w, `{"data":{"id":"c%d","status":"queued"}}`, n)
	})
	return append(behindGate("http", env), more...)
}

// freePort returns a port that nobody listens at. It is none of those that systems give to
// connections going out (from 32768 on), so that none takes it before the test does.
func freePort(t *testing.T) string {
	t.Helper()
	for range 1000 {
		ln, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10_000+rand.N(22_000)))
		if err == nil {
			defer ln.Close()
			_, port, _ := net.SplitHostPort(ln.Addr().String())
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}

// valkeyURL starts a Valkey or Redis, a real one where it is installed, and returns its
// address, and how to end it.
func valkeyURL(t *testing.T) (url string, end func()) {
	t.Helper()
	for _, name := range []string{"valkey-server", "redis-server"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		port := freePort(t)
		cmd := exec.Command(path, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		end := sync.OnceFunc(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		t.Cleanup(end)
		eventually(t, name+" listens", func() bool {
			c, err := net.Dial("tcp", "127.0.0.1:"+port)
			if err == nil {
				c.Close()
			}
			return err == nil
		})
		return "redis://127.0.0.1:" + port, end
	}
	s := miniredis.RunT(t)
	return "redis://" + s.Addr(), s.Close
}

// ordered is what a client reads of an order.
type ordered struct {
	State   string `json:"requestState"`
	IsError bool   `json:"isError"`
	Content []struct{ Text string }
	Asked   map[string]any `json:"inputRequests"`
}

func (o ordered) text() string {
	if len(o.Content) == 0 {
		return "asked"
	}
	return o.Content[0].Text
}

// ordering asks for a call as a client of 2026-07-28 does that can ask its user. answer is
// what the user says to the question of a state.
func ordering(t *testing.T, base, args, state, answer string) ordered {
	t.Helper()
	params := fmt.Sprintf(`"name":"make_call","arguments":%s`, args)
	if state != "" {
		params += fmt.Sprintf(`,"requestState":%q,"inputResponses":{"confirm":{"action":%q}}`, state, answer)
	}
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}`
	_, body, err := post(base, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{`+params+`,`+meta+`}}`,
		"Authorization", "Bearer "+gateToken, "Accept", "application/json, text/event-stream",
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "make_call")
	var answered struct{ Result ordered }
	if err != nil || json.Unmarshal([]byte(body), &answered) != nil {
		t.Errorf("%v: %s", err, body)
	}
	return answered.Result
}

const (
	ann = `{"agent_id":"c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03","to":"+12025550123","payload":{"name":"Ann","visits":2}}`
	bob = `{"agent_id":"c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03","to":"+12025550123","payload":{"name":"Bob"}}`
)

// One answer of the user rings once, however many replicas hear of it and how often, and
// whether one was started again.
func TestOneConfirmationRingsOnce(t *testing.T) {
	t.Parallel()
	const wrong = "No call was placed: the confirmation is not of this order, or it was used"
	t.Run("replicas with a Valkey", func(t *testing.T) {
		phone := new(telephone)
		url, _ := valkeyURL(t)
		env := phone.env(t, "TALKOVER_CONFIRM_CALLS=always", "TALKOVER_VALKEY_URL="+url, "TALKOVER_REPLICAS=2")
		one, process := served(t, env, "-transport", "http")
		two, _ := served(t, env, "-transport", "http")
		asked := ordering(t, one, ann, "", "")
		if asked.State == "" || asked.Asked["confirm"] == nil {
			t.Fatalf("the user is not asked: %+v", asked)
		}
		if got := ordering(t, two, bob, asked.State, "accept"); !strings.HasPrefix(got.text(), wrong) ||
			phone.placed.Load() != 0 {
			t.Errorf("of another order: %s", got.text())
		}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() { ordering(t, []string{one, two}[i%2], ann, asked.State, "accept") })
		}
		all.Wait()
		if n := phone.placed.Load(); n != 1 {
			t.Errorf("it rang %d times", n)
		}
		_ = process.Process.Kill()
		again, _ := served(t, env, "-transport", "http")
		for _, base := range []string{two, again} {
			if got := ordering(t, base, ann, asked.State, "accept"); !strings.HasPrefix(got.text(), wrong) ||
				phone.placed.Load() != 1 {
				t.Errorf("later: %s", got.text())
			}
		}
		// Any replica takes the answer to a question of another.
		if got := ordering(t, again, bob, ordering(t, two, bob, "", "").State, "accept"); got.IsError ||
			phone.placed.Load() != 2 {
			t.Errorf("asked by one and answered to another: %s", got.text())
		}
	})
	t.Run("a process alone", func(t *testing.T) {
		phone := new(telephone)
		env := phone.env(t, "TALKOVER_CONFIRM_CALLS=always")
		one, process := served(t, env, "-transport", "http")
		other, _ := served(t, env, "-transport", "http")
		used, open := ordering(t, one, ann, "", ""), ordering(t, one, bob, "", "")
		if got := ordering(t, other, ann, used.State, "accept"); !strings.HasPrefix(got.text(), wrong) {
			t.Errorf("another process: %s", got.text())
		}
		if got := ordering(t, one, ann, used.State, "accept"); got.IsError || phone.placed.Load() != 1 {
			t.Errorf("%s", got.text())
		}
		_ = process.Process.Kill()
		again, _ := served(t, env, "-transport", "http")
		for args, state := range map[string]string{ann: used.State, bob: open.State} {
			if got := ordering(t, again, args, state, "accept"); !strings.HasPrefix(got.text(), wrong) ||
				phone.placed.Load() != 1 {
				t.Errorf("after a restart: %s", got.text())
			}
		}
	})
}

// While the memory that replicas share is away, nobody is rung, and the answer says so.
func TestNobodyIsRungWhileValkeyIsAway(t *testing.T) {
	t.Parallel()
	phone := new(telephone)
	url, end := valkeyURL(t)
	const away = "No call was placed: the memory that replicas share (TALKOVER_VALKEY_URL) is away"
	asks, _ := served(t, phone.env(t, "TALKOVER_CONFIRM_CALLS=always", "TALKOVER_VALKEY_URL="+url), "-transport",
		"http")
	rings, _ := served(t, phone.env(t, "TALKOVER_CONFIRM_CALLS=never", "TALKOVER_VALKEY_URL="+url), "-transport",
		"http")
	asked := ordering(t, asks, ann, "", "")
	end()
	for name, got := range map[string]ordered{
		"an answer":        ordering(t, asks, ann, asked.State, "accept"),
		"a question":       ordering(t, asks, bob, "", ""),
		"without question": ordering(t, rings, ann, "", ""),
	} {
		if !strings.HasPrefix(got.text(), away) || !strings.Contains(got.text(), "Call again in a minute") ||
			phone.placed.Load() != 0 {
			t.Errorf("%s: %d placed, %s", name, phone.placed.Load(), got.text())
		}
	}
}

var (
	ofCall    = regexp.MustCompile(`went out at (\S+), as the call (\S+)\..* again_after "(\S+)"`)
	ofUnknown = regexp.MustCompile(`went out at (\S+), and what came of it is not known. Look whether it is there: ` +
		`list_calls .* again_after "(unknown-\w+)"`)
)

// A host that does not wait for the answer and asks again has nobody rung twice: the
// second order is told of the first, and is placed where the user wants it.
func TestTheSameOrderIsNotSentTwiceUnasked(t *testing.T) {
	t.Parallel()
	url, _ := valkeyURL(t)
	for name, more := range map[string][]string{"one process": nil, "replicas": {"TALKOVER_VALKEY_URL=" + url},
		"masked": {"TALKOVER_MASK_NUMBERS=last4"}} {
		t.Run(name, func(t *testing.T) {
			phone := new(telephone)
			env := phone.env(t, more...)
			one, _ := served(t, env, "-transport", "http")
			two := one
			if name == "replicas" {
				two, _ = served(t, env, "-transport", "http")
			}
			rings := func(base, args string, want int64) ordered {
				t.Helper()
				got := ordering(t, base, args, "", "")
				if n := phone.placed.Load(); n != want {
					t.Errorf("it rang %d times, want %d: %s", n, want, got.text())
				}
				return got
			}
			with := func(args, more string) string { return strings.TrimSuffix(args, "}") + more + "}" }
			begun := time.Now()
			rings(one, ann, 1)
			refused := rings(two, ann, 1)
			told := ofCall.FindStringSubmatch(refused.text())
			if !refused.IsError || told == nil || told[2] != "c1" || told[3] != "c1" {
				t.Fatalf("the second order: %s", refused.text())
			}
			if at, err := time.Parse(time.RFC3339, told[1]); err != nil || at.Before(begun.Add(-time.Second)) ||
				at.After(time.Now()) {
				t.Errorf("the time of the first is %s", told[1])
			}
			// The same order in other words is the same.
			rings(one, `{"to":"+12025550123","payload":{ "visits":2.0, "name":"Ann"},`+
				`"agent_id":"c27d9b3e-91a4-4f60-b5d8-7e0a1c3f8d03","delay_seconds":5}`, 1)
			rings(one, with(ann, `,"again_after":"c7"`), 1)
			rings(one, with(ann, `,"again_after":"c1"`), 2)
			rings(two, with(ann, `,"again_after":"c1"`), 2) // that of before
			rings(two, with(ann, `,"again_after":"c2"`), 3)
			// Another order is another, and a test call always may ring.
			rings(two, bob, 4)
			rings(two, with(ann, `,"is_testing":true`), 5)
			rings(one, with(ann, `,"is_testing":true`), 6)
		})
	}
}

// An order of which nobody knows what came counts; one that was certainly not placed does
// not.
func TestWhatCountsAsAnOrder(t *testing.T) {
	t.Parallel()
	phone := new(telephone)
	phone.status.Store(http.StatusBadGateway)
	base, _ := served(t, phone.env(t), "-transport", "http")
	first := ordering(t, base, ann, "", "")
	id := regexp.MustCompile(`If it is not, again_after "(unknown-\w+)" places it`).FindStringSubmatch(first.text())
	told := ofUnknown.FindStringSubmatch(ordering(t, base, ann, "", "").text())
	if id == nil || told == nil || told[2] != id[1] || phone.placed.Load() != 1 {
		t.Fatalf("%d placed, %q of %s", phone.placed.Load(), told, first.text())
	}
	again := strings.TrimSuffix(ann, "}") + `,"again_after":"` + id[1] + `"}`
	phone.status.Store(http.StatusPaymentRequired)
	for n := range 2 { // each is refused by Talkover, so that the first one is still the last
		if got := ordering(t, base, again, "", ""); !strings.HasPrefix(got.text(),
			"No call was placed. Talkover answered 402") || phone.placed.Load() != int64(n)+2 {
			t.Errorf("%s", got.text())
		}
	}
	if told := ofUnknown.FindStringSubmatch(ordering(t, base, ann, "", "").text()); told == nil || told[2] != id[1] {
		t.Errorf("the first order is forgotten: %q", told)
	}
	phone.status.Store(0)
	if got := ordering(t, base, again, "", ""); got.IsError {
		t.Errorf("%s", got.text())
	}
	phone.status.Store(http.StatusPaymentRequired)
	for n := range 2 {
		if got := ordering(t, base, bob, "", ""); !strings.HasPrefix(got.text(),
			"No call was placed. Talkover answered 402") {
			t.Errorf("order %d: %s", n+1, got.text())
		}
	}
}

// An order goes on for long, its host gives up, and asks again: the phone rings once.
func TestAHostThatTimesOutAndAsksAgain(t *testing.T) {
	t.Parallel()
	phone := &telephone{begun: make(chan bool), end: make(chan bool)}
	base, _ := served(t, phone.env(t), "-transport", "http")
	var first sync.WaitGroup
	first.Go(func() { ordering(t, base, ann, "", "") })
	<-phone.begun
	if got := ordering(t, base, ann, "", ""); ofUnknown.FindString(got.text()) == "" || phone.placed.Load() != 1 {
		t.Errorf("%d placed, %s", phone.placed.Load(), got.text())
	}
	phone.end <- true
	first.Wait()
	if got := ordering(t, base, ann, "", ""); ofCall.FindString(got.text()) == "" || phone.placed.Load() != 1 {
		t.Errorf("%d placed, %s", phone.placed.Load(), got.text())
	}
}

// Over HTTP nobody is rung unless a user said yes, or whoever runs the server said that no
// user need be asked. A client of 2025 cannot be asked over /mcp.
func TestOverHTTPTheUserIsAsked(t *testing.T) {
	t.Parallel()
	phone := new(telephone)
	env := append(phone.env(t), "TALKOVER_CONFIRM_CALLS=") // as if not set
	base, _ := served(t, env, "-transport", "http")
	for _, says := range []string{"decline", "cancel"} {
		if got := ordering(t, base, ann, ordering(t, base, ann, "", "").State, says); !got.IsError ||
			phone.placed.Load() != 0 {
			t.Errorf("%s of 2026: %s", says, got.text())
		}
	}
	headers := []string{"Authorization", "Bearer " + gateToken, "Accept", "application/json, text/event-stream"}
	_, greeting, err := post(base, `{"jsonrpc":"2.0","id":0,"method":"initialize",`+
		`"params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"t",`+
		`"version":"1"}}}`, headers...)
	if err != nil || !strings.Contains(greeting, "protocolVersion") {
		t.Fatal(err, greeting)
	}
	_, text, err := post(base, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"make_call",`+
		`"arguments":`+ann+`}}`, append(headers, "Mcp-Protocol-Version", "2025-11-25")...)
	for _, want := range []string{"No call was placed", "TALKOVER_CONFIRM_CALLS=always",
		"one of before 2026-07-28 on streamable HTTP", "Where a person approves each call elsewhere",
		"TALKOVER_CONFIRM_CALLS=never"} {
		if err != nil || !strings.Contains(text, want) || phone.placed.Load() != 0 {
			t.Errorf("a client of 2025: %d placed, no %q in %s", phone.placed.Load(), want, text)
		}
	}
	base, _ = served(t, append(env, "TALKOVER_CONFIRM_CALLS=never"), "-transport", "http")
	if _, text, _ := post(base, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"make_call",`+
		`"arguments":`+ann+`}}`, headers...); phone.placed.Load() != 1 {
		t.Errorf("never: %s", text)
	}
}

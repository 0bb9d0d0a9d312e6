// Package valkey_test holds three real processes that share a real Valkey or Redis to what
// docs/replicas.md says. The run beside it sets SERVER and BINARY.
package valkey_test

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if os.Getenv("SERVER") == "" || os.Getenv("BINARY") == "" {
		fmt.Println("SERVER and BINARY are not set; bash .ci/valkey/run sets them")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// long is set where each test lasts over two windows.
var long = os.Getenv("LONG") == "1"

// lasts is how long a crowd asks.
func lasts() time.Duration {
	if long {
		return 130 * time.Second
	}
	return 66 * time.Second
}

// trio is three replicas with their server, and a crowd that asks all.
type trio struct {
	api      *api
	server   *server
	replicas []*replica
	crowd    *crowd
	begin    time.Time
}

func newTrio(t *testing.T, workers int) *trio {
	t.Helper()
	t.Parallel()
	w := &trio{api: newAPI(t), server: newServer(t, freePort(t), ""), crowd: newCrowd(t)}
	for range 3 {
		w.replicas = append(w.replicas, newReplica(t, w.api, w.server.url()))
	}
	w.begin = time.Now()
	for _, r := range w.replicas {
		w.crowd.join(r, workers)
	}
	return w
}

// until sleeps until so long after the beginning.
func (w *trio) until(after time.Duration) { time.Sleep(time.Until(w.begin.Add(after))) }

// fault is when a fault begins: where two windows are asked for, in the second.
func fault() time.Duration {
	if long {
		return 70 * time.Second
	}
	return 15 * time.Second
}

// end stops the crowd, and reports.
func (w *trio) end(t *testing.T, refusals int) {
	t.Helper()
	w.until(lasts())
	w.crowd.stop()
	served, denied := w.api.figures()
	t.Logf("%v: %d requests served, %d answered 429; %s", time.Since(w.begin).Round(time.Second), served, denied,
		w.crowd.figures())
	if denied > refusals {
		t.Errorf("%d requests were answered 429, want %d at most", denied, refusals)
	}
	if w.crowd.right == 0 {
		t.Error("no answer was right")
	}
}

func TestLimit(t *testing.T) {
	w := newTrio(t, 4)
	w.end(t, 0)
	served, _ := w.api.figures()
	windows := int(lasts()/time.Minute) + 1 // the last one has begun
	if least := (windows-1)*limit*80/100 + 1; served < least {
		t.Errorf("%d requests were served, want %d", served, least)
	}
	t.Logf("a script takes the server: %s", scriptCost.FindString(w.server.command(t, "INFO commandstats")))
	if gone := strings.Count(w.replicas[0].output(), "Valkey is away"); gone > 0 {
		t.Logf("the first replica found the server away %d times: this machine is busy", gone)
	}
}

// A replica that is killed holds places, which come free when their lease is over.
func TestKilledReplica(t *testing.T) {
	w := newTrio(t, 8)
	w.until(fault())
	w.api.slow(3 * time.Second)
	time.Sleep(time.Second)
	w.replicas[0].kill()
	w.api.slow(20 * time.Millisecond)
	w.end(t, 0)
}

// A server that is stopped for 10 s.
func TestStoppedServer(t *testing.T) {
	w := newTrio(t, 4)
	w.until(fault())
	w.server.signal(syscall.SIGSTOP)
	noticed := eventually(t, "/readyz says that the server is away", func() bool { return w.replicas[0].away() })
	w.until(fault() + 10*time.Second)
	w.server.signal(syscall.SIGCONT)
	back := eventually(t, "/readyz says that the server is back", func() bool { return !w.replicas[0].away() })
	t.Logf("noticed after %v, back after %v", noticed.Round(time.Millisecond), back.Round(time.Millisecond))
	w.end(t, 0)
}

func TestFlushedServer(t *testing.T) {
	w := newTrio(t, 4)
	w.until(fault())
	if got := w.server.command(t, "FLUSHALL"); !strings.HasPrefix(got, "+OK") {
		t.Fatal(got)
	}
	w.end(t, 0)
}

// The server is killed, and 5 s later another one is there, with nothing in it.
func TestRestartedServer(t *testing.T) {
	w := newTrio(t, 4)
	w.until(fault())
	w.server.kill()
	w.until(fault() + 5*time.Second)
	w.server = newServer(t, w.server.port, "")
	back := eventually(t, "/readyz says that the server is back", func() bool { return !w.replicas[0].away() })
	t.Logf("back after %v", back.Round(time.Millisecond))
	w.end(t, 0)
}

// Without its server each replica takes a third, from the beginning on.
func TestWrongPassword(t *testing.T) {
	alone(t, newServer(t, freePort(t), "the-right-one"), func(s *server) { s.password = "a-wrong-one" },
		"WRONGPASS", "a-wrong-one")
}

func TestGarbage(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 1024)
				for n := 0; ; n++ {
					if _, err := c.Read(b); err != nil {
						return
					}
					answers := []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "$9223372036854775806\r\n",
						"*3\r\n:1\r\n", "\x00\xff\xfe"}
					if _, err := c.Write([]byte(answers[n%len(answers)])); err != nil {
						return
					}
				}
			}()
		}
	}()
	alone(t, &server{port: ln.Addr().(*net.TCPAddr).Port}, func(*server) {}, "", "\x00")
}

// alone holds replicas to what they do without a server: they answer, say so, and keep the
// password to themselves.
func alone(t *testing.T, s *server, spoil func(*server), why, secret string) {
	t.Helper()
	t.Parallel()
	spoil(s)
	a, c := newAPI(t), newCrowd(t)
	for range 3 {
		r := newReplica(t, a, s.url())
		eventually(t, "/readyz says that the server is away", r.away)
		eventually(t, "the log says why the server is away", func() bool {
			out := r.output()
			return strings.Contains(out, "Valkey is away") && strings.Contains(out, why)
		})
		if out := r.output(); strings.Contains(out, secret) {
			t.Errorf("the log says %s", out)
		}
		c.join(r, 3)
	}
	eventually(t, "each replica takes its third", func() bool { served, _ := a.figures(); return served >= 80 })
	time.Sleep(5 * time.Second) // and no more
	c.stop()
	served, denied := a.figures()
	t.Logf("%d requests served, %d answered 429; %s", served, denied, c.figures())
	if denied > 0 {
		t.Errorf("%d requests were answered 429", denied)
	}
}

// scriptCost finds how often scripts ran, and for how many microseconds each.
var scriptCost = regexp.MustCompile(`cmdstat_evalsha:[^\r]*`)

var ofRequests = regexp.MustCompile(`(?s)^Exact: all `)

// questions are ten about the same month.
var questions = []map[string]any{
	{}, {"group_by": []string{"agent"}}, {"group_by": []string{"hour"}}, {"group_by": []string{"day", "status"}},
	{"group_by": []string{"contact"}},
	{"status": "no-answer", "group_by": []string{"hour"}}, {"direction": "inbound",
		"group_by": []string{"weekday"}}, {"group_by": []string{"line"}},
	{"group_by": []string{"weekday", "hour"}}, {"status": "completed"},
}

// costOf asks n new replicas in turn, and returns how many requests that cost. It returns -1 where one of them could
// not reach the server for a while: a machine that is too busy to run it for 50 ms makes replicas go on alone, and
// each reads for itself.
func costOf(t *testing.T, n int) int {
	a, s := newAPI(t), newServer(t, freePort(t), "")
	var replicas []*replica
	for range n {
		url := ""
		if n > 1 {
			url = s.url()
		}
		replicas = append(replicas, newReplica(t, a, url))
	}
	var faults []string
	for i, q := range questions {
		q["date_from"] = time.Now().UTC().AddDate(0, 0, -28).Format(time.DateOnly)
		text, isError, err := replicas[i%n].call(t.Context(), "get_call_stats", q)
		if err != nil || isError || !ofRequests.MatchString(text) {
			faults = append(faults, fmt.Sprintf("question %d of %d replicas: %v %s", i+1, n, err, text))
		}
	}
	served, denied := a.figures()
	if denied > 0 {
		faults = append(faults, fmt.Sprintf("%d replicas: %d requests were answered 429", n, denied))
	}
	for _, r := range replicas {
		if strings.Contains(r.output(), "Valkey is away") {
			t.Log("this machine is too busy: a replica found the server away")
			return -1
		}
	}
	if faults != nil {
		t.Fatal(strings.Join(faults, "\n"))
	}
	return served
}

// Ten questions cost three replicas in turn at most ten requests more than one.
func TestDaysAreReadOnce(t *testing.T) {
	t.Parallel()
	one, three := costOf(t, 1), -1
	for range 10 {
		if three = costOf(t, 3); three >= 0 {
			break
		}
	}
	t.Logf("ten questions: %d requests of one replica, %d of three in turn", one, three)
	if three < 0 || three > one+10 {
		t.Errorf("three replicas sent %d requests, one %d", three, one)
	}
}

// Package valkey is what replicas of this program share, in Valkey or Redis: the count
// of the API's limit ([Server.Ledger]), the kept readings with their proofs
// ([Server.Store]), and the count and the memory of placed calls ([Server.Calls]).
//
// A [Server] may be away at any time. Whoever asks it then learns so at once, and goes
// on alone: the package never waits longer than 50 ms for the limit. It sees encrypted
// readings, hashes made with keys that come from the token, sizes, times and ids of placed calls.
package valkey

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	limitTime   = 50 * time.Millisecond  // for an answer about the limit
	dataTime    = 500 * time.Millisecond // for readings, leases and placed calls
	connectTime = time.Second            // for a connection, its login included
	lookEvery   = time.Second            // so often it is looked whether the server is there

	// connections bounds those of one process; a script takes 0.2 ms of one.
	connections = 8
	bufferSize  = 16 << 10 // bytes to read and to write, of each connection
)

// Options say where the server is, and among how many its users are.
type Options struct {
	URL      talkover.Secret        // see [CheckURL]; it may hold a password
	Renewed  func() talkover.Secret // returns the URL with user and password of this moment; nil if it stays
	Replicas int                    // that share the server
	Log      *slog.Logger           // told when the server goes away and comes back

	// Dial connects to the server in place of the network; tests set it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Server is one Valkey or Redis, as a replica uses it. Many goroutines may use it.
type Server struct {
	Options
	option valkeygo.ClientOption
	ctx    context.Context // ended by Close
	end    context.CancelFunc
	closed sync.WaitGroup
	state  atomic.Pointer[state]
}

// state is how a server stands.
type state struct {
	client valkeygo.Client // nil while it is away
	words  string          // that it is away, and why; empty where it is not
	gone   int             // times that it went away
}

// CheckURL returns what is wrong with a URL of a server; nil for nothing. It takes
// valkey:// and redis://, and valkeys:// and rediss:// for TLS, with user and password
// where needed, host, port and the number of a database.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	_, wrong := valkeygo.ParseURL(raw)
	isScheme := err == nil && slices.Contains([]string{"valkey", "valkeys", "redis", "rediss"}, u.Scheme)
	if !isScheme || wrong != nil || u.Hostname() == "" || u.RawQuery+u.Fragment != "" {
		// The texts of these errors would quote the URL.
		return errors.New("it is not valkey://, valkeys://, redis:// or rediss://, " +
			"then [user:secret@]host[:port][/number of a database]")
	}
	return nil
}

// Open connects to a server, for at most a second. Where that fails, the server is away,
// and is tried again each second until Close. The error is that of [CheckURL].
func Open(o Options) (*Server, error) {
	if err := CheckURL(o.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("valkey: %w", err)
	}
	option, _ := valkeygo.ParseURL(o.URL.Reveal())
	// Each command has a connection to itself. Pipelined ones share a goroutine of
	// valkey-go v1.0.79 that panics where an answer comes out of order (its issue 79, open),
	// which would end this process.
	option.DisableAutoPipelining, option.BlockingPoolSize = true, connections
	option.ForceSingleClient, option.DisableCache, option.AlwaysRESP2, option.DisableRetry = true, true, true, true
	option.ReadBufferEachConn, option.WriteBufferEachConn, option.RingScaleEachConn = bufferSize, bufferSize, 2
	option.ClientSetInfo = valkeygo.DisableClientSetInfo
	option.Dialer.Timeout, option.ConnWriteTimeout = connectTime, connectTime
	option.Dialer.KeepAlive = -1 // else valkey-go sends a PING each second on each connection
	if o.Renewed != nil {
		option.AuthCredentialsFn = func(valkeygo.AuthCredentialsContext) (valkeygo.AuthCredentials, error) {
			now, err := valkeygo.ParseURL(o.Renewed().Reveal())
			return valkeygo.AuthCredentials{Username: now.Username, Password: now.Password}, err
		}
	}
	if o.Dial == nil {
		o.Dial = option.Dialer.DialContext
	}
	option.DialCtxFn = func(ctx context.Context, address string, _ *net.Dialer, t *tls.Config) (net.Conn, error) {
		c, err := o.Dial(ctx, "tcp", address)
		if err == nil && t != nil {
			c = tls.Client(c, t)
		}
		return &bounded{Conn: c, ahead: bufio.NewReaderSize(c, bufferSize)}, err
	}
	s := &Server{Options: o, option: option}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.state.Store(new(state))
	s.look()
	s.closed.Go(s.watch)
	return s, nil
}

// Close ends all connections.
func (s *Server) Close() {
	s.end()
	s.closed.Wait()
}

// watch looks each second whether the server is there: a question finds it away, not out.
func (s *Server) watch() {
	for s.ctx.Err() == nil {
		select {
		case <-s.ctx.Done():
			was := s.state.Load()
			s.swap(was, was.client, s.ctx.Err())
		case <-time.After(lookEvery):
			s.look()
		}
	}
}

// look asks the server whether it is there. Where it was away, it is asked over new
// connections: those of before may lead to one that is no longer the primary.
func (s *Server) look() {
	was := s.state.Load()
	c := was.client
	if c == nil {
		var err error
		if c, err = valkeygo.NewClient(s.option); err != nil {
			s.swap(was, nil, err)
			return
		}
	}
	ctx, cancel := context.WithTimeout(s.ctx, connectTime)
	defer cancel()
	s.swap(was, c, c.Do(ctx, c.B().Ping().Build()).Error())
}

// swap notes that the server answers a client, or why not.
func (s *Server) swap(was *state, c valkeygo.Client, err error) {
	if err == nil && c == was.client {
		return
	}
	if err != nil && c != nil {
		go c.Close() // it waits for commands under way
		c = nil
	}
	now := &state{c, "", was.gone}
	if err != nil {
		now.words = fmt.Sprintf("Valkey is away (%s): this replica goes on alone, with 1/%d of the limit",
			inWords(err), s.Replicas)
		if was.words == "" {
			now.gone++
		}
	}
	switch {
	case !s.state.CompareAndSwap(was, now): // others noted it
	case err == nil && was.words != "":
		s.Log.Info("Valkey is back; replicas share one limit again")
	case now.words != was.words && s.ctx.Err() == nil:
		s.Log.Warn(now.words)
	}
}

// State returns whether the server gave no answer lately, and how often it went away.
func (s *Server) State() (away bool, gone int) {
	now := s.state.Load()
	return now.client == nil, now.gone
}

// Words says in a line for operators that the server is away; empty where it is not.
func (s *Server) Words() string { return s.state.Load().words }

var (
	errAnswer = errors.New("it answers as no Valkey does")
	errAway   = errors.New("valkey: the server is away")
)

// ask sends the server a command, for so long, and takes its answer. Where that fails, the
// server is away from then on, and the error is errAway. That nothing is at a key is an
// answer; so is that something of another type than ours is. The end of ctx says nothing of
// the server: a command that was sent is waited for.
func ask[T any](
	ctx context.Context, s *Server, most time.Duration, take func(valkeygo.ValkeyResult) (T, error), words ...string,
) (answer T, err error) {
	was := s.state.Load()
	switch {
	case ctx.Err() != nil:
		return answer, ctx.Err()
	case was.client == nil:
		return answer, errAway
	}
	ctx, cancel := context.WithTimeout(s.ctx, most)
	defer cancel()
	answer, err = take(was.client.Do(ctx, was.client.B().Arbitrary(words...).Build()))
	switch {
	case err == nil || valkeygo.IsValkeyNil(err):
		return answer, nil
	case strings.Contains(err.Error(), "WRONGTYPE"):
		return answer, err
	}
	s.swap(was, was.client, err)
	return answer, errAway
}

// script returns the words that run a script.
func script(text string, keys []string, args ...string) []string {
	return slices.Concat([]string{"EVAL", text, strconv.Itoa(len(keys))}, keys, args)
}

// numbers takes an answer of so many numbers, or more.
func numbers(least int) func(valkeygo.ValkeyResult) ([]int64, error) {
	return func(r valkeygo.ValkeyResult) ([]int64, error) {
		all, err := r.AsIntSlice()
		if len(all) < least && (err == nil || valkeygo.IsValkeyNil(err)) {
			err = errAnswer
		}
		return all, err
	}
}

func milli(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// inWords says why there is no answer, without user and password.
func inWords(err error) string {
	var refused *valkeygo.ValkeyError
	var network *net.OpError
	switch {
	case errors.As(err, &refused): // which may quote a password
		code, _, _ := strings.Cut(refused.Error(), " ")
		return "it answers " + code
	case errors.As(err, &network):
		return fmt.Sprint(network.Err)
	case errors.Is(err, errAnswer):
		return err.Error()
	}
	return "no answer in time"
}

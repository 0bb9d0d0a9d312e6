// Package valkey is what replicas of this program share, in Valkey or Redis: the count
// of the API's limit ([Server.Ledger]), the kept days with their proofs
// ([Server.Days]), and the count and the memory of placed calls ([Server.Calls]).
//
// A [Server] may be away at any time. Whoever asks it then learns so at once, and goes
// on alone: the package never waits longer than 50 ms for the limit. It sees encrypted
// days, hashes made with keys that come from the token, sizes, times and ids of placed calls.
package valkey

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	valkeygo "github.com/valkey-io/valkey-go"

	"github.com/talkover/talkover-mcp/talkover"
)

const (
	limitTime   = 50 * time.Millisecond  // for an answer about the limit
	dataTime    = 500 * time.Millisecond // for days, proofs and locks
	connectTime = time.Second            // for a connection, its login included
	retryEvery  = time.Second            // while the server is away
	lookEvery   = 5 * time.Second        // while nothing else asks it

	// connections bounds those of one process; a script takes 0.2 ms of one.
	connections = 8
	bufferSize  = 16 << 10 // bytes to read and to write, of each connection
)

// Options say where the server is, and among how many its users are.
type Options struct {
	URL      talkover.Secret        // see [CheckURL]; it may hold a password
	Renewed  func() talkover.Secret // returns the URL at this moment, of which user and password are taken; nil if it stays
	Replicas int                    // that share the server; 1 if 0
	Log      *slog.Logger           // told when the server goes away and comes back; none if nil

	// Dial connects to the server in place of the network; tests set it.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Server is one Valkey or Redis, as a replica uses it. Many goroutines may use it.
type Server struct {
	Options
	option valkeygo.ClientOption

	mu     sync.Mutex
	client valkeygo.Client // nil while the server is away
	conns  []net.Conn      // of the client, or of the next one
	why    string          // it is away, in words
	since  time.Time       // it is away, or back
	gone   int             // times that it went away
	ahead  time.Duration   // of its clock before ours
	asked  time.Time       // when it answered last

	wake   chan struct{} // that it went away
	end    context.CancelFunc
	closed sync.WaitGroup
}

// CheckURL returns what is wrong with a URL of a server; nil for nothing. It takes
// valkey:// and redis://, and valkeys:// and rediss:// for TLS, with user and password
// where needed, host, port and the number of a database.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil: // whose text would quote the URL
		return errors.New("it is no URL")
	case u.Scheme != "valkey" && u.Scheme != "valkeys" && u.Scheme != "redis" && u.Scheme != "rediss":
		return errors.New("it begins with valkey://, valkeys://, redis:// or rediss://")
	case u.Hostname() == "":
		return errors.New("it names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("it takes nothing behind the number of the database")
	}
	if _, err := valkeygo.ParseURL(raw); err != nil {
		return errors.New("behind the host there is the number of a database, or nothing")
	}
	return nil
}

// Open connects to a server, for at most a second. Where that fails, the server is away,
// and is tried again each second until Close. The error is that of [CheckURL].
func Open(o Options) (*Server, error) {
	if err := CheckURL(o.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("valkey: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Replicas = max(o.Replicas, 1)
	option, err := valkeygo.ParseURL(o.URL.Reveal())
	if err != nil {
		return nil, errors.New("valkey: the URL cannot be read")
	}
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
	s := &Server{Options: o, wake: make(chan struct{}, 1)}
	option.DialCtxFn = s.dial
	s.option = option
	ctx, end := context.WithCancel(context.Background())
	s.end = end
	s.connect()
	s.closed.Go(func() { s.watch(ctx) })
	return s, nil
}

// Close ends all connections.
func (s *Server) Close() {
	s.end()
	s.closed.Wait()
	s.mu.Lock()
	c := s.client
	s.client = nil
	s.mu.Unlock()
	s.hangUp(c)
}

// dial makes a connection, and keeps it for hangUp.
func (s *Server) dial(ctx context.Context, address string, d *net.Dialer, t *tls.Config) (c net.Conn, err error) {
	switch {
	case s.Dial != nil:
		c, err = s.Dial(ctx)
	case t != nil:
		c, err = (&tls.Dialer{NetDialer: d, Config: t}).DialContext(ctx, "tcp", address)
	default:
		c, err = d.DialContext(ctx, "tcp", address)
	}
	if err == nil {
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
	}
	return c, err
}

// hangUp closes all connections, and the client that they are of; it may be nil.
func (s *Server) hangUp(c valkeygo.Client) {
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
	if c != nil {
		go c.Close() // it waits for commands under way
	}
}

// State says how a server stands.
type State struct {
	Away  bool
	Why   string        // it is away, in words; empty where it is not
	Since time.Time     // it is so
	Gone  int           // times that it went away
	Ahead time.Duration // of its clock before that of this machine
}

// State returns how the server stands, as the last answer or failure showed.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return State{s.client == nil, s.why, s.since, s.gone, s.ahead}
}

// Away reports whether the server gave no answer lately.
func (s *Server) Away() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client == nil
}

// Words says in a line for operators that the server is away; empty where it is not.
func (s *Server) Words() string {
	st := s.State()
	if !st.Away {
		return ""
	}
	return fmt.Sprintf("Valkey is away (%s): this replica goes on alone, with 1/%d of the limit", st.Why, s.Replicas)
}

// watch tries a server that is away each second, and looks after one that nobody asks.
func (s *Server) watch(ctx context.Context) {
	for {
		wait := lookEvery
		if s.Away() {
			wait = retryEvery
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
			continue
		case <-timer.C:
		}
		s.mu.Lock()
		away, quiet := s.client == nil, time.Since(s.asked) >= lookEvery
		s.mu.Unlock()
		switch {
		case away:
			s.connect()
		case quiet:
			_ = s.tell(dataTime, s.learnTime) // a failure is noted
		}
	}
}

// connect makes a new client. Connections of the one before may lead to a server that is
// no longer the primary.
func (s *Server) connect() {
	var client valkeygo.Client
	err := guarded(func() (err error) {
		if client, err = valkeygo.NewClient(s.option); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), connectTime)
		defer cancel()
		return s.learnTime(ctx, client)
	})
	if err != nil {
		s.hangUp(client)
		s.noteAway(nil, err)
		return
	}
	s.mu.Lock()
	first, was := s.since.IsZero(), s.since
	s.client, s.why, s.since = client, "", time.Now()
	s.mu.Unlock()
	if !first {
		s.Log.Info("Valkey is back; replicas share one limit again", "away_seconds", int(time.Since(was).Seconds()))
	}
}

// learnTime asks for the time of the server.
func (s *Server) learnTime(ctx context.Context, c valkeygo.Client) error {
	sent := time.Now()
	parts, err := c.Do(ctx, c.B().Time().Build()).AsIntSlice()
	if err != nil {
		return err
	}
	if len(parts) != 2 {
		return errAnswer
	}
	s.learn(sent, time.Unix(parts[0], parts[1]*1000))
	return nil
}

// learn takes the server's time of an answer to what was sent at a moment.
func (s *Server) learn(sent, theirs time.Time) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.ahead = now, theirs.Sub(sent.Add(now.Sub(sent)/2))
}

// errAnswer says that an answer is not as Valkey's would be.
var errAnswer = errors.New("it answers as no Valkey does")

// errAway says that the server is away.
var errAway = errors.New("valkey: the server is away")

// tell asks the server for something, for so long. Where it fails, the server is away
// from then on, and the error is errAway.
func (s *Server) tell(most time.Duration, ask func(context.Context, valkeygo.Client) error) error {
	s.mu.Lock()
	c := s.client
	s.mu.Unlock()
	if c == nil {
		return errAway
	}
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	if err := guarded(func() error { return ask(ctx, c) }); err != nil {
		s.noteAway(c, err)
		return errAway
	}
	s.mu.Lock()
	s.asked = time.Now()
	s.mu.Unlock()
	return nil
}

// guarded runs what speaks to a server. valkey-go v1.0.79 panics where a server announces
// more bytes than any memory has; TestServersThatAreNone fails without this.
func guarded(speak func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errAnswer
		}
	}()
	return speak()
}

// noteAway notes that a client got no answer, or a bad one, and closes it.
func (s *Server) noteAway(c valkeygo.Client, err error) {
	why := inWords(err)
	s.mu.Lock()
	if c != s.client {
		s.mu.Unlock()
		return // others noted it
	}
	news := s.since.IsZero() || s.client != nil || why != s.why
	if s.client != nil || s.since.IsZero() {
		s.since = time.Now()
		s.gone++
	}
	s.client, s.why = nil, why
	s.mu.Unlock()
	if news {
		s.Log.Warn("Valkey is away; this replica goes on alone, with its part of the limit", "why", why, "replicas", s.Replicas)
	}
	if c == nil {
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	s.hangUp(c)
}

// inWords says why there is no answer, without a word of the URL.
func inWords(err error) string {
	var refused *valkeygo.ValkeyError
	var network *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused):
		code, _, _ := strings.Cut(refused.Error(), " ")
		return "it answers " + code
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &dns):
		return "its name is not known"
	case errors.As(err, &network):
		return fmt.Sprint(cmp.Or(network.Err, err))
	case errors.Is(err, errAnswer):
		return err.Error()
	}
	return "the connection broke"
}

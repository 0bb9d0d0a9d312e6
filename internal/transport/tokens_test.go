package transport_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/talkover/talkover-mcp/internal/httpserver"
	"github.com/talkover/talkover-mcp/internal/httpserver/auth"
)

// A bare token is a caller by itself, wherever it stands; tokens of a name are one.
func TestTokensHaveNamesAndRoles(t *testing.T) {
	third := strings.Repeat("t", 32)
	gate, err := auth.NewTokens(goodToken, otherToken+" ann read,export", third+"\tann")
	if err != nil {
		t.Fatal(err)
	}
	moved, err := auth.NewTokens(otherToken, goodToken)
	if err != nil {
		t.Fatal(err)
	}
	identify := func(g auth.Gate, token string) auth.Identity {
		who, err := g.Identify("/mcp", token)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	bare, ann := identify(gate, goodToken), auth.Identity{ID: "ann", Name: "ann", Roles: auth.Roles{"read", "export"}}
	if bare.Name != "token 1" || bare.Roles != nil || bare.ID != identify(moved, goodToken).ID || bare.ID == identify(moved, otherToken).ID {
		t.Errorf("a bare token is of %+v", bare)
	}
	if diff := cmp.Diff(ann, identify(gate, otherToken), cmpopts.IgnoreFields(ann, "Revoked")); diff != "" {
		t.Error(diff)
	}
	if other := identify(gate, third); other.ID != "ann" || other.Roles != nil {
		t.Errorf("another token of hers: %+v", other)
	}
}

// A token that is taken away ends its streams, and no other's.
func TestStreamsEndWithATokenThatIsTakenAway(t *testing.T) {
	both, _ := auth.NewTokens(goodToken+" ann", otherToken+" bob")
	one, _ := auth.NewTokens(otherToken + " bob")
	synctest.Test(t, func(t *testing.T) {
		var now atomic.Pointer[auth.Tokens]
		now.Store(&both)
		ctx, cancel := context.WithCancel(t.Context())
		ln := pipes{make(chan net.Conn), make(chan struct{})}
		h := httpserver.New(plain(), httpserver.Options{Gate: auth.ChangingTokens(func() auth.Tokens { return *now.Load() })})
		ended := make(chan error)
		go func() { ended <- h.Serve(ctx, ln) }()
		for _, token := range []string{goodToken, otherToken} {
			c := ln.dial()
			defer c.Close()
			go func() {
				_, _ = io.WriteString(c, "GET /sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "+token+"\r\n\r\n")
				_, _ = io.Copy(io.Discard, c)
			}()
		}
		time.Sleep(10 * time.Minute) // of virtual time
		if got := h.Sessions(); got != 2 {
			t.Errorf("%d streams of 2", got)
		}
		now.Store(&one)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := h.Sessions(); got != 1 {
			t.Errorf("%d streams are left of 1", got)
		}
		cancel()
		<-ended
	})
}

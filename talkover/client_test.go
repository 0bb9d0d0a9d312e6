package talkover_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
)

// serve runs an API on a socket of its own.
func serve(t *testing.T, h http.HandlerFunc) (url string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

const emptyPage = `{"success":true,"data":[],"pagination":{"current_page":1,"last_page":1,"per_page":20,"total":0,"from":null,"to":null}}`

func TestUserAgentHasADefault(t *testing.T) {
	agent := ""
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		io.WriteString(w, emptyPage)
	})
	if _, err := newClient(t, talkover.Config{BaseURL: base}).ListCalls(context.Background(), talkover.CallQuery{}); err != nil || agent != "talkover-mcp" {
		t.Errorf("%v, user agent %q", err, agent)
	}
}

// A token that is renewed goes with the next request, and what is kept under the old one
// is not found under the new. A client for another token has nothing of it.
func TestRenewedTokenIsTheOneThatCounts(t *testing.T) {
	var asked []string
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Authorization"))
		io.WriteString(w, emptyPage)
	})
	now := talkover.NewSecret("talq_old")
	client := newClient(t, talkover.Config{BaseURL: base, Token: now, Renewed: func() talkover.Secret { return now }})
	list := func(c *talkover.Client) {
		t.Helper()
		if _, err := c.ListCalls(t.Context(), talkover.CallQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	list(client)
	old := client.Key("days")
	now = talkover.NewSecret("talq_new")
	list(client)
	list(client.As(talkover.NewSecret("talq_other")))
	if want := []string{"Bearer talq_old", "Bearer talq_new", "Bearer talq_other"}; !slices.Equal(asked, want) {
		t.Errorf("asked as %q, want %q", asked, want)
	}
	if bytes.Equal(old, client.Key("days")) {
		t.Error("the key is still that of the old token")
	}
}

// answer gives every request the same answer.
type answer struct {
	status int
	body   string
}

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Header: http.Header{}, Request: r,
		Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

func newClient(t testing.TB, c talkover.Config) *talkover.Client {
	t.Helper()
	if c.Token.IsZero() {
		c.Token = talkover.NewSecret("talq_test")
	}
	client, err := talkover.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

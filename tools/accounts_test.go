package tools_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/sandbox"
	"github.com/talkover/talkover-mcp/tools"
)

// Each call asks with the token that it brought, and one account's limit is no
// other's: on a plan of 6 requests a minute, a call may use one.
func TestEachTokenHasAClientOfItsOwn(t *testing.T) {
	var token talkover.Secret
	r := &recorder{api: apiFunc(func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") == "Bearer talq_unknown" {
			return refusing(401, "", `{"success":false}`).RoundTrip(req)
		}
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+sandbox.Token)
		return account.Transport().RoundTrip(req)
	})}
	s := connect(t, r, func(c *tools.Config) {
		var err error
		c.Client,
			err = talkover.New(talkover.Config{Token: talkover.NewSecret("talq_nobodys"), Transport: r, RateLimit: 6})
		if err != nil {
			t.Fatal(err)
		}
		c.TokenOf = func(context.Context) talkover.Secret { return token }
	})
	for _, test := range []struct{ token, want string }{
		{"talq_ann", "calls match"},
		{"talq_bob", "calls match"},
		{"talq_ann", "Talkover's limit of requests a minute is reached"}, // which is of this account still
		{"talq_unknown", "it does not know the token that this request brought in the header X-Talkover-Token"},
		{"", "Nothing was asked of Talkover: this server holds no token"},
	} {
		token = talkover.NewSecret(test.token)
		if text, _ := s.call("list_calls", `{}`); !strings.Contains(text, test.want) {
			t.Errorf("%q: no %q in\n%s", test.token, test.want, text)
		}
	}
	var asked []string
	for _, req := range r.requests {
		asked = append(asked, strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer "))
	}
	if want := []string{"talq_ann", "talq_bob", "talq_unknown"}; !slices.Equal(asked, want) {
		t.Errorf("asked as %q, want %q", asked, want)
	}
}

// Invented tokens push out no account that Talkover has answered: what is known of its
// limit stays known.
func TestInventedTokensEvictNobody(t *testing.T) {
	var token talkover.Secret
	r := &recorder{api: apiFunc(func(req *http.Request) (*http.Response, error) {
		if req.Header.Get("Authorization") != "Bearer talq_ann" {
			return refusing(401, "", `{"success":false}`).RoundTrip(req)
		}
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+sandbox.Token)
		return account.Transport().RoundTrip(req)
	})}
	s := connect(t, r, func(c *tools.Config) {
		var err error
		c.Client,
			err = talkover.New(talkover.Config{Token: talkover.NewSecret("talq_nobodys"), Transport: r, RateLimit: 6})
		if err != nil {
			t.Fatal(err)
		}
		c.TokenOf = func(context.Context) talkover.Secret { return token }
	})
	for i := range 600 {
		if token = talkover.NewSecret("talq_ann"); i > 0 {
			token = talkover.NewSecret(fmt.Sprintf("talq_invented%d", i))
		}
		s.call("list_calls", `{}`)
	}
	token = talkover.NewSecret("talq_ann")
	if text, _ := s.call("list_calls", `{}`); !strings.Contains(text, "limit of requests a minute is reached") {
		t.Errorf("what is known of the account is lost:\n%s", text)
	}
}

package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	leastToken = 32 // characters of a token
	mostName   = 64 // characters of its name
)

// Roles lists what a caller may do. Nil means everything.
type Roles []string

// knownRoles are the roles that a gate can give: to read calls, to take the log away as
// CSV, and to place calls.
var knownRoles = Roles{"read", "export", "place"}

// Tokens lets callers in by a list of tokens, of which it keeps only hashes.
type Tokens []credential

// credential is one token of a list.
type credential struct {
	hash [sha256.Size]byte
	Identity
}

// NewTokens takes entries of the form "TOKEN [NAME [ROLES]]": a token of at least 32
// visible characters, the name of its caller, and what it may do, as [Roles] has it,
// separated by commas. Tokens with the same name are of one caller; a token without a
// name is a caller by itself. A token without roles may do everything. The error names the
// first bad entry by its position, from 1; the good ones are returned beside it.
func NewTokens(entries ...string) (t Tokens, err error) {
	if len(entries) == 0 {
		return nil, errors.New("there is no token")
	}
	for i, entry := range entries {
		if c, bad := newCredential(entry, i+1); bad == nil {
			t = append(t, c)
		} else if err == nil {
			err = fmt.Errorf("token %d of %d %w", i+1, len(entries), bad)
		}
	}
	return t, err
}

func newCredential(entry string, position int) (c credential, err error) {
	fields := strings.Fields(entry)
	if len(fields) == 0 || len(fields) > 3 {
		return c, errors.New("is not of the form TOKEN [NAME [ROLES]]")
	}
	token := fields[0]
	switch {
	case len(token) < leastToken || strings.ContainsFunc(token, isInvisible):
		return c, fmt.Errorf("has not %d visible characters", leastToken)
	case isTalkover(token):
		return c, errors.New("is a Talkover token")
	}
	c.hash = sha256.Sum256([]byte(token))
	// The position may change when the list does, so it tells no caller from another.
	c.ID, c.Name = fmt.Sprintf("token %x", c.hash[:8]), fmt.Sprintf("token %d", position)
	if len(fields) > 1 {
		c.ID, c.Name = fields[1], fields[1]
		if len(c.Name) > mostName || strings.ContainsFunc(c.Name, isInvisible) {
			return c, fmt.Errorf("has a name that has not up to %d visible ASCII characters", mostName)
		}
	}
	if len(fields) > 2 {
		c.Roles = strings.Split(fields[2], ",")
		for _, role := range c.Roles {
			if !slices.Contains(knownRoles, role) {
				return c, fmt.Errorf("has a role that is none of %s", strings.Join(knownRoles, ", "))
			}
		}
	}
	return c, nil
}

// Identify implements [Gate]. It takes the same time for each token, right or wrong.
func (t Tokens) Identify(_, bearer string) (Identity, error) {
	return t.find(sha256.Sum256([]byte(bearer)))
}

func (t Tokens) find(hash [sha256.Size]byte) (Identity, error) {
	found := -1
	for i := range t {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], t[i].hash[:]), i, found)
	}
	if found < 0 {
		return Identity{}, errUnknown
	}
	return t[found].Identity, nil
}

// howToEnter tells what a client at a gate of tokens must send.
const howToEnter = `set the header Authorization to "Bearer TOKEN" where this client is configured, with a token of ` +
	"MCP_AUTH_TOKENS from whoever runs this server; there is no login by OAuth here"

// Refusal implements [Gate]. The challenge has nothing that a client takes for an OAuth
// server: it would try to register there.
func (Tokens) Refusal(string, error) (challenge, advice string) { return "Bearer", howToEnter }

// Open implements [Gate]. Clients of OAuth register at /register of a server without
// metadata, and show their user the error that they get (RFC 7591, 3.2.2): the official SDK
// and the hosts that are made with it.
func (Tokens) Open() map[string]Page {
	b, err := json.Marshal(map[string]string{"error": "invalid_request",
		"error_description": "no client can be registered here: " + howToEnter})
	if err != nil {
		return nil
	}
	return map[string]Page{"/register": {http.MethodPost, http.StatusBadRequest, b}}
}

// ChangingTokens is a [Gate] of tokens that may change while it is used. It returns them
// as they are at this moment, and must be quick.
type ChangingTokens func() Tokens

// Identify implements [Gate].
func (now ChangingTokens) Identify(_, bearer string) (Identity, error) {
	hash := sha256.Sum256([]byte(bearer))
	who, err := now().find(hash)
	who.Revoked = func() bool {
		same, err := now().find(hash)
		return err != nil || same.ID != who.ID
	}
	return who, err
}

// Refusal implements [Gate].
func (ChangingTokens) Refusal(path string, err error) (challenge, advice string) {
	return Tokens{}.Refusal(path, err)
}

// Open implements [Gate].
func (ChangingTokens) Open() map[string]Page { return Tokens{}.Open() }

package config

import (
	"errors"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

// Placeholder stands for a token in the documents.
const Placeholder = "talq_your_environment_token_here"

// readToken returns the Talkover token. A missing one is a fault, but not in the demo,
// nor where each request brings its own.
func (c Config) readToken(wrong *Faults) talkover.Secret {
	switch {
	case c.Demo:
		return talkover.Secret{}
	case c.TokenPerRequest() && (c.Token != "" || c.TokenFile != ""):
		wrong.add("TALKOVER_TOKEN", "takes nothing, nor does TALKOVER_TOKEN_FILE, while "+
			"TALKOVER_TOKEN_SOURCE=client: each request brings its own")
		return talkover.Secret{}
	case c.TokenPerRequest():
		return talkover.Secret{}
	}
	token, from, ok := wrong.valueOrFile("TALKOVER_TOKEN", c.Token, c.TokenFile)
	if !ok {
		return talkover.Secret{}
	}
	secret, err := parseToken(token)
	if err != nil {
		wrong.add(from, "%s", err)
	}
	return secret
}

// parseToken reads a Talkover token.
func parseToken(token string) (talkover.Secret, error) {
	switch {
	case token == "":
		return talkover.Secret{}, errors.New("takes a Talkover API token, which is missing (to try without one: -demo)")
	case strings.ContainsAny(token[:1]+token[len(token)-1:], `"'`):
		return talkover.Secret{}, errors.New("takes the token alone, without the quotation marks around it")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return talkover.Secret{}, errors.New("takes the token alone, without spaces, line breaks or \"Bearer\"")
	}
	return talkover.NewSecret(token), nil
}

package talkover_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestASecretIsNeverPrinted(t *testing.T) {
	const token = "talq_d0n0tpr1nt"
	secret := talkover.NewSecret(token)
	if secret.Reveal() != token || secret.IsZero() || !talkover.NewSecret("").IsZero() {
		t.Fatal("a secret is not the token that it was made of")
	}
	type hidden struct{ secret talkover.Secret }
	client := newClient(t, talkover.Config{Token: secret, Transport: answer{401, `{"message":"Unauthorized"}`}})
	_, refusal := client.ListCalls(context.Background(), talkover.CallQuery{})
	for name, value := range map[string]any{
		"a secret":                      secret,
		"a pointer":                     &secret,
		"a list":                        []talkover.Secret{secret},
		"a map":                         map[string]talkover.Secret{"token": secret},
		"an exported field":             talkover.Config{Token: secret},
		"an unexported field":           hidden{secret},
		"an unexported field's pointer": &hidden{secret},
		"a client":                      client,
		"an error":                      refusal,
	} {
		printed := map[string]string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%#q", "%x", "%X", "% x", "%d", "%t", "%c", "%U", "%o", "%b", "%e", "%20s"} {
			printed[verb] = fmt.Sprintf(verb, value)
		}
		if raw, err := json.Marshal(value); err == nil {
			printed["JSON"] = string(raw)
		}
		var text, lines bytes.Buffer
		for _, h := range []slog.Handler{slog.NewTextHandler(&text, nil), slog.NewJSONHandler(&lines, nil)} {
			slog.New(h).With("with", value).WithGroup("group").Error("message", "value", value)
		}
		printed["slog text"], printed["slog JSON"] = text.String(), lines.String()
		for form, s := range printed {
			if holds(s, token) {
				t.Errorf("%s shows in %s: %.200s", name, form, s)
				break
			}
		}
	}
	raw, err := json.Marshal(map[string]talkover.Secret{"token": secret})
	if want := `{"token":"[redacted]"}`; string(raw) != want || err != nil {
		t.Errorf("%s, %v; want %s", raw, err, want)
	}
	if got := fmt.Sprintf("%v %s %+v %#v", secret, secret, secret, secret); got != "[redacted] [redacted] [redacted] [redacted]" {
		t.Error(got)
	}
}

// holds looks for a part of the token, also as hexadecimal and decimal bytes.
func holds(s, token string) bool {
	part := token[5:9]
	return slices.ContainsFunc([]string{
		part, hex.EncodeToString([]byte(part)), fmt.Sprintf("% x", part), strings.Trim(fmt.Sprint([]byte(part)), "[]"),
	}, func(form string) bool { return strings.Contains(strings.ToLower(s), form) })
}

func TestASecretIsHiddenInTexts(t *testing.T) {
	for _, test := range []struct{ token, text, want string }{
		{"talq_secret", "Bearer talq_secret, talq_secret.", "Bearer [redacted], [redacted]."},
		{"talq_secret", "talq_secre", "talq_secre"},
		{"word", "a word or two", "a word or two"},
		{"", "nothing", "nothing"},
	} {
		if got := talkover.NewSecret(test.token).HideIn(test.text); got != test.want {
			t.Errorf("%q: %q, want %q", test.token, got, test.want)
		}
	}
	if got := (talkover.Secret{}).HideIn("text"); got != "text" {
		t.Error(got)
	}
}

package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// The doctor and the tools use the same words for the same error, each with advice
// of its own.
func TestTheDoctorAndTheToolsSayTheSame(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) }
	}
	for want, answer := range map[string]http.HandlerFunc{
		"answered 401 Unauthorized: it does not know the " +
			"token": says(401, ""),
		"answered 403 Forbidden: the token has no permission for " +
			"this": says(403, ""),
		"answered 404 Not Found: there is no such " +
			"address": says(404, ""),
		"answered 422 Unprocessable Entity: it does not take these " +
			"arguments": says(422, ""),
		"limit of requests a minute is reached": says(429, ""),
		"answered 501 Not Implemented: an error on its " +
			"side": says(501, ""),
		"answered 200 OK but says that it failed": says(200, `{"success":false}`),
		"answered with a redirect (302 Found), which is never followed, because the token would go " +
			"along": says(302, ""),
		"answer (200 OK) was not the JSON that was asked for, but perhaps a page of a " +
			"proxy": says(200, html),
		"Talkover's own words: \"No.\"": says(400, `{"message":"No."}`),
	} {
		env := upstream(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/v1/health" {
				_, _ = io.WriteString(w, `{"status":"ok"}`)
				return
			}
			w.Header().Set("Retry-After", "3600") // so that nobody waits
			answer(w, r)
		})
		for _, args := range [][]string{{"doctor"}, {"call", "list_calls"}} {
			if said, _ := command(t, env, args...).Output(); !strings.Contains(string(said), want) {
				t.Errorf("%s does not say %q:\n%s", args[0], want, said)
			}
		}
	}
}

const html = "<!DOCTYPE html><html></html>"

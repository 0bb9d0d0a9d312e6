package transport

import (
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
)

// idHeader carries the id of a request, both ways.
const idHeader = "X-Request-Id"

// idKey is the context key of a request's id.
type idKey struct{}

// idForm is the form of ids that a proxy may set. They end up in logs.
var idForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// numbered gives each request an id that logs and answers name. It keeps the id of a
// proxy.
func numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(idHeader)
		if !idForm.MatchString(id) {
			id = rand.Text()[:12]
		}
		w.Header().Set(idHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), idKey{}, id)))
	})
}

// refuse answers a request with an error and the id that logs have for it.
func refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	if id, ok := r.Context().Value(idKey{}).(string); ok {
		why += " (request " + id + ")"
	}
	http.Error(w, why, status)
}

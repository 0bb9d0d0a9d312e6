package answer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

// Refusal is an error in words of this program: why a question is not answered, whether to try
// again, and what to change.
type Refusal struct {
	Outcome string   // the word for how the operation ended
	Words   SafeText // with their numbers masked, if numbers are
	Cause   error    // nil where this program alone refuses
}

// Refuse makes a refusal.
func Refuse(outcome string, words SafeText) *Refusal { return &Refusal{Outcome: outcome, Words: words} }

// Error implements error.
func (r *Refusal) Error() string { return string(r.Words) }

// Unwrap returns the cause.
func (r *Refusal) Unwrap() error { return r.Cause }

// Crash says that a tool panicked. The log has the stack under an id.
func Crash(id string) *Refusal {
	return Refuse("panic", SafeText("This tool failed by a fault of its own (id "+id+" in the server's log). Trying "+
		"again with other arguments may help."))
}

// InvalidParams is an error in what a request is about. Package transport answers it with the code
// of JSON-RPC for that.
type InvalidParams string

// Error implements error.
func (e InvalidParams) Error() string { return string(e) }

// RPCCode returns the code of JSON-RPC.
func (InvalidParams) RPCCode() int { return mcp.INVALID_PARAMS }

// Answering returns the error of a request that is no call of a tool: text, with the code
// that err deserves.
func Answering(err error, text string) error {
	var faults schema.Faults
	if errors.As(err, &faults) {
		return InvalidParams(text)
	}
	return errors.New(text)
}

// Outcome returns the word for how an operation ended.
func Outcome(err error) string {
	var refusal *Refusal
	var faults schema.Faults
	var api *talkover.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &refusal):
		return refusal.Outcome
	case errors.As(err, &faults):
		return "bad_arguments"
	case errors.As(err, &api):
		return string(api.Reason)
	case errors.Is(err, context.Canceled):
		return "cancelled"
	}
	return "failed"
}

// Explain puts an error into words for a model: what happened, whether and when to try
// again, and what to change.
func Explain(err error, masked bool) string {
	var refusal *Refusal
	var faults schema.Faults
	var api *talkover.Error
	switch {
	case errors.As(err, &refusal):
		return refusal.Error()
	case errors.As(err, &faults):
		return Leaving(masked, "Nothing was asked of Talkover; fix the arguments and call again.\n"+
			bullets(strings.Split(faults.Error(), "\n")))
	case errors.Is(err, context.Canceled):
		return "The call was cancelled before Talkover answered."
	case errors.As(err, &api):
		return Leaving(masked, explainAPI(api))
	case errors.Is(err, context.DeadlineExceeded):
		return "Talkover did not answer in time. Try again in a minute."
	}
	return "This tool failed. Trying again may help."
}

// explainAPI says what the API or the network did, and what to do about it.
func explainAPI(e *talkover.Error) string {
	s := e.Explain("Talkover") + ". " + advice(e)
	if words := e.OwnWords(); words != "" {
		s += " " + words
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		for _, message := range e.Fields[name] {
			lines = append(lines, fmt.Sprintf("%s: %q", name, message))
		}
	}
	if more := len(lines) - mostLines; more > 0 {
		lines = append(lines[:mostLines], fmt.Sprintf("and %d more", more))
	}
	if len(lines) > 0 {
		s += "\n" + bullets(lines)
	}
	return s
}

// mostLines bounds the lines that are passed on of what the API finds wrong.
const mostLines = 8

// advice says whether trying again helps and when, and what to change.
func advice(e *talkover.Error) string {
	if cause := e.Cause(); cause.Do != "" {
		return cause.Advice() + " On the machine of this server, `talkover-mcp doctor` tells more."
	}
	switch e.Reason {
	case talkover.Refused:
		return adviceOnStatus(e)
	case talkover.RateLimited, talkover.Reading:
		return talkover.TryAgain(e.Wait)
	case talkover.Malformed:
		return "Try again in a minute; if it stays so, check TALKOVER_BASE_URL."
	case talkover.TooLarge:
		return "Ask for less with per_page; trying the same again will not help."
	case talkover.Redirected:
		return "Trying again will not help: correct TALKOVER_BASE_URL and restart the server."
	}
	return "Try again in a minute."
}

// adviceOnStatus advises on an answer in which the API itself says no.
func adviceOnStatus(e *talkover.Error) string {
	switch {
	case e.Code == talkover.AgentNotFound:
		return "list_agents lists those that there are."
	case e.Code == talkover.AgentInactive:
		return "list_agents lists those that are."
	case e.Status == http.StatusUnauthorized:
		return "Trying again will not help: set TALKOVER_TOKEN to a valid token and restart the server."
	case e.Status == http.StatusForbidden:
		return "Trying again will not help: use a token that may read calls."
	case e.Status == http.StatusNotFound:
		return "Trying again will not help: correct TALKOVER_BASE_URL (it ends in /api/v1) and restart the server."
	case e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusBadRequest:
		return "Change them before trying again."
	case e.Status >= 500:
		return talkover.TryAgain(e.Wait)
	case e.Status >= 200 && e.Status < 300:
		return "Trying again may help."
	}
	return "Trying the same again will hardly help."
}

// bullets writes lines as a list.
func bullets(lines []string) string {
	return "- " + strings.Join(lines, "\n- ")
}

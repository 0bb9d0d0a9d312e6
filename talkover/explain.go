package talkover

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reasons says what each [Reason] means. {who} stands for the name of the API, {status} for
// its status, {tried} for the number of attempts, and {read} for the calls that were read.
var reasons = map[Reason]string{
	Refused:     "{who} answered {status}",
	RateLimited: "{who}'s limit of requests a minute is reached",
	Reading:     "The calls are still being read, {read} so far",
	Cancelled:   "The call was cancelled before {who} answered",
	TimedOut:    "{who} did not answer in time{tried}",
	Unreachable: "{who} could not be reached{tried}",
	Interrupted: "The connection to {who} broke off before the answer was whole{tried}",
	Malformed:   "{who}'s answer ({status}) was not the JSON that was asked for, but perhaps a page of a proxy{tried}",
	TooLarge:    "{who}'s answer was too large to read and was dropped",
	Redirected:  "{who} answered with a redirect ({status}), which is never followed, because the token would go along",
	"":          "{who} gave no answer that can be used",
}

// Explain says what happened, in words for a model and for the person who runs a
// server. who names the API in them: Talkover, or a URL. The text has no full stop, so
// that the caller can add details and advice, which differ from reader to reader.
func (e *Error) Explain(who string) string {
	tried, read := "", strconv.Itoa(e.Read)
	if e.Attempts > 1 {
		tried = fmt.Sprintf(" (%d attempts)", e.Attempts)
	}
	if e.Total > 0 {
		read += fmt.Sprintf(" of %d", e.Total)
	}
	said := reasons[e.Reason]
	if e.Reason == Refused {
		said += e.explainStatus()
	} else if what := e.Cause().What; what != "" {
		said += ": " + what
	}
	return strings.NewReplacer("{who}", who, "{status}", e.StatusLine(), "{tried}", tried, "{read}", read).Replace(said)
}

// explainStatus explains an answer in which the API itself says no.
func (e *Error) explainStatus() string {
	switch {
	case e.barred:
		return ", but not of its own: " + e.Cause().What
	case e.Code == AgentNotFound:
		return ": there is no agent with this agent_id"
	case e.Code == AgentInactive:
		return ": the agent is not published, so it places no calls"
	case e.IsTokenUnknown():
		return ": it does not know the token"
	case e.Status == http.StatusForbidden:
		return ": the token has no permission for this"
	case e.Status == http.StatusNotFound:
		return ": there is no such address"
	case e.Status == http.StatusUnprocessableEntity, e.Status == http.StatusBadRequest:
		return ": it does not take these arguments"
	case e.Status >= http.StatusInternalServerError:
		return "{tried}: an error on its side"
	case e.Status >= 200 && e.Status < 300:
		return " but says that it failed"
	}
	return ""
}

// StatusLine returns the status in digits and words, such as 404 Not Found.
func (e *Error) StatusLine() string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status)))
}

// OwnWords quotes the API's message in a sentence; it is empty where there is none of its own.
func (e *Error) OwnWords() string {
	if e.Message == "" || e.barred {
		return ""
	}
	return fmt.Sprintf("Talkover's own words: %q", e.Message)
}

// TryAgain says in a sentence to try again after a wait; 0 stands for an unknown one.
func TryAgain(wait time.Duration) string {
	if wait <= 0 {
		return "Try again in a minute."
	}
	return fmt.Sprintf("Try again in %d s.", int(math.Ceil(wait.Seconds())))
}

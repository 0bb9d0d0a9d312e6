package talkover

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"
)

// Explain says what happened, in words for a model and for the person who runs a
// server. who names the API in them: Talkover, or a URL. The text has no full stop, so
// that the caller can add details and advice, which differ from reader to reader.
func (e *Error) Explain(who string) string {
	if e.Reason == Refused {
		return e.explainStatus(who)
	}
	if what := e.Cause().What; what != "" {
		return e.explainReason(who) + ": " + what
	}
	return e.explainReason(who)
}

// explainReason explains that no answer came, or none that can be used.
func (e *Error) explainReason(who string) string {
	switch e.Reason {
	case RateLimited:
		return who + "'s limit of requests a minute is reached"
	case Cancelled:
		return "The call was cancelled before " + who + " answered"
	case TimedOut:
		return who + " did not answer in time" + e.tried()
	case Unreachable:
		return who + " could not be reached" + e.tried()
	case Interrupted:
		return "The connection to " + who + " broke off before the answer was whole" + e.tried()
	case Malformed:
		return fmt.Sprintf("%s's answer (%s) was not the JSON that was asked for, but perhaps a page of a proxy%s", who, e.StatusLine(), e.tried())
	case TooLarge:
		return who + "'s answer was too large to read and was dropped"
	case Redirected:
		return fmt.Sprintf("%s answered with a redirect (%s), which is never followed, because the token would go along", who, e.StatusLine())
	}
	return who + " gave no answer that can be used"
}

// explainStatus explains an answer in which the API itself says no.
func (e *Error) explainStatus(who string) string {
	what := who + " answered " + e.StatusLine()
	switch {
	case e.barred:
		return what + ", but not of its own: " + e.Cause().What
	case e.Code == AgentNotFound:
		return what + ": there is no agent with this agent_id"
	case e.Code == AgentInactive:
		return what + ": the agent is not published, so it places no calls"
	case e.IsTokenUnknown():
		return what + ": it does not know the token"
	case e.Status == http.StatusForbidden:
		return what + ": the token has no permission for this"
	case e.Status == http.StatusNotFound:
		return what + ": there is no such address"
	case e.Status == http.StatusUnprocessableEntity, e.Status == http.StatusBadRequest:
		return what + ": it does not take these arguments"
	case e.Status >= http.StatusInternalServerError:
		return what + e.tried() + ": an error on its side"
	case e.Status >= 200 && e.Status < 300:
		return what + " but says that it failed"
	}
	return what
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

// tried tells the number of attempts, where there was more than one.
func (e *Error) tried() string {
	if e.Attempts < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d attempts)", e.Attempts)
}

// TryAgain says in a sentence to try again after a wait; 0 stands for an unknown one.
func TryAgain(wait time.Duration) string {
	if wait <= 0 {
		return "Try again in a minute."
	}
	return fmt.Sprintf("Try again in %d s.", int(math.Ceil(wait.Seconds())))
}

package doctor

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

// Severity says whether answers suffer from what was found.
type Severity string

// The severities of a [Finding].
const (
	OK      Severity = "ok"
	Warning Severity = "warn" // answers come, but not as well as they could
	Failure Severity = "fail" // no answer comes, or a wrong one
	Skipped Severity = "skip" // not checked, after an earlier failure or because there is nothing to check
)

// String returns the word that begins a printed line. Failures stand out by capitals.
func (s Severity) String() string {
	switch s {
	case Failure:
		return "FAIL"
	case Skipped:
		return "-"
	}
	return string(s)
}

// The checks, in their order. Those of the address, the gate and Valkey are only there
// where a server would need them.
const (
	checkConfig  = "configuration"
	checkAddress = "address"
	checkGate    = "gate"
	checkShared  = "Valkey"
	checkNetwork = "network"
	checkToken   = "token"
	checkRate    = "rate limit"
	checkClock   = "clock"
)

// Finding tells the result of one check. The check of the configuration has a finding for
// each setting that is wrong.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Text     string   `json:"text"` // what is wrong and what to do, in one line that holds no token
}

// Findings holds all that was found, in the order of the checks.
type Findings []Finding

// String returns a line for each finding, and the summary.
func (f Findings) String() string {
	var b strings.Builder
	for _, finding := range f {
		fmt.Fprintf(&b, "%-5s %s: %s\n", finding.Severity, finding.Check, finding.Text)
	}
	return b.String() + f.Summary()
}

// Checks returns the names of the checks with a finding of a severity, each once.
func (f Findings) Checks(s Severity) []string {
	var all []string
	for _, finding := range f {
		if finding.Severity == s && !slices.Contains(all, finding.Check) {
			all = append(all, finding.Check)
		}
	}
	return all
}

// Summary names in one line the checks that failed, or else those with a warning.
func (f Findings) Summary() string {
	if failures := f.Checks(Failure); failures != nil {
		return fmt.Sprintf("%s failed: %s.", talkover.Plural(len(failures), "check", "checks"),
			strings.Join(failures, ", "))
	}
	if warnings := f.Checks(Warning); warnings != nil {
		return fmt.Sprintf("No check failed; see the warning: %s.", strings.Join(warnings, ", "))
	}
	return "All is well."
}

// tokenForm matches a Talkover token. One may have been pasted into another setting.
var tokenForm = regexp.MustCompile(`talq_[A-Za-z0-9_-]+`)

// find adds a finding, and hides tokens in it.
func (d *doctor) find(severity Severity, check, format string, args ...any) {
	text := d.HideTokenIn(fmt.Sprintf(format, args...))
	d.found = append(d.found, Finding{check, severity, tokenForm.ReplaceAllString(text, talkover.Secret{}.String())})
}

// skip says that checks were not made. why is empty after an earlier failure.
func (d *doctor) skip(why string, checks ...string) {
	if why != "" {
		why = "; " + why
	}
	for _, check := range checks {
		d.find(Skipped, check, "not checked%s", why)
	}
}

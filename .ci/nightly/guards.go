// Command nightly breaks the promises of the server on purpose, one at a time, and sees that a
// test fails for each. It changes no file: it builds with an overlay.
//
//	go run ./.ci/nightly          # all guards
//	go run ./.ci/nightly formula  # those that have the word in their promise
package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// guard is a promise, and how it is broken.
type guard struct {
	promise string // that is broken
	in      string // a folder: some file below it has the text, once
	was, is string // the text, and what it becomes
	test    string // the package whose tests must fail, and the test among them
}

// guards are found by their text, so that code may move. Where a text is gone, the promise has
// another heart now: find it.
var guards = []guard{
	// What is counted is proven.
	{"a total that a call more and a call less leave as it was is no proof", "talkover/calls",
		"if at < 0 || total-r.total != at {", "if at < 0 {",
		"talkover/calls TestHistoriesWithoutAFalseExact"},
	{"a window is read from the date before it on, whatever the zone of the API", "talkover/calls",
		"return DateOf(w.From) - 1", "return DateOf(w.From)",
		"talkover/calls TestWhichCallFailedThatDay"},
	{"a call counts once, on whatever pages it comes", "talkover/calls",
		"if at+i < 0 || r.seen[c.key()] {", "if at+i < 0 {",
		"talkover/calls TestAreThereMoreCallsThisWeekThanInTheFortnight"},
	{"a list that is not in order is not called exact", "talkover/calls",
		"r.flaw = cmp.Or(r.flaw, disordered)", "_ = disordered",
		"talkover/calls TestHistoriesWithoutAFalseExact"},
	{"a total at which search engines stop counting is no total", "talkover/calls",
		"return total == 1_000 || total == 10_000", "return false",
		"talkover/calls TestHowManyCallsWhereTotalsStopAtACap"},
	{"a last day that the API may leave out is not counted as read", "talkover/calls",
		"top.to = DateOf(w.To.Add(-1)) + 2", "top.to = DateOf(w.To.Add(-1))",
		"talkover/calls TestHowManyCallsWereThatDayWhereDateToIsLeftOut"},
	{"a first day of another zone is not counted as read", "talkover/calls",
		"w.From = (r.from + 1).Start()", "w.From = (r.from - 1).Start()",
		"talkover/calls TestHistoriesWithoutAFalseExact"},
	{"a proof holds for a minute", "talkover/calls",
		"return age >= -2*time.Second && age < holds", "return age >= -2*time.Second && (age < holds || holds > 0)",
		"talkover/calls TestWaitsForNothing"},
	{"what was read with a flaw is not called exact", "talkover/calls",
		"v.Exact, v.Reason = false, string(r.flaw)", "v.Reason = string(r.flaw)",
		"talkover/calls TestHistoriesWithoutAFalseExact"},
	{"nothing more is read for a call that was cancelled", "talkover/calls",
		"if errors.Is(ctx.Err(), context.Canceled) {", "if false {",
		"e2e TestNoRequestsAreSpentOnACancelledCall"},

	// Figures mean what docs/numbers.md says.
	{"a missed call is inbound", "talkover/stats",
		"return k.inbound && k.unanswered()", "return k.unanswered()",
		"talkover/stats TestDefinitions"},
	{"a short call has six seconds or less", "talkover/stats",
		"const shortCall = 6", "const shortCall = 7",
		"talkover/stats TestDefinitions"},
	{"who was called and not reached was not called back", "talkover/stats",
		"case k.answered > at:", "case k.answered > at || f.called:",
		"talkover/stats TestUnreturnedCalls"},
	{"callers who withhold their number are not one contact", "talkover/stats",
		`return anonymous || d == "" && !strings.ContainsAny(contact, "@:") || slices.Contains(keypad, d)`,
		`return anonymous && strings.ContainsAny(contact, "@:") && slices.Contains(keypad, d)`,
		"talkover/stats TestQuestionsAgainstGoingThroughAllCalls"},
	{"a part is not compared with a whole", "talkover/stats",
		"case !r.Complete || !was.Complete:", "case false:",
		"talkover/stats TestPartsAreNotCompared"},
	{"both windows of a comparison are cut at the same point", "talkover/stats",
		"here.Filter.Days.Until, there.Filter.Days = before.Until, before.Days", "there.Filter.Days = before.Days",
		"talkover/stats TestCallsAfterTheMomentAreNotCompared"},
	{"the next rows of a search begin after the last one shown", "talkover/stats",
		"return CursorOf(t.Whole(c)).tie > s.After.tie", "return CursorOf(t.Whole(c)).tie >= s.After.tie",
		"talkover/stats TestFindAgainstGoingThroughAllCalls"},
	{"an agent is told by its id, and not by its name", "talkover/stats",
		"return func(c *calls.Call) bool { return fits[c.Agent] }",
		"return func(c *calls.Call) bool { return fits != nil }",
		"talkover/stats TestFindAgainstGoingThroughAllCalls"},

	// The client of the API.
	{"no format shows a secret", "talkover",
		"func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }",
		"func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.Reveal()) }",
		"talkover TestASecretIsNeverPrinted"},
	{"a token that the API echoes goes no further", "talkover",
		"return strings.ReplaceAll(text, token, redacted)",
		"_ = strings.ReplaceAll(text, token, redacted)\n\t\treturn text",
		"e2e TestCanariesSingNowhere"},
	{"no token goes to a server by plain http", "talkover",
		"case IsPrivate(u):", `case IsPrivate(u), u.Scheme == "http":`,
		"talkover TestParseBaseURL"},
	{"the limit of the plan is kept", "talkover",
		"if l.limit > 0 || counts > window {", "if counts > window {",
		"talkover TestMinutesWithoutOneRefusal"},
	{"an order that may have left is not said to be unplaced", "talkover",
		"return d.asked.Load() && !d.connected.Load()", "return true",
		"talkover TestAnOrderThatWentOutMayHaveBeenDone"},
	{"a client of another token uses that token", "talkover",
		"return c.with(token, nil)", "return c.with(c.config.Token, nil)",
		"e2e TestTenantsAreKeptApart"},
	{"an answer has 4 MiB at most", "talkover",
		"case int64(len(body)) > bound:", "case false:",
		"talkover TestABodyIsBounded"},
	{"characters that nobody sees are dropped", "talkover",
		`case r == '\u2800' || r == '\U0001D159' || unicode.In(r, invisible...):`, "case false:",
		"talkover TestClean"},

	// Replicas.
	{"a Valkey that has forgotten is told what goes on", "talkover/valkey",
		"telling = append(telling, p.ID, milli(time.Until(p.Until)))", "_ = p",
		"talkover/valkey TestAServerThatForgets"},
	{"one confirmation rings once, whichever replicas hear of it", "talkover/valkey",
		"redis.call('DEL', KEYS[1])\n  else", "local kept = true\n  else",
		"e2e TestOneConfirmationRingsOnce"},

	// Answers.
	{"numbers are masked in any words", "tools",
		"if isDate(n) || amount.MatchString(n) || CountDigits(n) < LeastDigits {",
		"if isDate(n) || amount.MatchString(n) || n != `` {",
		"tools TestNoNumberLeavesWhereNumbersAreMasked"},
	{"a cell of CSV in wide letters is no formula", "tools",
		`const formulas = "=+-@＝＋－＠"`, `const formulas = "=+-@"`,
		"tools TestNoCellOfCSVBecomesAFormula"},
	{"only who may export reads calls.csv", "tools",
		"if isSheet(r.Params.URI) && !qs.mayAs(ctx, roleExport) {", "if false {",
		"e2e TestRolesOverEachTransport"},

	// Calls that are placed.
	{"a confirmation is good for the order that it was asked for", "tools",
		`case was == "":`, "case was == `never`:",
		"e2e TestOneConfirmationRingsOnce"},
	{"no answer of the user is no agreement", "tools",
		`return unconfirmed("the user did not answer. Do not ask again unless the user wants it.")`, "return nil",
		"tools TestTheUserIsAskedBeforeAnybodyIsRung"},
	{"calls are bound by the hour", "tools",
		"if left <= 0 {\n\t\treturn 0, overBound(most, wait)", "if false {\n\t\treturn 0, overBound(most, wait)",
		"tools TestCallsAreBoundByTheHour"},

	// Who may come in.
	{"a page that rebinds its name is refused", "internal",
		"if talkover.IsLoopback(host) || slices.ContainsFunc(h.Hosts, own) {",
		"if talkover.IsLoopback(host) || own != nil {",
		"internal/transport TestGuardOnEveryRoute"},
	{"pages of foreign origins are refused", "internal",
		"if len(origins) > 1 || h.origins.Check(probe) != nil {", "if len(origins) > 1 && probe == nil {",
		"internal/transport TestGuardOnEveryRoute"},
	{"strangers are refused", "internal",
		"x.r, status, why = h.who.Check(x.w, x.r)", "return 0, ``",
		"internal/transport TestGate"},
	{"a Talkover token is taken for no login", "internal",
		`return strings.HasPrefix(strings.ToLower(token), "talq_")`, "return false",
		"internal/transport TestTalkoverTokenIsNotPassedThrough"},
	{"a caller's requests a minute are bound", "internal",
		`{"requests a minute", h.checkRate},`, "",
		"internal/transport TestRequestsAMinuteOfACallerAreBounded"},
	{"a message is small", "internal",
		"case len(b) > maxBody:", "case false:",
		"internal/transport TestLongMessagesAreRefusedInWords"},

	// Settings.
	{"a file of secrets is a regular file", "internal",
		"if !info.Mode().IsRegular() {", "if info.Mode() == 1 {",
		"internal/config TestFilesOfSecretsAreFilesAndSmall"},
	{"a file of secrets that all may read is told of", "internal",
		`return err == nil && info.Mode().Perm()&others != 0 && runtime.GOOS != "windows"`,
		"return err == nil && runtime.GOOS == `plan9` && info.Mode().Perm()&others != 0",
		"internal/config TestFilesThatOthersMayReadAreTold"},
}

func main() {
	bad := 0
	for _, g := range guards {
		if len(os.Args) > 1 && !strings.Contains(g.promise, os.Args[1]) {
			continue
		}
		if why := g.check(); why != "" {
			bad++
			fmt.Printf("FAIL  %s: %s\n", g.promise, why)
			continue
		}
		fmt.Printf("ok    %s\n", g.promise)
	}
	if bad > 0 {
		fmt.Printf("%d of %d guards do not hold\n", bad, len(guards))
		os.Exit(1)
	}
}

// check breaks the promise, and returns what is wrong with the guard; "" where a test fails.
func (g guard) check() (wrong string) {
	path, text, err := g.find()
	if err != nil {
		return "it no longer applies: " + err.Error()
	}
	scratch, err := os.MkdirTemp("", "guard")
	if err != nil {
		return err.Error()
	}
	defer os.RemoveAll(scratch)
	broken, overlay := filepath.Join(scratch, filepath.Base(path)), filepath.Join(scratch, "overlay.json")
	replaced, _ := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err := os.WriteFile(broken, []byte(strings.Replace(text, g.was, g.is, 1)), 0o600); err != nil {
		return err.Error()
	}
	if err := os.WriteFile(overlay, replaced, 0o600); err != nil {
		return err.Error()
	}
	folder, test, _ := strings.Cut(g.test, " ")
	// A stranger who is let in may wait for ever for what comes: then the time of the test ends it.
	//nolint:gosec // of the table
	cmd := exec.Command("go", "test", "-count=1", "-vet=off", "-timeout", "2m", "-run", "^"+test+"$", "./"+folder)
	// The environment, since e2e builds the binary by itself.
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -overlay="+overlay)
	out, err := cmd.CombinedOutput()
	switch said := string(out); {
	case strings.Contains(said, "[build failed]") || strings.Contains(said, "panic: exit status"):
		return "it does not build\n" + said
	case strings.Contains(said, "no tests to run"):
		return "there is no such test: " + g.test
	case err == nil:
		return "no test fails: " + g.test
	case !failed.MatchString(said):
		return "it ends in another way\n" + said
	}
	return ""
}

// failed finds a test that failed, or ended all with a panic.
var failed = regexp.MustCompile(`(?m)^(--- FAIL|panic): `)

// find returns the file that has the text, by its absolute path, and its whole text.
func (g guard) find() (path, text string, err error) {
	n := 0
	err = filepath.WalkDir(g.in, func(name string, e fs.DirEntry, err error) error {
		ext := filepath.Ext(name)
		if err != nil || e.IsDir() || ext != ".go" && ext != ".lua" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		b, err := os.ReadFile(name) //nolint:gosec // of the repository
		if times := strings.Count(string(b), g.was); times > 0 {
			n += times
			path, text = name, string(b)
		}
		return err
	})
	if err == nil && n != 1 {
		err = fmt.Errorf("%q is %d times in %s", g.was, n, g.in)
	}
	if err != nil {
		return "", "", err
	}
	path, err = filepath.Abs(path)
	return path, text, err
}

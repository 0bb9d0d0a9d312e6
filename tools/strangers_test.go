package tools_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// n8n adds arguments of its own to each call of a tool.
func TestArgumentsThatAHostAddsAreLeftAside(t *testing.T) {
	s := connect(t, account.Transport())
	const theirs = `"toolCallId":"call_1","sessionId":"s","action":"sendMessage","chatInput":"How many calls?","tool":{"name":"x"}`
	for tool, args := range map[string]string{
		"list_calls": `"per_page":1`, "find_calls": `"limit":1`, "get_call_stats": `"group_by":["day"]`, "get_call": `"sid":"CAb9"`, "list_agents": `"per_page":1`, "list_campaigns": `"per_page":1`,
	} {
		text, structure := s.call(tool, `{`+args+`,`+theirs+`}`)
		if structure == nil {
			t.Errorf("%s: %s", tool, text)
			continue
		}
		notes := fmt.Sprint(structure["notes"])
		for _, name := range []string{"action", "chatInput", "sessionId", "tool ", "toolCallId"} {
			if !strings.Contains(notes, name) || !strings.Contains(text, name) {
				t.Errorf("%s: no note tells of %s: %s", tool, name, notes)
			}
		}
		if strings.Contains(text, "How many") || strings.Contains(fmt.Sprint(structure), "How many") {
			t.Errorf("%s repeats what the host added: %s", tool, text)
		}
	}
	for _, args := range []string{`{"toolcallid":"x"}`, `{"chat_input":"x"}`, `{"sesionId":"x"}`, `{"serch":"x","action":"y"}`} {
		if text, structure := s.call("list_calls", args); structure != nil || !strings.Contains(text, "no such argument") {
			t.Errorf("%s: %s", args, text)
		}
	}
}

// No list of an answer is null: clients hold answers against schemas in which a list is a list.
func TestNoListOfAnEmptyAnswerIsNull(t *testing.T) {
	const none = `{"success":true,"data":[],"pagination":{"current_page":1,"last_page":1,"per_page":20,"total":0,"from":null,"to":null},"meta":{"current_page":1,"per_page":20,"total":0,"last_page":1}}`
	for name, s := range map[string]session{
		"no call at all": connect(t, answering(200, none)), "no call that fits": connect(t, account.Transport()), "masked": connect(t, account.Transport(), masked),
	} {
		schemas := compiled(t, s)
		check := func(tool, args string) {
			t.Helper()
			text, structure := s.call(tool, args)
			if structure == nil {
				t.Errorf("%s: %s %s: %s", name, tool, args, text)
				return
			}
			if err := schemas[tool].Validate(structure); err != nil {
				t.Errorf("%s: %s %s: %v", name, tool, args, err)
			}
			walk("", structure, func(at string, v any) {
				if v == nil && !strings.HasPrefix(at, ".rows") {
					t.Errorf("%s: %s %s: %s is null", name, tool, args, at)
				}
			})
		}
		dimensions := []string{"status", "direction", "agent", "day", "week", "month", "weekday", "hour", "contact", "line"}
		nothing := `"min_seconds":600000`
		for _, a := range dimensions {
			check("get_call_stats", `{`+nothing+`,"group_by":["`+a+`"]}`)
			for _, b := range dimensions {
				if a != b {
					check("get_call_stats", `{`+nothing+`,"date_from":"2026-10-26","date_to":"2026-11-01","group_by":["`+a+`","`+b+`"]}`)
				}
			}
			check("get_call_stats", `{`+nothing+`,"date_from":"2026-10-26","date_to":"2026-11-01","compare":"previous_period","group_by":["`+a+`"]}`)
		}
		check("get_call_stats", `{`+nothing+`}`)
		check("get_call_stats", `{`+nothing+`,"metrics":["unreturned","median_seconds"]}`)
		for _, only := range []string{"", `,"only":"unreturned"`, `,"only":"repeat_contacts"`, `,"sort":"longest"`, `,"page":"2"`} {
			check("find_calls", `{`+nothing+only+`}`)
		}
		check("list_calls", `{"date_from":"2020-01-01","date_to":"2020-01-02"}`)
		check("list_calls", `{"date_from":"2020-01-01","date_to":"2020-01-02","page":3}`)
		check("list_agents", `{"search":"nobody at all"}`)
		check("list_campaigns", `{"search":"nothing at all"}`)
		check("get_call", `{"sid":"CAffffffffffffffffffffffffffffffff"}`)
	}
}

// walk visits each value within another one.
func walk(at string, v any, visit func(at string, v any)) {
	visit(at, v)
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			walk(at+"."+k, e, visit)
		}
	case []any:
		for _, e := range v {
			walk(at+"[]", e, visit)
		}
	}
}

// pasted has one number as people paste it.
var pasted = []string{
	"+1 (202) 555-0143", "\u202a+1 202 555 0143\u202c", "\u200e+12025550143", "+1\u00a0202\u00a0555\u00a00143", "+12025550143\ufe0f", "tel:+12025550143", "TEL:+1-202-555-0143",
	"%2B12025550143", "\uff0b12025550143", "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff13",
}

// A pasted number is the number, for lists as for questions.
func TestAPastedNumberIsFoundAsItIsWrittenPlainly(t *testing.T) {
	api := &recorder{api: account.Transport()}
	s := connect(t, api)
	for _, number := range pasted {
		if text, structure := s.call("list_calls", fmt.Sprintf(`{"search":%q,"date_from":"2026-10-26"}`, number)); structure == nil {
			t.Errorf("%q: %s", number, text)
		}
		sent := api.requests[len(api.requests)-1].URL.Query().Get("search")
		if sent != "+12025550143" {
			t.Errorf("%q was sent as %q", number, sent)
		}
	}
	for uri, want := range map[string]string{
		"talkover://calls.csv?search=+12025550143": "+12025550143", "talkover://calls.csv?search=" + url.PathEscape("+1 202 555 0143"): "+12025550143",
	} {
		if _, err := resource(t, s, uri); err != nil {
			t.Error(uri, err)
		}
		if !slices.ContainsFunc(api.requests, func(r *http.Request) bool { return strings.Contains(r.URL.Query().Get("search"), want[1:]) }) {
			t.Errorf("%s was not searched for as %s", uri, want)
		}
	}
}

// What stands around a number hides nothing of the mask: rows, hints and structure show its last
// four digits at most.
func TestANumberIsMaskedWhateverStandsAroundIt(t *testing.T) {
	for _, contact := range []string{
		"whatsapp:+12025550177", "sip:12025550177@example.com", "sip:+12025550177;user=phone@host", "tel:+12025550177", "client:12025550177", "client:u12025550177", "+12025550177 ext 5",
		"+12025550177x5", "12025550177#5", "*67 12025550177", "*6712025550177", "+12025550177,,5", "(202) 555-0177 home", "00 1 202 555 0177", "messenger:12025550177", "anonymous@12025550177", "+1.202.555.0177p1", "mobile 2025550177",
	} {
		row := `{"id":"1","sid":"CA00000000000000000000000000000001","to":"+12125550100","from":` + fmt.Sprintf("%q", contact) +
			`,"direction":"inbound","status":"completed","duration":5,"agent":null,"created_at":"2026-11-05T10:00:00Z","updated_at":"2026-11-05T10:00:00Z"}`
		s := connect(t, answering(200, `{"success":true,"data":[`+row+`],"pagination":{"current_page":1,"last_page":1,"per_page":100,"total":1,"from":1,"to":1}}`), masked)
		text, structure := s.call("get_call_stats", `{"group_by":["contact"],"date_from":"2026-11-05"}`)
		for half, words := range map[string]string{"text": text, "structure": fmt.Sprint(structure)} {
			if fiveDigits.MatchString(words) {
				t.Errorf("%s: the %s shows the number: %s", contact, half, words)
			}
		}
	}
}

var fiveDigits = regexp.MustCompile(`5[ ().-]*0[ ().-]*1[ ().-]*7[ ().-]*7`)

// No answer says "1 calls".
func TestOneOfAThingIsNotSeveral(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	several := regexp.MustCompile(`(^|[^0-9.,:-])1 (calls|rows|requests|agents|groups|days|places|others|pages|campaigns|missed calls|matching calls|test calls)\b`)
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := several.Find(b); found != nil {
			t.Errorf("%s says %q", file, found)
		}
	}
}

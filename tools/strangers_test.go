package tools_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/talkover/talkover-mcp/tools"
)

// n8n adds arguments of its own to each call of a tool.
func TestArgumentsThatAHostAddsAreLeftAside(t *testing.T) {
	s := connect(t, account.Transport())
	const theirs = `"toolCallId":"call_1","sessionId":"s","action":"sendMessage","chatInput":"How many calls?",` +
		`"tool":{"name":"x"}`
	for tool, args := range map[string]string{
		"list_calls": `"per_page":1`, "find_calls": `"limit":1`, "get_call_stats": `"group_by":["day"]`,
		"get_call":    `"sid":"CAb9"`,
		"list_agents": `"per_page":1`, "list_campaigns": `"per_page":1`,
	} {
		text, structure := s.call(tool, `{`+args+`,`+theirs+`}`)
		if structure == nil {
			t.Errorf("%s: %s", tool, text)
			continue
		}
		notes := fmt.Sprint(structure["notes"])
		for _, name := range []string{"action", "chatInput", "sessionId", "tool,", "toolCallId"} {
			if !strings.Contains(notes, name) || !strings.Contains(text, name) || !strings.Contains(text,
				"the host adds") {
				t.Errorf("%s: no note tells of %s: %s", tool, name, notes)
			}
		}
		if strings.Contains(text, "How many") || strings.Contains(fmt.Sprint(structure), "How many") {
			t.Errorf("%s repeats what the host added: %s", tool, text)
		}
	}
	for _, args := range []string{`{"toolcallid":"x"}`, `{"chat_input":"x"}`, `{"sesionId":"x"}`,
		`{"serch":"x","action":"y"}`} {
		if text, structure := s.call("list_calls", args); structure != nil || !strings.Contains(text,
			"no such argument") {
			t.Errorf("%s: %s", args, text)
		}
	}
}

// No list of an answer is null: clients hold answers against schemas in which a list is a list.
func TestNoListOfAnEmptyAnswerIsNull(t *testing.T) {
	const none = `{"success":true,"data":[],"pagination":{"current_page":1,"last_page":1,"per_page":20,"total":0,` +
		`"from":null,"to":null},"meta":{"current_page":1,"per_page":20,"total":0,"last_page":1}}`
	for name, s := range map[string]session{
		"no call at all": connect(t, answering(200, none)), "no call that fits": connect(t, remember(account)),
		"masked": connect(t, remember(account), masked),
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
		dimensions := []string{"status", "direction", "agent", "day", "week", "month", "weekday", "hour",
			"contact", "line"}
		nothing := `"min_seconds":600000`
		for i, a := range dimensions {
			check("get_call_stats", `{`+nothing+`,"group_by":["`+a+`"]}`)
			for _, b := range dimensions[i+1:] {
				check("get_call_stats", `{`+nothing+`,"date_from":"2026-10-26","date_to":"2026-11-01",`+
					`"group_by":["`+a+`","`+b+`"]}`)
			}
			check("get_call_stats", `{`+nothing+`,"date_from":"2026-10-26","date_to":"2026-11-01",`+
				`"compare":"previous_period","group_by":["`+a+`"]}`)
		}
		check("get_call_stats", `{`+nothing+`}`)
		check("get_call_stats", `{`+nothing+`,"metrics":["unreturned","median_seconds"]}`)
		for _, only := range []string{"", `,"only":"unreturned"`, `,"only":"repeat_contacts"`,
			`,"sort":"longest"`, `,"page":"2"`} {
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

// A host may send digits without quotes. They are digits for every argument of text.
func TestDigitsWithoutQuotesAreDigits(t *testing.T) {
	for _, q := range []struct{ tool, bare, quoted string }{
		{
			"list_calls", `{"search":2025550143,"date_from":20261026}`,
			`{"search":"2025550143","date_from":"2026-10-26"}`,
		},
		{
			"list_calls", `{"search":2025550143.0,"date_to":2.0261026e7}`,
			`{"search":"2025550143","date_to":"2026-10-26"}`,
		},
		{"list_calls", `{"agent_id":42}`, `{"agent_id":"42"}`},
		{
			"find_calls", `{"contact":12025550143,"date_to":20261104}`,
			`{"contact":"12025550143","date_to":"2026-11-04"}`,
		},
		{"find_calls", `{"agent":42}`, `{"agent":"42"}`},
		{
			"get_call_stats", `{"contact":12025550143,"group_by":["day"]}`,
			`{"contact":"12025550143","group_by":["day"]}`,
		},
		{"get_call_stats", `{"date_from":20261026}`, `{"date_from":"2026-10-26"}`},
		{"get_call", `{"sid":2025550143}`, `{"sid":"2025550143"}`},
		{"list_agents", `{"search":24}`, `{"search":"24"}`},
		{"list_campaigns", `{"agent_id":42,"date_from":20261001}`, `{"agent_id":"42","date_from":"2026-10-01"}`},
		{"make_call", `{"agent_id":"x","to":2025550143}`, `{"agent_id":"x","to":"2025550143"}`},
	} {
		got, _ := connect(t, account.Transport(), calling).call(q.tool, q.bare)
		if want, _ := connect(t, account.Transport(), calling).call(q.tool, q.quoted); got != want {
			t.Errorf("%s %s: %s\nwant %s", q.tool, q.bare, got, want)
		}
	}
	s := connect(t, account.Transport())
	for _, args := range []string{`{"search":9007199254740992}`, `{"search":-12025550143}`, `{"search":1.5}`,
		`{"search":true}`} {
		if text, structure := s.call("list_calls", args); structure != nil || !strings.Contains(text,
			"a string in quotes") {
			t.Errorf("%s: %s", args, text)
		}
	}
}

// pasted has one number as people paste it.
var pasted = []string{
	"+1 (202) 555-0143", "\u202a+1 202 555 0143\u202c", "\u200e+12025550143", "+1\u00a0202\u00a0555\u00a00143",
	"+12025550143\ufe0f",
	"tel:+12025550143", "TEL:+1-202-555-0143", "tel:+1-202-555-0143;ext=5", "tel:%2B12025550143",
	"%2B12025550143", "%2b1%20202%20555%200143",
	"\uff0b12025550143", "\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff14\uff13",
	"+1\u2011202\u2011555\u20110143", "\u202d+1\u2013202\u2013555\u20130143\u202c",
	"+1\u3000202.555/0143", "+1\u00ad202\u2060555\u200b0143", "\ufeff+12025550143",
}

// A pasted number is the number, for lists as for questions, and for those who see none.
func TestAPastedNumberIsFoundAsItIsWrittenPlainly(t *testing.T) {
	api := &recorder{api: account.Transport()}
	for name, s := range map[string]session{"open": connect(t, api), "masked": connect(t, api, masked)} {
		_, plain := s.call("find_calls", `{"contact":"+12025550143"}`)
		for _, number := range pasted {
			if text, structure := s.call("list_calls", fmt.Sprintf(`{"search":%q,"date_from":"2026-10-26"}`,
				number)); structure == nil {
				t.Errorf("%s: %q: %s", name, number, text)
			}
			if sent := api.requests[len(api.requests)-1].URL.Query().Get("search"); sent != "+12025550143" {
				t.Errorf("%s: %q was sent as %q", name, number, sent)
			}
			text, structure := s.call("find_calls", fmt.Sprintf(`{"contact":%q}`, number))
			if structure == nil || structure["found"] != plain["found"] || structure["found"] == 0. {
				t.Errorf("%s: find_calls with contact %q: %s", name, number, text)
			}
		}
	}
}

// What is no number stays as it is, but for what nobody sees around a SID.
func TestASearchForWordsIsLeftAsItIs(t *testing.T) {
	api := &recorder{api: account.Transport()}
	s := connect(t, api)
	for search, want := range map[string]string{
		"CAb9\u200e": "CAb9", "whatsapp:+12025550143": "whatsapp:+12025550143", "anonymous": "anonymous",
		"50% off": "50% off", "+": "+", "( )": "( )",
		"\u0661\u0662 555": "\u0661\u0662 555", "می\u200cخواهم": "می\u200cخواهم",
	} {
		s.call("list_calls", fmt.Sprintf(`{"search":%q}`, search))
		if sent := api.requests[len(api.requests)-1].URL.Query().Get("search"); sent != want {
			t.Errorf("%q was sent as %q, want %q", search, sent, want)
		}
	}
}

// A plus in the address of a resource is a plus, as people paste it, and no space.
func TestAPlusInAnAddressIsAPlus(t *testing.T) {
	s := connect(t, account.Transport())
	for _, query := range []string{"search=+12025550143", "search=%2B12025550143",
		"search=+1-202-555-0143&direction=inbound", "direction=inbound&search=+1%20202%20555%200143"} {
		text, err := resource(t, s, "talkover://calls.csv?"+query)
		if head, _, _ := strings.Cut(text, "\n"); err != nil || !strings.Contains(head, "search='+1") {
			t.Errorf("%s: %v: %s", query, err, head)
		}
	}
}

// Where a number is not found, the answer says what may be wrong with how it is written.
func TestTheHintFitsANumberThatIsNotFound(t *testing.T) {
	s := connect(t, account.Transport())
	for search, want := range map[string]string{
		"2025559999": "write the number in E.164", "(202) 555-9999": "write the number in E.164",
		"\u202a202 555 9999": "write the number in E.164",
		"+1 (202) 555-9999":  "a shorter part", "tel:+12025559999": "a shorter part", "CAffffffffff": "a shorter part",
	} {
		if text, _ := s.call("list_calls", fmt.Sprintf(`{"search":%q}`, search)); !strings.Contains(text, want) {
			t.Errorf("%q: %s", search, text)
		}
	}
}

// dressed has one number with what may stand around it.
var dressed = []string{
	"whatsapp:+12025550177", "sip:12025550177@example.com", "sip:+12025550177;user=phone@host",
	"sips:+1-202-555-0177@host", "tel:+12025550177",
	"client:12025550177", "client:u12025550177", "client:CA12025550177", "+12025550177 ext 5", "+12025550177x5",
	"12025550177#5", "*67 12025550177",
	"*6712025550177", "+12025550177,,5", "(202) 555-0177 home", "00 1 202 555 0177", "messenger:12025550177",
	"anonymous@12025550177",
	"+1.202.555.0177p1", "mobile 2025550177", "CA12025550177",
	"\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff17\uff17",
}

// What stands around a number hides nothing of the mask: rows, hints, next steps and errors, in either
// half, show its last four digits at most.
func TestANumberIsMaskedWhateverStandsAroundIt(t *testing.T) {
	const between = `[^0-9a-zA-Z０-９]*`
	shown := regexp.MustCompile(strings.Join([]string{"[5５]", "[0０]", "[1１]", "[7７]", "[7７]"}, between))
	const sid = "CA000000000000000000000000000000ab"
	for _, contact := range dressed {
		row := fmt.Sprintf(`{"id":"1","sid":%q,"to":"+12125550100","from":%q,"from_formatted":%q,`+
			`"direction":"inbound","status":"no-answer","duration":0,"agent":null,`+
			`"created_at":"2026-11-05T10:00:00Z","updated_at":"2026-11-05T10:00:00Z"}`, sid, contact, contact)
		s := connect(t, answering(200, `{"success":true,"data":[`+row+`],"pagination":{"current_page":1,`+
			`"last_page":1,"per_page":100,"total":1,"from":1,"to":1}}`), masked)
		answers := map[string]string{}
		for _, call := range []struct{ tool, args string }{
			{"get_call_stats", `{"group_by":["contact"],"date_from":"2026-11-05"}`},
			{"get_call_stats", `{"group_by":["contact","hour"],"date_from":"2026-11-05"}`},
			{"get_call_stats", `{"group_by":["contact"],"date_from":"2026-11-05","compare":"previous_period"}`},
			{"get_call_stats", fmt.Sprintf(`{"contact":%q,"date_from":"2026-11-05"}`, contact)},
			{"find_calls", `{"date_from":"2026-11-05"}`},
			{"find_calls", `{"date_from":"2026-11-05","only":"unreturned"}`},
			{"find_calls", fmt.Sprintf(`{"line":%q}`, contact)},
			{"find_calls", fmt.Sprintf(`{"agent":%q}`, contact)},
			{"list_calls", `{}`},
			{"list_calls", fmt.Sprintf(`{"agent_id":%q}`, contact)},
			{"list_calls", fmt.Sprintf(`{"status":%q}`, contact)},
			{"list_calls", fmt.Sprintf(`{"date_from":%q}`, contact)},
			{"get_call", fmt.Sprintf(`{"sid":%q}`, sid)},
			{"get_call", fmt.Sprintf(`{"sid":%q}`, contact)},
			{"list_agents", fmt.Sprintf(`{"search":%q}`, contact)},
		} {
			text, structure := s.call(call.tool, call.args)
			answers[call.tool+" "+call.args+", text"] = text
			answers[call.tool+" "+call.args+", structure"] = fmt.Sprint(structure)
		}
		csv, err := resource(t, s, "talkover://calls.csv?date_from=2026-11-05")
		if answers["calls.csv"] = csv; err != nil {
			t.Error(err)
		}
		for half, words := range answers {
			if found := shown.FindString(words); found != "" {
				t.Errorf("%q: %s shows %q: %s", contact, half, found, words)
			}
		}
	}
}

// several finds one of a thing that is called several.
var several = regexp.MustCompile(`(^|[^0-9.,:-])1 (matching |missed |test |kept ` +
	`)?(calls|rows|requests|agents|groups|days)\b|` +
	`(^|[^0-9.,:-])1 (places|others|pages|campaigns|numbers|contacts)\b|\ball 1 |\b1 [a-z ]*\b(are|have|do|match)\b`)

// No answer says "1 calls", in what is written down of answers or about an account with one call.
func TestOneOfAThingIsNotSeveral(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := several.Find(b); found != nil {
			t.Errorf("%s says %q", file, found)
		}
	}
	const row = `{"id":"1","sid":"CA000000000000000000000000000000ab","to":"+12125550100","from":"+12025550177",` +
		`"direction":"inbound","status":"no-answer","duration":0,"agent":null,"is_testing":true,` +
		`"created_at":"2026-11-05T10:00:00Z","updated_at":"2026-11-05T10:00:00Z"}`
	const one = `],"pagination":{"current_page":1,"last_page":1,"per_page":100,"total":1,"from":1,"to":1}}`
	for _, rows := range []string{row, strings.Replace(row, `"duration":0`, `"duration":"x"`, 1),
		strings.Replace(row, `"2026-11-05T10:00:00Z","u`, `"soon","u`, 1), `7`} {
		s := connect(t, answering(200, `{"success":true,"data":[`+rows+one))
		for _, call := range []struct{ tool, args string }{
			{"get_call_stats", `{"date_from":"2026-11-05"}`}, {"get_call_stats",
				`{"date_from":"2026-11-05","group_by":["contact"]}`},
			{"get_call_stats", `{"date_from":"2026-11-05","test_calls":"exclude"}`}, {"get_call_stats",
				`{"date_from":"2026-11-05","min_seconds":1}`},
			{"find_calls", `{"date_from":"2026-11-05"}`}, {"find_calls",
				`{"date_from":"2026-11-05","only":"unreturned"}`},
			{"list_calls", `{}`}, {"list_calls", `{"status":"failed"}`}, {"list_agents", `{}`}, {"get_call",
				`{"sid":"CA00"}`},
		} {
			text, structure := s.call(call.tool, call.args)
			if found := several.FindString(text + fmt.Sprint(structure)); found != "" {
				t.Errorf("%s %s says %q: %s", call.tool, call.args, found, text)
			}
		}
		if csv, err := resource(t, s, "talkover://calls.csv?date_from=2026-11-05"); err == nil &&
			several.MatchString(csv) {
			t.Errorf("calls.csv says %s", csv)
		}
	}
}

// llama.cpp, which LM Studio runs on, makes a grammar of the arguments of all tools, and refuses
// the whole list over one that it cannot.
func TestLlamaCppMakesAGrammarOfEveryTool(t *testing.T) {
	s := connect(t, account.Transport(), calling, func(c *tools.Config) { c.Charts = true })
	list, err := s.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil || len(list.Tools) < 7 {
		t.Fatalf("%d tools: %v", len(list.Tools), err)
	}
	for _, tool := range list.Tools {
		raw, err := json.Marshal(tool)
		var whole struct{ InputSchema map[string]any }
		if err := errors.Join(err, json.Unmarshal(raw, &whole)); err != nil || len(whole.InputSchema) == 0 {
			t.Errorf("%s: %v", tool.Name, err)
		}
		for _, problem := range ungrammatical(tool.Name, whole.InputSchema) {
			t.Error(problem)
		}
	}
	for _, bad := range []string{
		`{"type":"string","pattern":"^\\d{4}$"}`, `{"type":"string","pattern":"^[\\w-]+$"}`,
		`{"type":"string","pattern":"^a\\/b$"}`, `{"type":"string","pattern":"[0-9]"}`,
		`{"type":"string","pattern":"^(?=a)a$"}`, `{"type":"string","pattern":"^[0-9]{1,5000}$"}`,
		`{"type":"string","maxLength":5000}`, `{"type":"array","items":{"pattern":"^\\s$"}}`,
		`{"$ref":"https://example.com/x"}`, `{"not":{"type":"string"}}`, `{"properties":{"a":{"type":"any"}}}`,
	} {
		var schema map[string]any
		if err := json.Unmarshal([]byte(bad), &schema); err != nil {
			t.Fatal(err)
		}
		if len(ungrammatical("", schema)) == 0 {
			t.Errorf("%s is taken", bad)
		}
	}
}

// grammatical has the keywords from which llama.cpp makes a grammar, or that it passes over.
var grammatical = []string{
	"type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "minLength",
	"maxLength", "minimum", "maximum",
	"enum", "pattern", "format", "description", "title", "default",
}

// ungrammatical says of what in a schema llama.cpp can make no grammar.
func ungrammatical(at string, s map[string]any) (problems []string) {
	report := func(problem string, v any) { problems = append(problems, fmt.Sprintf("%s: %s: %v", at, problem, v)) }
	for k, v := range s {
		if n, _ := v.(float64); n > 2000 && strings.HasPrefix(k, "m") && (strings.HasSuffix(k, "Length") ||
			strings.HasSuffix(k, "Items")) {
			report("too many repetitions", n)
		}
		if !slices.Contains(grammatical, k) {
			report("an unknown keyword", k)
		}
	}
	if kind, ok := s["type"]; ok && !slices.Contains([]any{"object", "array", "string", "integer", "number",
		"boolean", "null"}, kind) {
		report("an unknown type", kind)
	}
	if p, ok := s["pattern"].(string); ok {
		inner, ends := strings.CutSuffix(p, "$")
		inner, begins := strings.CutPrefix(inner, "^")
		if !begins || !ends || strings.Contains(inner, "(?") {
			report("a pattern of a part, or one that looks around", p)
		}
		class := false
		for i := 0; i < len(inner); i++ {
			switch taken := `[]\"-`; {
			case inner[i] == '\\':
				if !class {
					taken += "^$.()|{}*+?"
				}
				if i++; i == len(inner) || !strings.ContainsRune(taken, rune(inner[i])) {
					report("an unknown escape", p)
				}
			case inner[i] == '[' || inner[i] == ']':
				class = inner[i] == '['
			}
		}
		for _, n := range regexp.MustCompile(`[0-9]{4,}`).FindAllString(inner, -1) {
			report("too many repetitions", n)
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name, p := range properties {
		sub, ok := p.(map[string]any)
		if !ok {
			report("a property without a schema", name)
		}
		problems = append(problems, ungrammatical(at+"."+name, sub)...)
	}
	if items, ok := s["items"].(map[string]any); ok {
		problems = append(problems, ungrammatical(at+"[]", items)...)
	}
	return problems
}

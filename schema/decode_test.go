package schema_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/schema"
)

const today = "2026-11-05"

// window is embedded, as tools share their filters.
type window struct {
	From  schema.Date `json:"date_from,omitempty" jsonschema_description:"First day." alias:"since,start_date"`
	Until schema.Date `json:"date_to,omitempty" jsonschema_description:"Last day."`
}

func (w *window) Validate() schema.Faults {
	if w.From != "" && w.Until != "" && w.From > w.Until {
		return []schema.Fault{{Argument: "date_from", Problem: "it is after date_to"}}
	}
	return nil
}

type arguments struct {
	window
	Status  string   `json:"status,omitempty" jsonschema:"enum=completed,enum=failed,enum=no-answer" jsonschema_description:"Status." alias:"state,outcome"`
	Search  string   `json:"search,omitempty" jsonschema:"maxLength=10" jsonschema_description:"Part of a number."`
	PerPage int      `json:"per_page,omitempty" jsonschema:"minimum=1,maximum=100,default=20" jsonschema_description:"Calls on a page." alias:"limit,count"`
	Page    int      `json:"page,omitempty" jsonschema:"minimum=1" jsonschema_description:"Page number."`
	Offset  int      `json:"offset,omitempty" jsonschema:"maximum=9" jsonschema_description:"Offset."`
	Seed    int      `json:"seed,omitempty" jsonschema_description:"Any number."`
	Testing bool     `json:"is_testing,omitempty" jsonschema_description:"Only test calls."`
	GroupBy []string `json:"group_by,omitempty" jsonschema:"enum=day,enum=agent,enum=status,maxItems=2" jsonschema_description:"Groups."`
	Tags    []string `json:"tags,omitempty" jsonschema_description:"Words."`
}

// notValid refuses what is no JSON object.
const notValid = "the arguments are not a valid JSON object, or one of them is given twice; give each once"

// names is how a refusal of an unknown name lists those that there are.
const names = " There are: date_from, date_to, status, search, per_page, page, offset, seed, is_testing, group_by, tags."

func newInput[T any](t testing.TB) *schema.Input[T] {
	t.Helper()
	return schema.NewInput[T]()
}

func TestDecodeIsForgivingInForm(t *testing.T) {
	in := newInput[arguments](t)
	for args, want := range map[string]arguments{
		``:                          {},
		` null `:                    {},
		`{"status":"no_answer"}`:    {Status: "no-answer"},
		`{"status":"Completed"}`:    {Status: "completed"},
		`{"group_by":"Day, AGENT"}`: {GroupBy: []string{"day", "agent"}},
		"\n{ }\t":                   {},
		`{"per_page":20}`:           {PerPage: 20},
		`{"per_page":"20"}`:         {PerPage: 20},
		`{"per_page":20.0}`:         {PerPage: 20},
		`{"per_page":"20.0"}`:       {PerPage: 20},
		`{"per_page":1e1}`:          {PerPage: 10},
		`{"per_page":" 20 "}`:       {PerPage: 20},
		`{"per_page":1}`:            {PerPage: 1},
		`{"per_page":100}`:          {PerPage: 100},
		`{"offset":-3,"seed":"-0"}`: {Offset: -3},
		`{"seed":9007199254740992}`: {Seed: 1 << 53},
		`{"is_testing":true}`:       {Testing: true},
		`{"is_testing":" true "}`:   {Testing: true},
		`{"is_testing":"false"}`:    {},
		`{"status":" no-answer\n"}`: {Status: "no-answer"},
		`{"search":"+120255501"}`:   {Search: "+120255501"},
		`{"search":"éééééééééé"}`:   {Search: "éééééééééé"}, // ten characters in twenty bytes
		`{"search":"\u002b1"}`:      {Search: "+1"},
		`{"date_from":"2026-11-05","date_to":" 2028-02-29\t"}`: {window: window{"2026-11-05", "2028-02-29"}},
		`{"group_by":["day","agent"]}`:                         {GroupBy: []string{"day", "agent"}},
		`{"group_by":"day, agent"}`:                            {GroupBy: []string{"day", "agent"}},
		`{"group_by":" [\"day\", \"agent\"]"}`:                 {GroupBy: []string{"day", "agent"}},
		`{"group_by":["day",""," ","agent"]}`:                  {GroupBy: []string{"day", "agent"}},
		`{"tags":["a,b"]}`:                                     {Tags: []string{"a,b"}},
		`{"group_by":[],"tags":" , "}`:                         {},
		// A list of one stands for what it holds.
		`{"status":["failed"],"search":["42"],"per_page":[5],"page":["2"],"is_testing":[true],"date_from":[ "2026-11-05" ]}`:                            {window: window{From: "2026-11-05"}, Status: "failed", Search: "42", PerPage: 5, Page: 2, Testing: true},
		`{"status":[null],"search":[""],"page":[null]}`:                                                                                                 {},
		`{"date_from":"","date_to":"","status":"","search":"","per_page":"","page":" ","seed":"","is_testing":"","group_by":"","tags":""}`:              {},
		`{"date_from":null,"date_to":null,"status":null,"search":null,"per_page":null,"page":null,"is_testing":null,"group_by":null,"tags":null}`:       {},
		`{"status":"failed","search":"42","per_page":"5","page":2.0,"offset":9,"seed":-7,"is_testing":"true","group_by":"status","tags":["x","y","z"]}`: {Status: "failed", Search: "42", PerPage: 5, Page: 2, Offset: 9, Seed: -7, Testing: true, GroupBy: []string{"status"}, Tags: []string{"x", "y", "z"}},
	} {
		got, err := in.Decode(json.RawMessage(args), today)
		if err != nil {
			t.Errorf("%s: %v", args, err)
		} else if diff := cmp.Diff(want, got, cmp.AllowUnexported(arguments{})); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", args, diff)
		}
	}
}

func TestDecodeIsStrictInMeaning(t *testing.T) {
	in := newInput[arguments](t)
	for args, want := range map[string]string{
		// Names.
		`{"limit":5}`:      "limit: there is no such argument; did you mean per_page?" + names,
		`{"Start-Date":1}`: "Start-Date: there is no such argument; did you mean date_from?" + names,
		`{"perPage":5}`:    "perPage: there is no such argument; did you mean per_page?" + names,
		`{"serch":"1"}`:    "serch: there is no such argument; did you mean search?" + names,
		`{"colour":null}`:  "colour: there is no such argument." + names,
		`{"":1}`:           "there is no such argument." + names,
		`{"` + strings.Repeat("né", 99) + `":1}`: strings.Repeat("né", 20) + "...: there is no such argument." + names,
		// Numbers.
		`{"per_page":0}`:                            "per_page: 0 is out of range; give a whole number from 1 to 100",
		`{"per_page":"101"}`:                        "per_page: 101 is out of range; give a whole number from 1 to 100",
		`{"per_page":1e400}`:                        "per_page: 1e400 is out of range; give a whole number from 1 to 100",
		`{"per_page":-1e400}`:                       "per_page: -1e400 is out of range; give a whole number from 1 to 100",
		`{"per_page":20.5}`:                         "per_page: \"20.5\" is not a whole number from 1 to 100",
		`{"per_page":"20.5"}`:                       "per_page: \"20.5\" is not a whole number from 1 to 100",
		`{"per_page":"ten"}`:                        `per_page: "ten" is not a whole number from 1 to 100`,
		`{"per_page":"NaN"}`:                        `per_page: "NaN" is not a whole number from 1 to 100`,
		`{"per_page":"0x14"}`:                       `per_page: "0x14" is not a whole number from 1 to 100`,
		`{"per_page":"20 20"}`:                      `per_page: "20 20" is not a whole number from 1 to 100`,
		`{"per_page":true}`:                         "per_page: it must be a whole number from 1 to 100, not true",
		`{"page":[]}`:                               "page: it must be a whole number from 1, not a list",
		`{"offset":{}}`:                             "offset: it must be a whole number to 9, not an object",
		`{"offset":10}`:                             "offset: 10 is out of range; give a whole number to 9",
		`{"seed":false}`:                            "seed: it must be a whole number, not false",
		`{"seed":1e16}`:                             "seed: 1e16 is out of range; give a whole number",
		`{"page":` + strings.Repeat("9", 400) + `}`: "page: " + strings.Repeat("9", 40) + "... is out of range; give a whole number from 1",
		// Booleans.
		`{"is_testing":1}`:     "is_testing: it must be true or false, not a number",
		`{"is_testing":"yes"}`: "is_testing: it must be true or false, not a string",
		`{"is_testing":[]}`:    "is_testing: it must be true or false, not a list",
		// Strings.
		`{"search":1.5}`:                       "search: it must be a string in quotes, not a number",
		`{"search":true}`:                      "search: it must be a string in quotes, not true",
		`{"search":["a","b"]}`:                 "search: it must be a string in quotes, not a list",
		`{"search":{"a":1}}`:                   "search: it must be a string in quotes, not an object",
		`{"search":"ééééééééééé"}`:             "search: it has 11 characters; give at most 10",
		`{"search":"a\nb"}`:                    "search: it holds a control character, such as a line break; leave it out",
		`{"search":"a\u0000b"}`:                "search: it holds a control character, such as a line break; leave it out",
		`{"search":"a\u0085b"}`:                "search: it holds a control character, such as a line break; leave it out",
		`{"tags":["a","b\u001bc"]}`:            "tags: it holds a control character, such as a line break; leave it out",
		`{"status":"complete"}`:                `status: "complete" is none of completed, failed, no-answer; did you mean completed?`,
		`{"status":"fail"}`:                    `status: "fail" is none of completed, failed, no-answer; did you mean failed?`,
		`{"status":"field"}`:                   `status: "field" is none of completed, failed, no-answer`,
		`{"status":"busy"}`:                    `status: "busy" is none of completed, failed, no-answer`,
		`{"status":"all\nthe\"m"}`:             `status: "all\nthe\"m" is none of completed, failed, no-answer`,
		`{"status":7}`:                         `status: "7" is none of completed, failed, no-answer`,
		`{"date_from":"2026-02-30"}`:           `date_from: "2026-02-30" is not a day of the calendar; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"date_from":"2026-13-01"}`:           `date_from: "2026-13-01" is not a day of the calendar; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"date_from":"2027-02-29"}`:           `date_from: "2027-02-29" is not a day of the calendar; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"date_to":"05-11-2026"}`:             `date_to: "05-11-2026" is not a date; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"date_to":"2026-1-5"}`:               `date_to: "2026-1-5" is not a date; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"date_to":"yesterday"}`:              `date_to: "yesterday" is not a date; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"date_to":"٢٠٢٦-11-05"}`:             `date_to: "٢٠٢٦-11-05" is not a date; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"date_from":"2026-11-05T00:00:00Z"}`: `date_from: "2026-11-05T00:00:00Z" is not a date; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		`{"status":["failed","completed"]}`:    "status: it must be a string in quotes, not a list",
		`{"status":["lost"]}`:                  `status: "lost" is none of completed, failed, no-answer`,
		`{"per_page":[0]}`:                     "per_page: 0 is out of range; give a whole number from 1 to 100",
		`{"status":[["failed"]]}`:              "status: it must be a string in quotes, not a list",
		// Lists.
		`{"group_by":["day","agents"]}`:           `group_by: "agents" is none of day, agent, status; did you mean agent?`,
		`{"group_by":"day;agent"}`:                `group_by: "day;agent" is none of day, agent, status`,
		`{"group_by":["day","agent","status"]}`:   "group_by: it has 3 values; give at most 2",
		`{"group_by":"day,agent,status"}`:         "group_by: it has 3 values; give at most 2",
		`{"group_by":["day",null]}`:               "group_by: it must be a string in quotes, not null",
		`{"group_by":[["day"]]}`:                  "group_by: it must be a string in quotes, not a list",
		`{"group_by":{"day":true}}`:               "group_by: it must be a list, not an object",
		`{"group_by":"[day]"}`:                    "group_by: it is not a valid list",
		`{"group_by":"[true]"}`:                   "group_by: it must be a string in quotes, not true",
		`{"group_by":3}`:                          "group_by: it must be a list, not a number",
		`{"date_from":"2026-2","date_to":"2026"}`: `date_from: "2026-2" is not a date; give YYYY-MM-DD (today is 2026-11-05, UTC)` + "\n" + `date_to: "2026" is not a date; give YYYY-MM-DD (today is 2026-11-05, UTC)`,
		// The whole.
		`[]`:                       "the arguments must be one JSON object, such as {}",
		`"{}"`:                     "the arguments must be one JSON object, such as {}",
		`7`:                        "the arguments must be one JSON object, such as {}",
		`page=2`:                   "the arguments must be one JSON object, such as {}",
		`{"page":1`:                notValid,
		`{"page"}`:                 notValid,
		`{"page":}`:                notValid,
		`{"page":1,}`:              notValid,
		`{page:1}`:                 notValid,
		`{"page":1}{"page":2}`:     notValid,
		`{"page":1} and more`:      notValid,
		"{\"search\":\"\xff\"}":    notValid,
		`{"search":"\ud800"}`:      notValid,
		`{"page":1,"page":1}`:      notValid,
		`{"page":1,"p\u0061ge":1}`: notValid,
		`{"tags":[{"a":1,"a":2}]}`: notValid,
	} {
		_, err := in.Decode(json.RawMessage(args), today)
		if got := fmt.Sprint(err); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", args, got, want)
		}
		var faults schema.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: the error is a %T", args, err)
		}
	}
}

// All faults come at once: those of the fields in their order, then the unknown
// names by the alphabet, then those across fields.
func TestDecodeReportsAllFaultsAtOnce(t *testing.T) {
	_, err := newInput[arguments](t).Decode(json.RawMessage(`{"zeta":1,"tags":7,"per_page":0,"limit":5,
		"search":[],"date_to":"2026-01-01","status":"lost","date_from":"2026-02-01","is_testing":"no"}`), today)
	want := schema.Faults{
		{Argument: "status", Problem: `"lost" is none of completed, failed, no-answer`},
		{Argument: "search", Problem: "it must be a string in quotes, not a list"},
		{Argument: "per_page", Problem: "0 is out of range; give a whole number from 1 to 100"},
		{Argument: "is_testing", Problem: "it must be true or false, not a string"},
		{Argument: "tags", Problem: "it must be a list, not a number"},
		{Argument: "limit", Problem: "there is no such argument; did you mean per_page?" + names},
		{Argument: "zeta", Problem: "there is no such argument." + names},
		{Argument: "date_from", Problem: "it is after date_to"},
	}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

// spelled takes the beginning of a word for the word.
type spelled string

func (spelled) Spell(value string) string {
	if value == "comp" {
		return "completed"
	}
	return value
}

func (s spelled) Check(today string) error {
	if s == "never" {
		return errors.New("not before " + today)
	}
	return nil
}

func TestTypesSpellAndCheckTheirValues(t *testing.T) {
	type input struct {
		Status []spelled `json:"status,omitempty" jsonschema:"enum=completed,enum=never" jsonschema_description:"Status."`
	}
	in := newInput[input](t)
	got, err := in.Decode(json.RawMessage(`{"status":["comp","Completed"]}`), today)
	if diff := cmp.Diff(input{[]spelled{"completed", "completed"}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if _, err := in.Decode(json.RawMessage(`{"status":"NEVER"}`), today); fmt.Sprint(err) != "status: not before "+today {
		t.Error(err)
	}
}

// Some hosts turn digits into a number. One of 2^53 and more has lost digits by then.
func TestDigitsThatAHostTurnedIntoANumberAreDigits(t *testing.T) {
	type input struct {
		Number string      `json:"number,omitempty" jsonschema_description:"Number."`
		Day    schema.Date `json:"day,omitempty" jsonschema_description:"Day."`
	}
	in := newInput[input](t)
	for args, want := range map[string]input{
		`{"number":12025550123}`:        {Number: "12025550123"},
		`{"number":1.2025550123e10}`:    {Number: "12025550123"},
		`{"number":9007199254740991.0}`: {Number: "9007199254740991"},
		`{"day":20261104}`:              {Day: "2026-11-04"},
		`{"day":"20261104"}`:            {Day: "2026-11-04"},
	} {
		if got, err := in.Decode(json.RawMessage(args), today); err != nil || got != want {
			t.Errorf("%s: %v, %v", args, got, err)
		}
	}
	for _, args := range []string{`{"number":9007199254740992}`, `{"number":-1}`, `{"number":0.5}`, `{"day":20261340}`} {
		if got, err := in.Decode(json.RawMessage(args), today); err == nil {
			t.Errorf("%s: %v", args, got)
		}
	}
}

// A name that means just the same is taken, but not beside the argument itself.
func TestAnArgumentIsTakenUnderItsOtherNames(t *testing.T) {
	type input struct {
		Agent string `json:"agent,omitempty" jsonschema_description:"Name or id." takes:"agent_id,agent_name"`
	}
	in := newInput[input](t)
	for _, name := range []string{"agent", "agent_id", "agent_name"} {
		if got, err := in.Decode(json.RawMessage(`{"`+name+`":"Sales"}`), today); err != nil || got.Agent != "Sales" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	_, err := in.Decode(json.RawMessage(`{"agent":"Sales","agent_id":"a1"}`), today)
	if want := "agent_id: there is no such argument; did you mean agent? There are: agent."; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What other inputs take is told before a guess by spelling, and after an alias.
func TestANameThatOthersTakeIsExplained(t *testing.T) {
	in := newInput[arguments](t)
	in.Elsewhere(func(name string) string {
		if name == "sort" || name == "statuss" || name == "limit" {
			return "find takes " + name
		}
		return ""
	})
	_, err := in.Decode(json.RawMessage(`{"sort":1,"statuss":"x","limit":2,"pag":3}`), today)
	want := "limit: there is no such argument; did you mean per_page?" + names + "\npag: there is no such argument; did you mean page?" + names +
		"\nsort: find takes sort\nstatuss: find takes statuss"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

func TestUnknownNamesComeInOneOrder(t *testing.T) {
	_, err := newInput[arguments](t).Decode(json.RawMessage(`{"zz":1,"cc":1,"yy":1,"bb":1,"xx":1,"aa":1}`), today)
	var got []string
	for _, fault := range err.(schema.Faults) {
		got = append(got, fault.Argument)
	}
	if diff := cmp.Diff([]string{"aa", "bb", "cc", "xx", "yy", "zz"}, got); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
}

func TestValidateSeesNothingOfWhatCouldNotBeRead(t *testing.T) {
	_, err := newInput[arguments](t).Decode(json.RawMessage(`{"date_from":"2026-12-99","date_to":"2026-01-01"}`), today)
	if faults, ok := err.(schema.Faults); !ok || len(faults) != 1 || !strings.Contains(faults[0].Problem, "not a day of the calendar") {
		t.Errorf("got %v, want the bad date alone", err)
	}
}

func TestDecodeWithoutArguments(t *testing.T) {
	in := newInput[struct{}](t)
	if _, err := in.Decode(json.RawMessage(`{}`), today); err != nil {
		t.Error(err)
	}
	_, err := in.Decode(json.RawMessage(`{"page":1}`), today)
	if want := "page: there is no such argument. This tool takes none."; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestARequiredArgumentCannotBeLeftOut(t *testing.T) {
	in := newInput[struct {
		SID string `json:"sid" jsonschema_description:"SID."`
	}](t)
	for _, args := range []string{``, `{}`, `{"sid":""}`, `{"sid":null}`} {
		if _, err := in.Decode(json.RawMessage(args), today); err == nil || !strings.Contains(err.Error(), "sid") {
			t.Errorf("%s: got %v, want a fault of sid, which %s", args, err, in.JSON())
		}
	}
}

// A pointer tells 0 from none.
func TestAPointerTellsZeroFromNone(t *testing.T) {
	in := newInput[struct {
		N *int `json:"n,omitempty" jsonschema:"minimum=0" jsonschema_description:"N."`
	}](t)
	for args, want := range map[string]string{`{}`: "none", `{"n":""}`: "none", `{"n":0}`: "0", `{"n":"7"}`: "7"} {
		value, err := in.Decode(json.RawMessage(args), today)
		got := "none"
		if value.N != nil {
			got = fmt.Sprint(*value.N)
		}
		if err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", args, got, err, want)
		}
	}
}

// A refusal goes to the model: a thousand wrong names must not fill its window.
func TestARefusalOfManyNamesIsShort(t *testing.T) {
	args := map[string]int{}
	for i := range 1000 {
		args[fmt.Sprintf("wrong_%d", i)] = i
	}
	raw, _ := json.Marshal(args)
	_, err := newInput[arguments](t).Decode(raw, today)
	if err == nil || len(err.Error()) > 4000 {
		t.Errorf("the refusal has %d bytes", len(fmt.Sprint(err)))
	}
}

func FuzzDecode(f *testing.F) {
	for _, args := range []string{
		`{"per_page":"20.0","page":1e1,"is_testing":"true","date_from":"2026-11-05"}`,
		`{"group_by":"day, agent","tags":["a,b"," c "],"search":"+1202","status":"no-answer"}`,
		`{"limit":5,"per_page":1e400,"search":"a\nb","tags":[null],"Start-Date":{}}`,
		`{"page":1,"page":2}`, `{"seed":-0.0}`, `[]`, ``, `{"search":"\ud83d\ude00"}`,
	} {
		f.Add([]byte(args))
	}
	in := newInput[arguments](f)
	f.Fuzz(func(t *testing.T, args []byte) {
		value, err := in.Decode(args, today)
		if err == nil {
			again, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			same, err := in.Decode(again, today)
			if diff := cmp.Diff(value, same, cmp.AllowUnexported(arguments{})); err != nil || diff != "" {
				t.Errorf("%q is %s, which is (%v)\n%s", args, again, err, diff)
			}
			return
		}
		faults, ok := err.(schema.Faults)
		if !ok || len(faults) == 0 {
			t.Fatalf("%q: the error is a %T: %v", args, err, err)
		}
		for _, fault := range faults {
			text := schema.Faults{fault}.Error()
			if fault.Problem == "" || len(text) > 600 || !utf8.ValidString(text) {
				t.Errorf("%q: %d bytes of %q", args, len(text), text)
			}
		}
	})
}

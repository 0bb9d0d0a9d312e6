package query

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
)

// given returns filters of which one field alone is set, to a value that it may have.
func given(t *testing.T, f reflect.StructField) Filters {
	t.Helper()
	var filters Filters
	v := reflect.ValueOf(&filters).Elem().FieldByIndex(f.Index)
	texts := map[string]string{
		"status": "failed", "direction": "inbound", "period": "yesterday", "date_from": "2026-10-01",
		"date_to": "2026-10-07",
		"hours":   "9-17", "weekdays": "Tue", "test_calls": "only", "timezone": "Europe/Berlin",
	}
	text := texts[schema.NameOf(f)]
	if text == "" {
		text = "+12025550123"
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int:
		v.SetInt(9)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		v.Elem().SetInt(17)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		v.Index(0).SetString(text)
	default:
		t.Fatalf("%s has a type that no test knows: %s", f.Name, f.Type)
	}
	return filters
}

// A field that is in no row would be taken from the model and leave its calls as they are.
func TestEachFilterNarrowsTheCallsAndIsShown(t *testing.T) {
	now := time.Date(2026, 11, 5, 18, 0, 0, 0, time.UTC)
	narrow := func(f Filters) Narrowed {
		q := &Question{Zone: f.Zone(), Now: now}
		if q.Zone == nil {
			q.Zone = time.UTC
		}
		name := f.Agent // which is found out by asking the API
		f.Agent = ""
		a, err := q.Narrow(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		a.Agent, a.AgentID = name, name
		return a
	}
	none := narrow(Filters{})
	input := schema.NewInput[Filters]()
	var arguments []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Filters]()) {
		argument := schema.NameOf(f)
		arguments = append(arguments, argument)
		one := narrow(given(t, f))
		if reflect.DeepEqual(one.Filter(), none.Filter()) {
			t.Errorf("%s asks for all calls", argument)
		}
		if one.Filters.String()+one.Window.String() == none.Filters.String()+none.Window.String() {
			t.Errorf("no answer shows %s", argument)
		}
		// What next writes is what the tools take.
		raw, err := json.Marshal(one.Filters)
		if err != nil {
			t.Fatal(err)
		}
		again, err := input.Decode(raw, now.Format(time.DateOnly))
		if err != nil || !reflect.DeepEqual(again, one.Filters) {
			t.Errorf("%s: next has %s, which is taken for %+v: %v", argument, raw, again, err)
		}
		if limited := f.Tag.Get("masked") == "number"; limited != (f.Type == reflect.TypeFor[answer.SearchTerm]()) {
			t.Errorf("%s may be asked for digit by digit while numbers are masked: %v", argument, !limited)
		}
	}
	for argument := range filters {
		if !slices.Contains(arguments, argument) {
			t.Errorf("%s has a row and no field", argument)
		}
	}
}

// A group that a filter can tell is told by it.
func TestTheCallsOfAGroupAreFoundByFilters(t *testing.T) {
	nobody := Filters{}
	for by, test := range map[stats.Dimension]struct {
		key  string
		want Filters
	}{
		stats.ByStatus:    {"busy", Filters{Status: []Outcomes{"busy"}}},
		stats.ByDirection: {"outbound", Filters{Direction: "outbound"}},
		stats.ByAgent:     {"Support", Filters{Agent: "Support"}},
		stats.ByDay:       {"2026-11-05", Filters{DateFrom: "2026-11-05", DateTo: "2026-11-05"}},
		stats.ByWeek:      {"2026-11-02", Filters{DateFrom: "2026-11-02", DateTo: "2026-11-08"}},
		stats.ByMonth:     {"2026-02", Filters{DateFrom: "2026-02-01", DateTo: "2026-02-28"}},
		stats.ByWeekday:   {"Sun", Filters{Weekdays: []Weekday{"Sun"}}},
		stats.ByHour:      {"09", Filters{Hours: "9-10"}},
		stats.ByLine:      {"+12025550123", Filters{Line: "+12025550123"}},
		stats.ByCountry:   {"+44", Filters{Contact: "+44"}},
		stats.ByShift:     {"after_hours", Filters{Hours: "after_hours"}},
		stats.ByContact:   {"+12025550123", Filters{Contact: "+12025550123"}},
	} {
		var f Filters
		if !f.Pick(by, test.key) || !reflect.DeepEqual(f, test.want) {
			t.Errorf("%s %s: %+v", by, test.key, f)
		}
	}
	for by, key := range map[stats.Dimension]string{stats.ByLine: "", stats.ByCountry: "other", stats.ByContact: "", stats.ByStatus: "other?"} {
		if f := nobody; f.Pick(by, key) {
			t.Errorf("%s %q: %+v", by, key, f)
		}
	}
}

// Of some days, a week has those alone that are among them.
func TestAWeekIsNarrowedToTheDaysThatAreMeant(t *testing.T) {
	f := Filters{DateFrom: "2026-11-04", DateTo: "2026-11-30"}
	f.Pick(stats.ByWeek, "2026-11-02")
	if f.DateFrom != "2026-11-04" || f.DateTo != "2026-11-08" {
		t.Errorf("%+v", f)
	}
}

// Missed calls of one status came in, whatever the status alone says.
func TestAStatusOfMissedCallsStaysInbound(t *testing.T) {
	f := Filters{Status: []Outcomes{stats.StatusMissed}}
	f.Pick(stats.ByStatus, "busy")
	if f.Direction != "inbound" || !slices.Equal(f.Status, []Outcomes{"busy"}) {
		t.Errorf("%+v", f)
	}
}

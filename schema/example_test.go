package schema_test

import (
	"encoding/json"
	"fmt"

	"github.com/talkover/talkover-mcp/schema"
)

// rooms are the arguments of an invented tool. Each tag says one thing: the name, the
// bounds, the words for a model, and the wrong names that models use.
type rooms struct {
	City   string      `json:"city" jsonschema:"maxLength=40" jsonschema_description:"City, in English." alias:"town,location"`
	Kind   string      `json:"kind,omitempty" jsonschema:"enum=single,enum=double" jsonschema_description:"Kind of room."`
	Guests int         `json:"guests,omitempty" jsonschema:"minimum=1,maximum=4,default=1" jsonschema_description:"How many stay." alias:"people"`
	From   schema.Date `json:"from,omitempty" jsonschema_description:"First night, YYYY-MM-DD."`
	Until  schema.Date `json:"until,omitempty" jsonschema_description:"Day of departure, YYYY-MM-DD."`
}

// Validate implements schema.Validator: what no tag can say, since it takes two fields.
func (r *rooms) Validate() schema.Faults {
	if r.From != "" && r.Until != "" && r.From >= r.Until {
		return []schema.Fault{{Argument: "until", Problem: "it is not after from; swap them"}}
	}
	return nil
}

// A struct becomes the schema that a model reads.
func ExampleNewInput() {
	type search struct {
		City   string `json:"city" jsonschema:"maxLength=40" jsonschema_description:"City, in English."`
		Guests int    `json:"guests,omitempty" jsonschema:"minimum=1,maximum=4" jsonschema_description:"How many stay."`
	}
	in := schema.NewInput[search]()
	var indented any
	_ = json.Unmarshal(in.JSON(), &indented)
	pretty, _ := json.MarshalIndent(indented, "", "  ")
	fmt.Println(string(pretty))
	// Output:
	// {
	//   "additionalProperties": false,
	//   "properties": {
	//     "city": {
	//       "description": "City, in English.",
	//       "maxLength": 40,
	//       "type": "string"
	//     },
	//     "guests": {
	//       "description": "How many stay.",
	//       "maximum": 4,
	//       "minimum": 1,
	//       "type": "integer"
	//     }
	//   },
	//   "required": [
	//     "city"
	//   ],
	//   "type": "object"
	// }
}

// Decode takes what models write for a value, and drops what they write for none.
func ExampleInput_Decode() {
	in := schema.NewInput[rooms]()
	r, err := in.Decode(json.RawMessage(`{"city": " Bern ", "guests": "2", "kind": "", "from": null}`), "2026-11-05")
	fmt.Printf("%+v %v\n", r, err)
	// Output:
	// {City:Bern Kind: Guests:2 From: Until:} <nil>
}

// Decode refuses what it would have to guess, and says everything at once, so that a
// model needs one more try.
func ExampleInput_Decode_faults() {
	in := schema.NewInput[rooms]()
	_, err := in.Decode(json.RawMessage(`{"town": "Bern", "kind": "duoble", "guests": 9, "from": "2026-02-30"}`), "2026-11-05")
	fmt.Println(err)
	_, err = in.Decode(json.RawMessage(`{"city": "Bern", "from": "2026-11-09", "until": "2026-11-08"}`), "2026-11-05")
	fmt.Println(err)
	// Output:
	// city: it is missing, and needed
	// kind: "duoble" is none of single, double; did you mean double?
	// guests: 9 is out of range; give a whole number from 1 to 4
	// from: "2026-02-30" is not a day of the calendar; give YYYY-MM-DD (today is 2026-11-05, UTC)
	// town: there is no such argument; did you mean city? There are: city, kind, guests, from, until.
	// until: it is not after from; swap them
}

// The faults can be taken apart.
func ExampleFaults() {
	in := schema.NewInput[rooms]()
	_, err := in.Decode(json.RawMessage(`{"city": "Bern", "guests": 1.5}`), "2026-11-05")
	for _, fault := range err.(schema.Faults) {
		fmt.Printf("%s | %s\n", fault.Argument, fault.Problem)
	}
	// Output:
	// guests | "1.5" is not a whole number from 1 to 4
}

// Output makes the schema of an answer: closed, and without references.
func ExampleOutput() {
	type room struct {
		Kind  string `json:"kind"`
		Price int    `json:"price" jsonschema_description:"A night, in francs."`
	}
	type answer struct {
		Rooms []room `json:"rooms"`
	}
	out := schema.Output[answer]()
	fmt.Println(string(out))
	// Output:
	// {"properties":{"rooms":{"items":{"properties":{"kind":{"type":"string"},"price":{"type":"integer","description":"A night, in francs."}},"additionalProperties":false,"type":"object","required":["kind","price"]},"type":"array"}},"additionalProperties":false,"type":"object","required":["rooms"]}
}

// A Date is checked against the calendar, and compares as a string.
func ExampleDate() {
	from, until := schema.Date("2026-11-05"), schema.Date("2026-11-30")
	fmt.Println(from < until)
	fmt.Println(until.Time().Sub(from.Time()))
	// Output:
	// true
	// 600h0m0s
}

// A Zone is checked by its name; it is loaded where it is needed.
func ExampleZone_Location() {
	fmt.Println(schema.Zone("Europe/Zurich").Location())
	fmt.Println(schema.Zone("").Location() == nil)
	// Output:
	// Europe/Zurich
	// true
}

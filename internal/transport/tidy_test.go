package transport

import (
	"encoding/json"
	"strings"
	"testing"
)

// PHP has one word for a list and an object without members.
func TestPHPWritesAListForAnEmptyObject(t *testing.T) {
	for given, want := range map[string]string{
		`{"params":[]}`:                          `{"params":{}}`,
		`{"params": [ ] , "id":1}`:               `{"params": {} , "id":1}`,
		`{"params":{"arguments":[],"_meta":[]}}`: `{"params":{"arguments":{},"_meta":{}}}`,
		`{"params":{"capabilities":[]}}`:         `{"params":{"capabilities":{}}}`,
		`{"params":{"capabilities":{"roots":[],"elicitation":{"form":[]},"experimental":[]},"clientInfo":[]}}`: `{"params":{"capabilities":{"roots":{},"elicitation":{"form":{}},"experimental":{}},"clientInfo":{}}}`,
		`{"params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":[]}}}`:                               `{"params":{"_meta":{"io.modelcontextprotocol/clientCapabilities":{}}}}`,
		`{"params":{"context":{"arguments":[]}}}`:                                                              `{"params":{"context":{"arguments":{}}}}`,
		`{"result":[]}`: `{"result":{}}`,
		`{"result":{"action":"accept","content":[]}}`: `{"result":{"action":"accept","content":{}}}`,
		// These are lists.
		`{"params":{"arguments":{"agents":[]}}}`:                    `{"params":{"arguments":{"agents":[]}}}`,
		`{"params":{"arguments":[1]}}`:                              `{"params":{"arguments":[1]}}`,
		`{"params":{"clientInfo":{"icons":[]}}}`:                    `{"params":{"clientInfo":{"icons":[]}}}`,
		`{"params":{"notifications":{"resourceSubscriptions":[]}}}`: `{"params":{"notifications":{"resourceSubscriptions":[]}}}`,
		`[]`: `[]`,
		`{"params":{"arguments":{"search":"\"params\":[]"}},"x":[1]}`: `{"params":{"arguments":{"search":"\"params\":[]"}},"x":[1]}`,
		// What is not JSON stays what is not JSON.
		`{"params":[],`: `{"params":{},`,
		`hello`:         `hello`,
		``:              ``,
	} {
		if got := string(tidied([]byte(given))); got != want {
			t.Errorf("%s is read as\n%s, want\n%s", given, got, want)
		}
	}
}

func TestByteOrderMarkIsDropped(t *testing.T) {
	for _, given := range []string{"\ufeff{}", "\ufeff\ufeff {}\r\n", "\n\ufeff{}", "{}"} {
		if got := string(tidied([]byte(given))); got != "{}" {
			t.Errorf("%q is read as %q", given, got)
		}
	}
}

// An id comes back as the client wrote it, and no two are one.
func TestLargeIDsComeBackUnchanged(t *testing.T) {
	seen := map[any]string{}
	for _, id := range []string{
		"1", "-7", "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740994", "9007199254740995",
		"-9007199254740993", "18446744073709551615", "18446744073709551616", "12345678901234567890", "12345678901234567000",
		"0.1000000000000000055", "0.1000000000000000056", "9007199254740993.5", strings.Repeat("9", 400),
	} {
		message := `{"id":` + id + `,"params":{"requestId":` + id + `,"_meta":{"progressToken":` + id + `}}}`
		read := tidied([]byte(message))
		m := parse(read)
		if other, ok := seen[m.ID]; ok || m.ID == nil || m.Params.RequestID != m.ID {
			t.Errorf("%s is read as %v, as %s is", id, m.ID, other)
		}
		seen[m.ID] = id
		if got := string(restored(read)); got != message {
			t.Errorf("%s comes back as %s", message, got)
		}
		written := ""
		sender(func(line []byte) error { written = string(line); return nil }, nil)(map[string]any{"id": m.ID})
		if written != `{"id":`+id+"}\n" {
			t.Errorf("%s is written as %s", id, written)
		}
	}
}

func FuzzTidied(f *testing.F) {
	f.Add(`{"id":9007199254740993,"params":[],"result":{"a":[ ]}}`)
	f.Add(`[{"id":12345678901234567890,"params":{"_meta":[]}},[],7]`)
	f.Add("\ufeff" + `{"a":"\ud800","a":1}`)
	f.Fuzz(func(t *testing.T, message string) {
		got := tidied([]byte(message))
		if json.Valid([]byte(message)) && !json.Valid(got) {
			t.Errorf("%q is read as %q", message, got)
		}
		if again := tidied(restored(got)); string(again) != string(got) {
			t.Errorf("%q is read as %q, and again as %q", message, got, again)
		}
	})
}

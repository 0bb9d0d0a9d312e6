// https://github.com/mark3labs/mcp-go/issues/592: mcp-go v1.2.1 reads each number as a float64, and takes no [] for {}.

package transport

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"path"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/mark3labs/mcp-go/mcp"
)

// tidied returns a message of a client as mcp-go can read it. It drops a byte order
// mark, which Windows programs write before the first line. It writes {} for the [] that PHP
// writes for an object without members. It writes an id that a float64 may not hold as a
// text, which [restored] makes a number again. What is not JSON stays what is not JSON.
func tidied(b []byte) (out []byte) {
	b = bytes.Trim(b, "\ufeff \t\r\n")
	d := jsontext.NewDecoder(bytes.NewBuffer(b), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	copied := int64(0)
	for token, err := d.ReadToken(); err == nil; token, err = d.ReadToken() {
		start, better := d.InputOffset(), ""
		switch kind := token.Kind(); {
		case kind == '[' && d.PeekKind() == ']' && isObject(string(d.StackPointer())):
			_, _ = d.ReadToken() // its end, which was seen
			start, better = start-1, "{}"
		case kind == '0' && len(token.String()) > exactDigits && isRequestName(string(d.StackPointer())):
			number := token.String()
			start, better = start-int64(len(number)), `"`+numberMark+number+`"`
		default:
			continue
		}
		out = append(append(out, b[copied:start]...), better...)
		copied = d.InputOffset()
	}
	return append(out, b[copied:]...)
}

// exactDigits is how many digits of any number a float64 holds.
const exactDigits = 15

// isObject reports whether an empty list at a place of a message means an object. What a
// client sends holds no lists, but for two of MCP's, and those among the arguments of a
// tool, which the tool reads itself.
func isObject(at string) bool {
	name := path.Base(at)
	return at != "" && name != "icons" && name != "resourceSubscriptions" &&
		!strings.HasPrefix(at, "/params/arguments/")
}

// isRequestName reports whether a place of a message holds what a client knows a request by.
func isRequestName(at string) bool {
	return at == "/id" || at == "/params/requestId" || at == "/params/_meta/progressToken"
}

// numberMark begins each text that stands for a number. It is random, so that no client
// can write one.
var numberMark = "number-" + rand.Text() + "-"

var markedNumber = regexp.MustCompile(`"` + numberMark + `([^"]*)"`)

// restored returns a message to a client with the numbers that [tidied] has taken out.
func restored(b []byte) []byte { return markedNumber.ReplaceAll(b, []byte("$1")) }

// refusedBatch answers each request of a batch, which MCP had in 2025-03-26 alone. One
// without a request has one answer, with the id null. It is nil for what is not a batch.
func refusedBatch(b []byte) (answers []mcp.JSONRPCMessage) {
	var batch []json.RawMessage
	if json.Unmarshal(b, &batch) != nil || batch == nil {
		return nil
	}
	ids := []any{}
	for _, b := range batch {
		if m := parse(tidied(b)); m.isRequest() && isID(m.ID) {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		ids = append(ids, nil)
	}
	for _, id := range ids {
		answers = append(answers, mcp.NewJSONRPCError(mcp.NewRequestId(id), mcp.INVALID_REQUEST,
			"batches are not supported; send one message at a time", nil))
	}
	return answers
}

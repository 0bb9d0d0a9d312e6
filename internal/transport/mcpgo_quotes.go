// https://github.com/mark3labs/mcp-go has no issue of it: errors of mcp-go v1.2.1 quote a message at any length.

package transport

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/mark3labs/mcp-go/mcp"
)

// Bounds on what errors of mcp-go quote of a message, in bytes.
const (
	maxWord = 128     // of a method, a name or a version
	maxURI  = 1 << 10 // of an address
)

// no answers a message with an error. It repeats no id that is none.
func (m message) no(code int, why string) mcp.JSONRPCMessage {
	id := m.ID
	if !isID(id) {
		id = nil
	}
	return mcp.NewJSONRPCError(mcp.NewRequestId(id), code, why, nil)
}

// refusal answers a message that is not to be passed on: one that an error would quote at
// length, or with characters that nobody sees. It is nil for others.
func (m message) refusal() mcp.JSONRPCMessage {
	if token := m.Params.Meta.Token; m.ID != nil && !isID(m.ID) || token != nil && !isID(token) {
		return m.no(mcp.INVALID_REQUEST, fmt.Sprintf("an id and a progressToken are a string or a number, of at "+
			"most %d bytes", mostID))
	}
	for _, quoted := range []struct {
		what  string
		value any
		most  int
		code  int
	}{
		{"a method", string(m.Method), maxWord, mcp.METHOD_NOT_FOUND},
		{"a name", m.Params.Name, maxWord, mcp.INVALID_PARAMS},
		{"an address", m.Params.URI, maxURI, mcp.INVALID_PARAMS},
		{"a protocol version", m.Params.Meta.Version, maxWord, mcp.INVALID_PARAMS},
	} {
		if text, ok := quoted.value.(string); ok && !isShown(text, quoted.most) {
			return m.no(quoted.code, fmt.Sprintf("%s has at most %d bytes, and none that are invisible",
				quoted.what, quoted.most))
		}
	}
	return nil
}

// isShown reports whether a text is short, and shows all that it holds.
func isShown(s string, most int) bool {
	return len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

package calls

import (
	"encoding/hex"
	"strings"
)

// ident is an id or a SID in 19 bytes: those of real calls, and short ones, whole; of any
// other the number of a text. The zero value is none. Equal texts of an account have equal
// idents.
type ident struct {
	form  identForm
	two   [2]byte  // the letters before the digits
	bytes [16]byte // of 32 hexadecimal digits; or as many as the form says; or a number
}

// identForm says what an ident holds: up to shortest a text of so many bytes.
type identForm uint8

const (
	shortest identForm = 16 + iota
	isUUID             // in small letters
	isSID              // two letters and 32 digits, as those of the telephony provider
	isText             // the number of a text
)

// ident packs an id. The caller holds w.mu.
func (w *writer) ident(s string) (id ident) {
	switch {
	case len(s) <= int(shortest):
		id.form = identForm(len(s))
		copy(id.bytes[:], s)
		return id
	case len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-':
		id.form = isUUID
		if unhex(id.bytes[:], s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]) {
			return id
		}
	case len(s) == 34:
		id.form = isSID
		copy(id.two[:], s)
		if unhex(id.bytes[:], s[2:]) {
			return id
		}
	}
	n, ok := w.texts[s]
	if !ok {
		s = strings.Clone(s)
		n = number(w.texts, &w.tables.texts, s, s)
	}
	return ident{form: isText, bytes: [16]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}}
}

// unhex reads hexadecimal digits in small letters.
func unhex(into []byte, digits string) bool {
	n, err := hex.Decode(into, []byte(digits))
	return err == nil && n == len(into) && digits == strings.ToLower(digits)
}

// text unpacks an id.
func (t *Tables) text(id ident) string {
	switch id.form {
	case isUUID:
		h := hex.EncodeToString(id.bytes[:])
		return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
	case isSID:
		return string(id.two[:]) + hex.EncodeToString(id.bytes[:])
	case isText:
		b := id.bytes
		return t.texts[uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24]
	}
	return string(id.bytes[:id.form])
}

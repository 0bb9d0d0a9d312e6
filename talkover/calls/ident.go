package calls

import "strings"

// ident is an id or a SID in 20 bytes: up to 32 of its hexadecimal digits, and the number of the
// text around them. So the ids of an account that have one form, such as UUIDs, share that text.
// The zero value is that of an empty id. Equal ids of an account have equal idents.
type ident struct {
	around uint32   // of Tables.texts, in which a gap stands for each digit
	digits [16]byte // two in a byte
}

const (
	hexDigits = "0123456789abcdef"
	gap       = 0xff // which no text has
)

// ident packs an id.
func (w *writer) ident(s string) (id ident) {
	around, n := []byte(s), 0
	for i, b := range around {
		if d := strings.IndexByte(hexDigits, b); d >= 0 && n < 2*len(id.digits) {
			id.digits[n/2] |= byte(d) << (n % 2 * 4)
			around[i] = gap
			n++
		}
	}
	text := string(around)
	id.around = number(w.texts, &w.tables.texts, text, text)
	return id
}

// text unpacks an id.
func (t *Tables) text(id ident) string {
	text, n := []byte(t.texts[id.around]), 0
	for i, b := range text {
		if b == gap {
			text[i] = hexDigits[id.digits[n/2]>>(n%2*4)&0xf]
			n++
		}
	}
	return string(text)
}

package cache

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// version is that of sealed days. Days of another version are not read.
const version = "3"

// keys of one account, all made from its token: to know the token is to have them.
type keys struct {
	account string // its name, which tells nothing of the token
	days    []byte // names days
	seals   cipher.AEAD
}

// deriveKeys makes the keys of an account at a base URL, one for each purpose. key
// derives a secret from its token; see [talkover.Secret.Key].
func deriveKeys(key func(purpose string) []byte, baseURL string) keys {
	derive := func(purpose string) []byte { return key("cache " + version + " " + purpose + " " + baseURL) }
	block, err := aes.NewCipher(derive("seal"))
	if err != nil {
		panic(err) // only of a key of another length than 32 bytes
	}
	seals, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return keys{hex.EncodeToString(derive("account")[:16]), derive("day"), seals}
}

// dayName names a day so that who has no token cannot tell which it is.
func (k keys) dayName(d Date) string { return k.name(d.String()) }

// noteName names a note about a day likewise.
func (k keys) noteName(kind string, d Date) string { return k.name(kind + " " + d.String()) }

func (k keys) name(what string) string {
	h := hmac.New(sha256.New, k.days)
	h.Write([]byte(what))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// bound is what a sealed day is bound to besides its key.
func (k keys) bound(d Date) []byte {
	return []byte(version + "\n" + k.account + "\n" + d.String())
}

// seal encrypts a day, its times inside.
func (k keys) seal(d *Day) []byte {
	plain := d.Calls.appendTo(appendTimes(nil, d.ReadAt, d.Renewed))
	return k.seals.Seal(nil, nil, plain, k.bound(d.Date))
}

// open decrypts a day. It fails for one of another token, day or version, and for
// any changed byte.
func (k keys) open(d Date, sealed []byte) (*Day, error) {
	plain, err := k.seals.Open(nil, nil, sealed, k.bound(d))
	if err != nil {
		return nil, fmt.Errorf("cache: %s: %w", d, err)
	}
	if len(plain) < 16 {
		return nil, errShort
	}
	c, err := readColumns(plain[16:])
	if err != nil {
		return nil, fmt.Errorf("cache: %s: %w", d, err)
	}
	return &Day{Date: d, Calls: c, ReadAt: timeAt(plain), Renewed: timeAt(plain[8:])}, nil
}

// appendTimes writes moments in microseconds.
func appendTimes(to []byte, all ...time.Time) []byte {
	for _, t := range all {
		to = binary.LittleEndian.AppendUint64(to, uint64(t.UnixMicro()))
	}
	return to
}

// timeAt reads a moment that appendTimes wrote.
func timeAt(b []byte) time.Time { return time.UnixMicro(int64(binary.LittleEndian.Uint64(b))).UTC() }

// sealNote encrypts a note about a day.
func (k keys) sealNote(kind string, d Date, plain []byte) []byte {
	return k.seals.Seal(nil, nil, plain, append(k.bound(d), "\n"+kind...))
}

// openNote decrypts a note. It fails for one of another token, kind, day or version, and
// for any changed byte.
func (k keys) openNote(kind string, d Date, sealed []byte) ([]byte, error) {
	plain, err := k.seals.Open(nil, nil, sealed, append(k.bound(d), "\n"+kind...))
	if err != nil {
		return nil, fmt.Errorf("cache: %s of %s: %w", kind, d, err)
	}
	return plain, nil
}

var errShort = errors.New("cache: the day ends too early")

// appendTo writes the columns behind what there is.
func (c *Columns) appendTo(to []byte) []byte {
	list := func(texts ...string) {
		to = binary.AppendUvarint(to, uint64(len(texts)))
		for _, s := range texts {
			to = binary.AppendUvarint(to, uint64(len(s)))
			to = append(to, s...)
		}
	}
	var agents, lines []string
	for _, a := range c.agents {
		agents = append(agents, a.ID, a.Name, a.Label)
	}
	for _, l := range c.lines {
		lines = append(lines, l.plain, l.formatted)
	}
	list(c.statuses...)
	list(c.directions...)
	list(agents...)
	list(lines...)
	list(c.forms...)
	list(c.prefixes...)
	list(c.texts...)
	list(c.kinds)
	for _, chunk := range c.rows {
		to = append(to, chunk...)
	}
	return to
}

// readColumns reads what appendTo wrote. The bytes were authenticated, so what is
// checked here is only that no index leads nowhere.
func readColumns(b []byte) (*Columns, error) {
	short := false
	number := func() int {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)) {
			short = true
			return 0
		}
		b = b[size:]
		return int(n)
	}
	list := func() []string {
		texts := make([]string, 0, min(number(), len(b)))
		for range cap(texts) {
			n := number()
			if short || n > len(b) {
				short = true
				return nil
			}
			texts = append(texts, string(b[:n]))
			b = b[n:]
		}
		return texts
	}
	c := &Columns{}
	c.statuses, c.directions = list(), list()
	agents, lines := list(), list()
	c.forms, c.prefixes, c.texts = list(), list(), list()
	c.kinds = strings.Join(list(), "")
	if short || len(agents)%3 != 0 || len(lines)%2 != 0 || len(b)%width != 0 {
		return nil, errShort
	}
	for i := 0; i < len(agents); i += 3 {
		c.agents = append(c.agents, talkover.Agent{ID: agents[i], Name: agents[i+1], Label: agents[i+2]})
	}
	for i := 0; i < len(lines); i += 2 {
		c.lines = append(c.lines, phone{lines[i], lines[i+1]})
	}
	for rows := range slices.Chunk(b, chunkRows*width) {
		c.rows = append(c.rows, bytes.Clone(rows))
	}
	for r := range c.Rows() {
		if 2*int(r.b[atKind])+1 >= len(c.kinds) || r.Status() >= len(c.statuses) || r.Direction() >= len(c.directions) || r.Agent() >= len(c.agents) ||
			r.Line() >= len(c.lines) || int(binary.LittleEndian.Uint16(r.b[atForm:])) >= len(c.forms) {
			return nil, errShort
		}
		k, packed := r.ContactKey()
		flags := r.b[atFlags]
		if !packed && k&^textBit >= uint64(len(c.texts)) ||
			flags&updatedFar != 0 && int(binary.LittleEndian.Uint32(r.b[atUpdated:])) >= len(c.texts) ||
			flags&sidIsText == 0 && int(r.b[atSID]) >= len(c.prefixes) ||
			flags&idIsText != 0 && int(binary.LittleEndian.Uint32(r.b[atID:])) >= len(c.texts) ||
			flags&sidIsText != 0 && int(binary.LittleEndian.Uint32(r.b[atSID:])) >= len(c.texts) {
			return nil, errShort
		}
	}
	c.gather()
	return c, nil
}

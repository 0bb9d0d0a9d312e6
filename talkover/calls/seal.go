package calls

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// keys are those of an account, made from its token, so that a token tells what was kept with it,
// and nothing else does.
type keys struct {
	account string      // names it in a store
	names   []byte      // makes names of readings
	seals   cipher.AEAD // with a nonce of its own in front of each text
}

// newKeys makes the keys of the account of an API, at a base URL.
func newKeys(api API, baseURL string) keys {
	derive := func(purpose string) []byte { return api.Key("calls 2 " + purpose + " " + baseURL) }
	block, err := aes.NewCipher(derive("seal"))
	if err != nil {
		panic(err) // keys have 32 bytes
	}
	seals, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return keys{hex.EncodeToString(derive("account")[:16]), derive("name"), seals}
}

// name names a reading in a store.
func (k keys) name(a asked) string {
	h := hmac.New(sha256.New, k.names)
	fmt.Fprint(h, a.from, a.to)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// seal encrypts a value, which opens by the same name alone.
func (k keys) seal(name string, value any) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := gob.NewEncoder(z).Encode(value); err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	return k.seals.Seal(nil, nil, b.Bytes(), []byte(k.account+name)), nil
}

// mostBytes bounds a value that is opened.
const mostBytes = 1 << 30

// open decrypts a value.
func (k keys) open(name string, sealed []byte, value any) error {
	b, err := k.seals.Open(nil, nil, sealed, []byte(k.account+name))
	if err != nil {
		return fmt.Errorf("calls: it was changed, or is not of this token: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("calls: %w", err)
	}
	if err := gob.NewDecoder(io.LimitReader(z, mostBytes)).Decode(value); err != nil {
		return fmt.Errorf("calls: %w", err)
	}
	return nil
}

// each opens all that a store has of the account, but for what somebody has; bytes are those of
// the sealed text.
func (k keys) each(ctx context.Context, s Store, have map[string]bool, use func(bytes int, k kept)) error {
	names, err := s.Names(ctx, k.account)
	for _, name := range names {
		if have[name] {
			continue
		}
		sealed, problem := s.Get(ctx, k.account, name)
		var all []kept
		if sealed != nil && problem == nil {
			problem = k.open(name, sealed, &all)
		}
		for _, one := range all {
			use(len(sealed), one)
		}
		err = errors.Join(err, problem)
	}
	return err
}

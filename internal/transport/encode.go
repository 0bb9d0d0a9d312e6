package transport

import "encoding/json"

// encode writes a message as JSON, with a line break behind it, and hands it to use.
func encode(message any, use func(line []byte)) error {
	b, err := json.Marshal(message)
	if err == nil {
		use(restored(append(b, '\n')))
	}
	return err
}

package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Encode writes a response or request structure as JSON. Unlike json.Marshal
// it leaves <, > and & alone: nothing here ends up inside HTML, and scripts
// compare the text of answers.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("cannot encode %T: %w", v, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

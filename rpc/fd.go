package rpc

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

// An FD is a parameter that points to a descriptor sent with the message:
// {"fd": 0} is the first one. Take it with Call.TakeFD.
type FD struct {
	Index int
}

// MarshalJSON gives {"fd": N}.
func (f FD) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, `{"fd":%d}`, f.Index), nil
}

// UnmarshalJSON takes exactly {"fd": N}, N not negative.
func (f *FD) UnmarshalJSON(text []byte) error {
	if text[0] != '{' {
		return fmt.Errorf(`it must be {"fd": N}, not %s`, kindOf(text))
	}
	index := -1
	err := members(text, func(key string, value []byte) error {
		n, err := strconv.Atoi(string(value))
		if key != "fd" || err != nil || n < 0 {
			return fmt.Errorf(`it must be {"fd": N}, the index of a descriptor that came along`)
		}
		index = n
		return nil
	})
	if err == nil && index < 0 {
		err = fmt.Errorf(`it must be {"fd": N}`)
	}
	f.Index = index
	return err
}

// JSONSchema describes an FD for the OpenRPC document.
func (FD) JSONSchema() any {
	return json.RawMessage(`{"type":"object","description":"Points to a descriptor that came with the message.",` +
		`"properties":{"fd":{"type":"integer","minimum":0}},"required":["fd"],"additionalProperties":false}`)
}

// closeAll closes descriptors that nobody wants. What close(2) says is of no
// use here: they are only read from, and by others.
func closeAll(fds []*os.File) {
	for _, f := range fds {
		if f != nil {
			_ = f.Close()
		}
	}
}

package rpc

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// A List is an array of Ts as a result that is encoded already: who lists
// thousands can encode each once and send it many times. In the OpenRPC document
// it is what []T is. The zero value is an empty list.
type List[T any] struct {
	parts [][]byte
	size  int // of all parts
}

// ready is implemented by results that are sent as they are.
type ready interface {
	ready() json.RawMessage
	element() reflect.Type
}

// Add adds a T that is encoded already, to be valid JSON without line breaks. It
// is kept as it is, and nobody may change it any more.
func (l *List[T]) Add(encoded []byte) {
	l.parts = append(l.parts, encoded)
	l.size += len(encoded)
}

func (l List[T]) ready() json.RawMessage {
	text := make([]byte, 0, l.size+len(l.parts)+len("[]"))
	text = append(text, '[')
	for i, part := range l.parts {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, part...)
	}
	return append(text, ']')
}

func (List[T]) element() reflect.Type { return reflect.TypeFor[T]() }

// MarshalJSON gives the array.
func (l List[T]) MarshalJSON() ([]byte, error) { return l.ready(), nil }

// Decode gives the list as Ts; it is never nil.
func (l List[T]) Decode() ([]T, error) {
	all := []T{}
	if err := json.Unmarshal(l.ready(), &all); err != nil {
		return nil, fmt.Errorf("decode a list: %w", err)
	}
	return all, nil
}

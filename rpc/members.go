package rpc

import (
	"bytes"
	"slices"
)

// A keySet notices a key that comes a second time. Most objects have few keys,
// so the first ones are compared one by one and need no map.
type keySet struct {
	few  [8]string
	n    int
	many map[string]struct{}
}

// add reports whether the key, as it is written, was there before. "a" and
// "\u0061" are the same key.
func (k *keySet) add(quoted []byte) bool {
	key := string(quoted[1 : len(quoted)-1])
	if bytes.IndexByte(quoted, '\\') >= 0 {
		key = unquote(quoted)
	}
	if slices.Contains(k.few[:k.n], key) {
		return true
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return false
	}
	if _, seen := k.many[key]; seen {
		return true
	}
	if k.many == nil {
		k.many = map[string]struct{}{}
	}
	k.many[key] = struct{}{}
	return false
}

// members calls each for every member of an object that scan has accepted, in
// order, with the value as it is written.
func members(object []byte, each func(key string, value []byte) error) error {
	s := &scanner{text: object, depth: len(object)}
	s.at++
	s.space()
	for s.next() == '"' {
		key, err := s.key()
		if err != nil {
			return err
		}
		from := s.at
		if err := s.value(1); err != nil {
			return err
		}
		if err := each(unquote(key), object[from:s.at]); err != nil {
			return err
		}
		s.separator()
	}
	return nil
}

// elements does the same for an array.
func elements(array []byte, each func(i int, value []byte) error) error {
	s := &scanner{text: array, depth: len(array)}
	s.at++
	s.space()
	for i := 0; s.next() != ']'; i++ {
		from := s.at
		if err := s.value(1); err != nil {
			return err
		}
		if err := each(i, array[from:s.at]); err != nil {
			return err
		}
		s.separator()
	}
	return nil
}

// separator steps over a comma and the space around it.
func (s *scanner) separator() {
	s.space()
	if s.next() == ',' {
		s.at++
		s.space()
	}
}

// kindOf names the kind of a JSON value for a message.
func kindOf(value []byte) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a truth value"
	case 'n':
		return "null"
	}
	return "a number"
}

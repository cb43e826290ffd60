package rpc

import (
	"fmt"
	"unicode/utf8"
)

// A scanner walks JSON text (RFC 8259) without building anything from it. It
// exists because encoding/json accepts what must be refused here: keys that
// come twice, text that is not UTF-8, and nesting up to its own limit.
type scanner struct {
	text  []byte
	at    int
	depth int // how deep objects and arrays may nest

	names bool   // look for keys that come twice
	twice string // such a key, one of the outermost object if there is one
	level int    // the nesting level of that key, 1 is the outermost object; 0: none
}

// scan checks that text is exactly one JSON value. It returns where the value
// breaks the grammar, and the scanner with what it found.
func scan(text []byte, depth int) (*scanner, error) {
	s := &scanner{text: text, depth: depth, names: true}
	if !utf8.Valid(text) {
		return s, fmt.Errorf("it is not UTF-8")
	}
	s.space()
	if err := s.value(1); err != nil {
		return s, err
	}
	s.space()
	if s.at != len(text) {
		return s, s.bad("one JSON value and nothing behind it")
	}
	return s, nil
}

// A tooDeep is the one finding of a scan that is no breach of the grammar.
type tooDeep int

func (d tooDeep) Error() string {
	return fmt.Sprintf("it nests deeper than %d levels", int(d))
}

func (s *scanner) bad(want string) error {
	return fmt.Errorf("byte %d should be %s", s.at, want)
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) next() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0 // no JSON text has it outside a string, nor inside one
}

func (s *scanner) value(level int) error {
	switch c := s.next(); {
	case c == '{' || c == '[':
		if level > s.depth {
			return tooDeep(s.depth)
		}
		if c == '{' {
			return s.object(level)
		}
		return s.array(level)
	case c == '"':
		return s.str()
	case c == '-' || digit(c):
		return s.number()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.bad("the start of a value")
}

func (s *scanner) object(level int) error {
	var seen keySet
	s.at++
	s.space()
	if s.next() == '}' {
		s.at++
		return nil
	}
	for {
		key, err := s.key()
		if err != nil {
			return err
		}
		if s.names && s.level != 1 && seen.add(key) {
			s.twice, s.level = unquote(key), level
		}
		if err := s.value(level + 1); err != nil {
			return err
		}
		s.space()
		switch s.next() {
		case ',':
			s.at++
			s.space()
		case '}':
			s.at++
			return nil
		default:
			return s.bad("a comma or the end of the object")
		}
	}
}

// key reads a key and its colon, up to the value, and returns the key as it is
// written, with its quotes.
func (s *scanner) key() ([]byte, error) {
	if s.next() != '"' {
		return nil, s.bad("a key in double quotes")
	}
	from := s.at
	if err := s.str(); err != nil {
		return nil, err
	}
	key := s.text[from:s.at]
	s.space()
	if s.next() != ':' {
		return nil, s.bad("a colon")
	}
	s.at++
	s.space()
	return key, nil
}

func (s *scanner) array(level int) error {
	s.at++
	s.space()
	if s.next() == ']' {
		s.at++
		return nil
	}
	for {
		if err := s.value(level + 1); err != nil {
			return err
		}
		s.space()
		switch s.next() {
		case ',':
			s.at++
			s.space()
		case ']':
			s.at++
			return nil
		default:
			return s.bad("a comma or the end of the array")
		}
	}
}

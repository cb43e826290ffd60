package rpc

import (
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"
)

func (s *scanner) str() error {
	s.at++
	for {
		switch c := s.next(); {
		case c == '"':
			s.at++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < ' ':
			return s.bad("the rest of a string, with control characters escaped")
		default:
			s.at++
		}
	}
}

func (s *scanner) escape() error {
	s.at++
	switch s.next() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return nil
	case 'u':
		return s.unicode()
	}
	return s.bad("a character that can be escaped")
}

// unicode reads \uXXXX, and the second half where the first is a surrogate.
// Half a pair stands for no character; encoding/json would put U+FFFD there.
func (s *scanner) unicode() error {
	first, err := s.hex()
	if err != nil || !utf16.IsSurrogate(first) {
		return err
	}
	if s.next() == '\\' {
		s.at++
		if s.next() == 'u' {
			second, err := s.hex()
			if err != nil || utf16.DecodeRune(first, second) != utf8.RuneError {
				return err
			}
		}
	}
	return s.bad("the second half of a surrogate pair")
}

func (s *scanner) hex() (rune, error) {
	s.at++
	var r rune
	for range 4 {
		c := s.next()
		switch {
		case digit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, s.bad("one of four hexadecimal digits")
		}
		s.at++
	}
	return r, nil
}

func (s *scanner) number() error {
	if s.next() == '-' {
		s.at++
	}
	if s.next() == '0' {
		s.at++
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.next() == '.' {
		s.at++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if s.next()|0x20 == 'e' {
		s.at++
		if c := s.next(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return nil
}

func (s *scanner) digits() error {
	if !digit(s.next()) {
		return s.bad("a digit")
	}
	for digit(s.next()) {
		s.at++
	}
	return nil
}

func (s *scanner) word(w string) error {
	if len(s.text)-s.at < len(w) || string(s.text[s.at:s.at+len(w)]) != w {
		return s.bad("the start of a value")
	}
	s.at += len(w)
	return nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// unquote decodes a string that the scanner has seen.
func unquote(quoted []byte) string {
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil {
		return ""
	}
	return text
}

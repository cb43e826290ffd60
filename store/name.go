package store

import (
	"fmt"
	"io/fs"
	"regexp"
)

var (
	// nameGrammar can't begin with a dot: no record is ever taken for a temporary
	// file of ours or an editor's. 63 bytes and an extension fit any file system.
	nameGrammar = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)
	kindGrammar = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
	tempGrammar = regexp.MustCompile(`^\.tmp-[0-9a-f]{16}$`)
)

// CheckName returns an error with fs.ErrInvalid in its chain unless name is
// 1 to 63 letters, digits, '.', '_' and '-', of which the first is a letter or
// digit. Names are compared exactly.
func CheckName(name string) error {
	if !nameGrammar.MatchString(name) {
		return fmt.Errorf("the name %.80q has a form that no record can have: %w", name, fs.ErrInvalid)
	}
	return nil
}

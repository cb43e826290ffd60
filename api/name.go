package api

import "fmt"

// MaxName is the length in bytes of the longest name of an object.
const MaxName = 63

// CheckName returns nil when name can name an object: one letter or digit,
// then up to 62 of [A-Za-z0-9._-]. The failure is a sentence's second half.
func CheckName(name string) error {
	if name == "" {
		return fmt.Errorf("the name is empty")
	}
	if len(name) > MaxName {
		return fmt.Errorf("the name has %d bytes, %d are allowed", len(name), MaxName)
	}
	for i, c := range name { // whole characters, so that the one at fault is shown as it is
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if alnum || i > 0 && (c == '.' || c == '_' || c == '-') {
			continue
		}
		return fmt.Errorf("the name %q has the character %q at position %d; letters, digits and, behind the first, '.', '_' and '-' are allowed",
			name, c, i+1)
	}
	return nil
}

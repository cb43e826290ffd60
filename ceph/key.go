package ceph

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"spliced/block"
)

// key is the key by which we are known to the cluster, "" where it asks for
// none. librados doesn't give it away, so it is looked for where librados found
// it: in the options key, keyfile and keyring, in this order (KeyRing::
// from_ceph_context in Ceph's src/auth/KeyRing.cc).
func (p *Pool) key() (block.Secret, error) {
	methods, err := p.conn.GetConfigOption("auth_client_required")
	if err != nil {
		return "", fmt.Errorf("cannot ask for the option auth_client_required: %w", cause(err))
	}
	if !strings.Contains(methods, "cephx") {
		return "", nil
	}
	if key, err := p.conn.GetConfigOption("key"); err == nil && key != "" {
		return block.Secret(key), nil
	}
	if path, err := p.conn.GetConfigOption("keyfile"); err == nil && path != "" {
		text, err := os.ReadFile(path) //nolint:gosec // a path of ceph.conf
		if err != nil {
			return "", fmt.Errorf("cannot read the user's key: %w", err)
		}
		return block.Secret(bytes.TrimSpace(text)), nil
	}
	paths, err := p.conn.GetConfigOption("keyring")
	if err != nil {
		return "", fmt.Errorf("cannot ask for the option keyring: %w", cause(err))
	}
	return keyIn(paths, "client."+p.user)
}

// keyIn looks for an entity's key in the first keyring of the list that is
// there: librados looks at no other.
func keyIn(paths, entity string) (block.Secret, error) {
	for _, path := range strings.FieldsFunc(paths, func(r rune) bool { return strings.ContainsRune(",; \t", r) }) {
		text, err := os.ReadFile(path) //nolint:gosec // a path of ceph.conf
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("cannot read the keyring: %w", err)
		}
		if key := keyOf(text, entity); key != "" {
			return key, nil
		}
		return "", fmt.Errorf("the keyring %s has no key of %s", path, entity)
	}
	return "", fmt.Errorf("none of the keyrings is there: %s", paths)
}

// keyOf reads a keyring: sections of entities, with lines "key = value".
func keyOf(keyring []byte, entity string) (key block.Secret) {
	section := ""
	lines := bufio.NewScanner(bytes.NewReader(keyring))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
		}
		name, value, found := strings.Cut(line, "=")
		if found && section == entity && strings.TrimSpace(name) == "key" {
			key = block.Secret(strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
	return key
}

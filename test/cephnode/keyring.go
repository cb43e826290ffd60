package cephnode

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// User is the client that pools are used as: its key has the profile rbd and
// nothing else, as an operator would make it.
const User = "spliced"

// An entity is somebody with a key.
type entity struct {
	name string
	caps [][2]string // service and what may be done there
}

// entities are all that a node has. The monitor takes the whole keyring when
// it is made, so that nothing has to be asked of it later.
func entities() []entity {
	return []entity{
		{"mon.", [][2]string{{"mon", "allow *"}}},
		{"client.admin", [][2]string{{"mon", "allow *"}, {"mgr", "allow *"}, {"osd", "allow *"}, {"mds", "allow *"}}},
		{"mgr.x", [][2]string{{"mon", "allow profile mgr"}, {"osd", "allow *"}, {"mds", "allow *"}}},
		{"osd.0", [][2]string{{"mon", "allow profile osd"}, {"mgr", "allow profile osd"}, {"osd", "allow *"}}},
		{"client." + User, [][2]string{{"mon", "profile rbd"}, {"mgr", "profile rbd"}, {"osd", "profile rbd"}}},
	}
}

// keyring writes a keyring with new keys for all entities.
func keyring() string {
	var b strings.Builder
	for _, e := range entities() {
		fmt.Fprintf(&b, "[%s]\n\tkey = %s\n", e.name, newKey())
		for _, c := range e.caps {
			fmt.Fprintf(&b, "\tcaps %s = %q\n", c[0], c[1])
		}
	}
	return b.String()
}

// newKey makes a key in the form that Ceph prints them: base64 of the type
// (1: AES-128), the time it was made, the length and the key itself, all
// little-endian (CryptoKey::encode in Ceph's src/auth/Crypto.cc).
func newKey() string {
	const aes, size = 1, 16
	key := make([]byte, size)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	raw := binary.LittleEndian.AppendUint16(nil, aes)
	raw = binary.LittleEndian.AppendUint64(raw, 1) // seconds and nanoseconds
	raw = binary.LittleEndian.AppendUint16(raw, size)
	return base64.StdEncoding.EncodeToString(append(raw, key...))
}

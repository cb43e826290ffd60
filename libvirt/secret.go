package libvirt

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"

	remote "github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"
)

// A Secret is the key of a user of Ceph, which definitions name by its UUID.
type Secret struct {
	UUID  string
	Usage string // what it is for, in words; no two secrets have the same
	Key   []byte // base64, as in a keyring
}

// EnsureSecret sees to it that libvirt has the secret, kept on disk and given to
// none but QEMU. One that is there under the UUID with another usage is somebody
// else's, and stays as it is; one with the same gets the key again, in case that
// was cut off. fs.ErrExist when another UUID has the usage.
func (h *Host) EnsureSecret(ctx context.Context, s Secret) error {
	err := h.ensure(ctx, s)
	if err != nil {
		return fmt.Errorf("cannot give libvirt the secret %q: %w", s.Usage, err)
	}
	return nil
}

func (h *Host) ensure(ctx context.Context, s Secret) error {
	id, err := uuid.Parse(s.UUID)
	if err != nil {
		return err
	}
	key, err := base64.StdEncoding.AppendDecode(nil, s.Key)
	if err != nil {
		return errors.New("the key is not in base64") // and stays out of the message
	}
	definition, err := s.definition()
	if err != nil {
		return err
	}
	there, err := h.secret(ctx, remote.UUID(id))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		there, err = h.defineSecret(ctx, s, definition)
	case err == nil && there.UsageID != s.Usage:
		return nil
	}
	if err != nil {
		return err
	}
	return h.do(ctx, func() error { return h.remote.SecretSetValue(there, key, 0) })
}

// secret looks for a secret: fs.ErrNotExist.
func (h *Host) secret(ctx context.Context, id remote.UUID) (there remote.Secret, err error) {
	err = h.do(ctx, func() error {
		there, err = h.remote.SecretLookupByUUID(id)
		return err
	})
	return there, err
}

func (h *Host) defineSecret(ctx context.Context, s Secret, definition string) (made remote.Secret, err error) {
	err = h.do(ctx, func() error {
		made, err = h.remote.SecretLookupByUsage(int32(remote.SecretUsageTypeCeph), s.Usage)
		return err
	})
	switch {
	case err == nil:
		return made, fmt.Errorf("the secret %s has that usage: %w", uuid.UUID(made.UUID), fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return made, err
	}
	err = h.do(ctx, func() error {
		made, err = h.remote.SecretDefineXML(definition, 0)
		return err
	})
	return made, err
}

// definition is formatsecret's (https://libvirt.org/formatsecret.html).
func (s Secret) definition() (string, error) {
	type usage struct {
		Type string `xml:"type,attr"`
		Name string `xml:"name"`
	}
	text, err := xml.Marshal(struct {
		XMLName   xml.Name `xml:"secret"`
		Ephemeral string   `xml:"ephemeral,attr"`
		Private   string   `xml:"private,attr"`
		UUID      string   `xml:"uuid"`
		Usage     usage    `xml:"usage"`
	}{Ephemeral: "no", Private: "yes", UUID: s.UUID, Usage: usage{"ceph", s.Usage}})
	return string(text), err
}

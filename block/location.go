package block

import (
	"log/slog"
	"net/netip"
)

// A Location is how a hypervisor on this host reaches a pool's volumes, each
// under its own name. One of the fields is set.
type Location struct {
	Folder string `json:"folder,omitempty"` // absolute path; a volume is a raw file in it
	// Buffered says that the folder's file system may have no O_DIRECT: tmpfs has it
	// from Linux 6.6 on.
	Buffered bool `json:"buffered,omitempty"`
	RBD      *RBD `json:"rbd,omitempty"` // a volume is an RBD image
}

// RBD is what a client of a Ceph cluster has to know, to use a pool's images.
type RBD struct {
	FSID      string           `json:"fsid"` // of the cluster, a UUID
	Pool      string           `json:"pool"`
	Namespace string           `json:"namespace,omitempty"`
	Monitors  []netip.AddrPort `json:"monitors"`       // one address for each, sorted
	User      string           `json:"user,omitempty"` // without "client."; "" where the cluster asks nobody who they are
	Key       Secret           `json:"key,omitempty"`  // of the user, in base64 as in a keyring
}

// A Secret is text that gets into no message and no log. JSON has it in plain,
// for those that need it.
type Secret string

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

// GoString implements fmt.GoStringer, for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

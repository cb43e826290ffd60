package libvirt

import (
	"context"
	"fmt"
)

// A Version is that of a libvirt, as it counts them: MAJOR·1000000 + MINOR·1000 +
// RELEASE (virConnectGetLibVersion).
type Version uint64

// RBDNamespaces is the first that finds an image in a namespace of an RBD pool.
// Earlier ones take POOL/NAMESPACE/IMAGE for the image NAMESPACE/IMAGE.
const RBDNamespaces Version = 11_006_000

// String gives "11.6.0".
func (v Version) String() string {
	return fmt.Sprintf("%d.%d.%d", v/1_000_000, v/1_000%1_000, v%1_000)
}

// Version tells which libvirt the host has.
func (h *Host) Version(ctx context.Context) (Version, error) {
	var version uint64
	err := h.do(ctx, func() (err error) {
		version, err = h.remote.ConnectGetLibVersion()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("cannot tell the version of libvirt: %w", err)
	}
	return Version(version), nil
}

package libvirt_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spliced/libvirt"
	"spliced/test/cephnode"
	"spliced/test/libvirtnode"
)

const secretID = "5a0b7a5a-4a3f-4c8b-9a55-0d1f5ad1c0de"

func TestSecret(t *testing.T) {
	t.Parallel()
	h, n := connect(t)
	s := libvirt.Secret{UUID: secretID, Usage: "spliced & <others>", Key: []byte("AQAAAAAAAAAAAAAA")}
	ok(t, h.EnsureSecret(t.Context(), s))
	ok(t, h.EnsureSecret(t.Context(), s))
	text := virsh(t, n, "secret-dumpxml", secretID)
	for _, part := range []string{"ephemeral='no'", "private='yes'", "type='ceph'", "spliced &amp; &lt;others&gt;"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
	is(t, h.EnsureSecret(t.Context(), libvirt.Secret{UUID: "1a0b7a5a-4a3f-4c8b-9a55-0d1f5ad1c0de", Usage: s.Usage, Key: s.Key}), fs.ErrExist)
	ok(t, h.EnsureSecret(t.Context(), libvirt.Secret{UUID: secretID, Usage: "another", Key: s.Key})) // which stays as it is
	if again := virsh(t, n, "secret-dumpxml", secretID); again != text {
		t.Errorf("changed: %s", again)
	}
	for _, bad := range []libvirt.Secret{{UUID: "x", Usage: "u", Key: s.Key}, {UUID: secretID, Usage: "u", Key: []byte("pl*in")}} {
		if err := h.EnsureSecret(t.Context(), bad); err == nil || strings.Contains(err.Error(), "pl*in") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestDomainBootsFromCeph goes the whole way: an image, the secret of its user,
// a domain that reads it over the network.
func TestDomainBootsFromCeph(t *testing.T) {
	t.Parallel()
	conf, pool := cephnode.Pool(t)
	h, _ := connect(t)
	ctx := t.Context()
	cli := func(stdin string, program string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(ctx, program, append([]string{"--conf", conf}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		if exit, failed := errors.AsType[*exec.ExitError](err); failed {
			t.Fatalf("%s %q: %v %s", program, args, err, exit.Stderr)
		}
		ok(t, err)
		return strings.TrimSpace(string(out))
	}
	cli(string(libvirtnode.BootDisk("from the cluster")), "rbd", "import", "--no-progress", "-", pool+"/disk")
	key := cli("", "ceph", "auth", "get-key", "client."+cephnode.User)
	address := cli("", "ceph-conf", "--lookup", "mon_host") // v2:127.0.0.1:port
	port := address[strings.LastIndex(address, ":")+1:]

	ok(t, h.EnsureSecret(ctx, libvirt.Secret{UUID: secretID, Usage: "client.spliced", Key: []byte(key)}))
	log := filepath.Join(t.TempDir(), "serial")
	ok(t, h.Define(ctx, domain("web1", "", serial(log)+fmt.Sprintf(`<disk type='network'><driver name='qemu' type='raw'/>
<auth username='%s'><secret type='ceph' uuid='%s'/></auth>
<source protocol='rbd' name='%s/disk'><host name='127.0.0.1' port='%s'/></source><target dev='vda' bus='virtio'/></disk>`,
		cephnode.User, secretID, pool, port))))
	ok(t, h.Start(ctx, "web1"))
	says(t, log, "from the cluster")
	ok(t, h.Undefine(ctx, "web1", true))
}

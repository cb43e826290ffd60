package ceph_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spliced/test/cephnode"
)

// TestOthersReachTheImage has QEMU's own driver read a volume, with nothing but
// what Locate says.
func TestOthersReachTheImage(t *testing.T) {
	t.Parallel()
	c := config(t)
	c.Namespace = "ns"
	cli(t, c, "rbd", "namespace", "create", "--pool", c.Pool, "--namespace", c.Namespace)
	p := open(t, c)
	defer closed(t, p)
	create(t, p, "disk", 1<<20)
	where, err := p.Locate(t.Context())
	if err != nil || where.RBD == nil {
		t.Fatalf("%+v, %v", where, err)
	}
	r := where.RBD
	if want := strings.TrimSpace(string(cli(t, c, "ceph", "fsid"))); r.FSID != want || r.User != cephnode.User || r.Pool != c.Pool || r.Namespace != "ns" {
		t.Errorf("got %+v, want the cluster %s", r, want)
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(r.Key), 0o600); err != nil {
		t.Fatal(err)
	}
	type server struct {
		Host string `json:"host"`
		Port string `json:"port"`
	}
	var servers []server
	for _, m := range r.Monitors {
		_, port, _ := strings.Cut(m.String(), ":")
		servers = append(servers, server{m.Addr().String(), port})
	}
	spec, err := json.Marshal(map[string]any{
		"driver": "raw", "file": map[string]any{
			"driver": "rbd", "pool": r.Pool, "namespace": r.Namespace, "image": "disk", "user": r.User,
			"server": servers, "key-secret": "key", "auth-client-required": []string{"cephx"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "qemu-img", "info", "--object", "secret,id=key,format=base64,file="+key, "json:"+string(spec))
	cmd.Env = append(os.Environ(), "CEPH_CONF=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "1 MiB") {
		t.Errorf("qemu-img info: %v\n%s", err, out)
	}
}

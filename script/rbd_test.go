package script_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"spliced/script"
	"spliced/test/cephnode"
)

// rbd runs the command of that name.
func rbd(t *testing.T, conf string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "rbd", append([]string{"--conf", conf}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("rbd %q: %v\n%s", args, err, out)
	}
}

// TestScriptWritesToRBD has images of the same name with and without a
// namespace.
func TestScriptWritesToRBD(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	conf, pool := cephnode.Pool(t)
	rbd(t, conf, "namespace", "create", pool+"/tenant")
	var volumes []script.Volume
	for id, namespace := range map[string]string{"sda": "", "sdb": "tenant"} {
		rbd(t, conf, "create", "--size", "4M", filepath.Join(pool, namespace, "web_sda"))
		volumes = append(volumes, script.Volume{ID: id, Source: script.RBD{Conf: conf, User: "admin", Pool: pool, Namespace: namespace, Image: "web_sda"}.Source()})
	}
	err := script.WithExports(t.Context(), sockets(t)+"/nbd", volumes, func(ctx context.Context, disks []script.Disk) error {
		task := script.Task{Disks: disks, Content: "#!/bin/sh -e\nqemu-io -f raw -c 'write -P 0x61 0 4M' \"$SPLICED_DISK_SDA\"\n" +
			"qemu-io -f raw -c 'write -P 0x62 0 4M' \"$SPLICED_DISK_SDB\"\n"}
		return script.Run(ctx, task, func(line string) { t.Log(line) })
	})
	if err != nil {
		t.Fatal(err)
	}
	for namespace, letter := range map[string]string{"": "a", "tenant": "b"} {
		path := filepath.Join(t.TempDir(), "exported")
		rbd(t, conf, "export", "--no-progress", filepath.Join(pool, namespace, "web_sda"), path)
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, bytes.Repeat([]byte(letter), 4<<20)) {
			t.Errorf("the image in %q holds something else, %v", namespace, err)
		}
	}
}

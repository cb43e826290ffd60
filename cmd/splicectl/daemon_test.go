package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spliced/api"
	"spliced/block"
	"spliced/block/dir"
	"spliced/catalog"
	"spliced/handlers"
	"spliced/ingest"
	"spliced/job"
	"spliced/rpc"
	"spliced/store"
	"spliced/test/ovatest"
	"spliced/worker"
)

// realDaemon runs what spliced is made of until the test ends, with the pool
// "local" in a folder, and returns its socket's path.
func realDaemon(t *testing.T) string {
	t.Helper()
	base := shortDir(t)
	files, err := store.Open(t.Context(), filepath.Join(base, "state"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	jobs := job.New(job.Options{Limit: 2, Pending: time.Minute, Records: store.NewCollection[api.Job](files, "jobs", 1), Logger: log})
	kept, err := catalog.New(catalog.Options{
		Store: files, Jobs: jobs, Host: "here", Logger: log,
		Start:         worker.Inside(func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) { return dir.Open(ctx, s.Path) }, nil),
		Pools:         []worker.PoolSpec{{Name: "local", Driver: worker.DriverDir, Path: filepath.Join(base, "pool")}},
		Limits:        ingest.Limits{MaxVirtualSize: 1 << 40, Stall: time.Minute},
		CheckUserdata: func(string) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(base, "s")
	daemon := &handlers.Daemon{
		Version: "1", Socket: socket, Started: time.Now(), Catalog: kept, Jobs: jobs, Logger: log,
		Limits: api.Limits{Jobs: 2, MaxVirtualSize: 1 << 40, FrameBytes: rpc.MaxFrame, FDs: rpc.MaxFDs},
	}
	server := &rpc.Server{
		Methods: handlers.Table(daemon), Log: log, Limits: rpc.Limits{Grace: time.Second},
		Policy: func(rpc.Peer) rpc.Access { return rpc.AccessAdmin },
	}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	go func() { ended <- server.Serve(ctx, ln) }()
	go func() { ended <- jobs.Run(ctx) }()
	go func() { ended <- kept.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		err := errors.Join(<-ended, <-ended, <-ended)
		kept.Wait()
		if err = errors.Join(err, files.Close()); err != nil {
			t.Errorf("the daemon ended with: %v", err)
		}
	})
	return socket
}

// said runs a command that has to succeed, and returns what it wrote.
func said(t *testing.T, socket, stdin, args string) string {
	t.Helper()
	got := ctlWith(t.Context(), lasting(t, stdin), socket, strings.Fields(args)...)
	if got.code != 0 {
		t.Fatalf("%s: exit %d: %s", args, got.code, got.err)
	}
	return got.out
}

// fill makes one entry of each kind.
func fill(t *testing.T, socket string) {
	t.Helper()
	said(t, socket, "", "template system create small --vcpus 2 --vram 1024 --firmware efi --vnc")
	said(t, socket, "", "template network create lan --network 100 --network upstream --network bridge:br7")
	said(t, socket, "", "template storage create web --disk sdb,pool=local,size=1GiB --disk sda,pool=local,size=4GiB,filesystem=ext4,mountpoint=/")
	said(t, socket, "#cloud-config\nx: 1\n", "userdata create web")
	said(t, socket, "#!/bin/sh\n\ttrue\n", "script create install")
	said(t, socket, "", "profile create web --system-template small --network-template lan --storage-template web --userdata web --script install --argument a=b")
}

// Every kind goes through all verbs, with the daemon's own judgement.
func TestEntriesWithTheRealDaemon(t *testing.T) {
	socket := realDaemon(t)
	fill(t, socket)
	for args, want := range map[string]string{
		"template list":             "storage  web    sda 4 GiB ext4 /, sdb 1 GiB",
		"template system list":      "small  2      1 GiB  efi",
		"template network show lan": "    - vni: upstream\n    - bridge: br7\n",
		"profile list":              "web   provisioner  -    small   lan      web      web       install  -",
		"userdata show web":         "Used by:     profile \"web\"",
		"script show install":       "      true",
	} {
		if out := said(t, socket, "", args); !strings.Contains(out, want) {
			t.Errorf("%s:\n%swant %q", args, out, want)
		}
	}
	said(t, socket, "", "template system modify small --vram 2048 --unset vnc --unset firmware")
	said(t, socket, "", "profile modify web --unset arguments.a --argument c=d --unset script")
	said(t, socket, "#cloud-config\nx: 2\n", "userdata modify web")
	useEditor(t, `sed -i s/1GiB/2GiB/`)
	said(t, socket, "", "template storage edit web --yes")
	for args, want := range map[string]string{
		"template system show small -o yaml": "  vcpus: 2\n  vram: 2048\ngeneration",
		"profile show web -o yaml":           "  arguments:\n    c: d\n",
		"userdata show web --content":        "#cloud-config\nx: 2\n",
		"template storage show web":          "size: 2GiB",
	} {
		if out := said(t, socket, "", args); !strings.Contains(out, want) {
			t.Errorf("%s:\n%swant %q", args, out, want)
		}
	}
	if got := ctl(t, socket, "template", "system", "remove", "small", "-y"); got.code != int(rpc.Busy) || !strings.Contains(got.err, `profile "web"`) {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if got := ctl(t, socket, "template", "system", "modify", "small", "--vram", "1", "--expect-generation", "0123456789abcdef"); got.code == 0 {
		t.Errorf("modified what it had not seen: %s", got.out)
	}
	said(t, socket, "", "profile remove web -y")
	said(t, socket, "", "template system remove small -y")
}

func TestExportAndImportWithTheRealDaemon(t *testing.T) {
	from, to := realDaemon(t), realDaemon(t)
	fill(t, from)
	exported := said(t, from, "", "export")
	if out := said(t, to, exported, "import -"); !strings.HasSuffix(out, "6 created, 0 modified, 0 left as they are.\n") {
		t.Errorf("said:\n%s", out)
	}
	if again := said(t, to, "", "export"); again != exported {
		t.Errorf("exported:\n%s\nand once imported:\n%s", exported, again)
	}
	said(t, to, "", "template system modify small --vcpus 8 --serial")
	if got := ctlWith(t.Context(), lasting(t, exported), to, "import", "-"); got.code != int(rpc.Exists) {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	said(t, to, exported, "import - --update")
	if again := said(t, to, "", "export"); again != exported {
		t.Errorf("exported:\n%s\nand once updated:\n%s", exported, again)
	}
}

func TestOVAWithTheRealDaemon(t *testing.T) {
	socket := realDaemon(t)
	file := filepath.Join(t.TempDir(), "web.ova")
	if err := os.WriteFile(file, ovatest.OVA(ovatest.Data(64<<10)), 0o600); err != nil {
		t.Fatal(err)
	}
	said(t, socket, "", "ova upload web "+file)
	for args, want := range map[string]string{
		"ova list":                 "web   local  1        1      64 KiB",
		"profile show web":         "origin: ova web",
		"template system show web": "Used by:     profile \"web\"",
		"ova show web":             "ova_web_sda",
	} {
		if out := said(t, socket, "", args); !strings.Contains(out, want) {
			t.Errorf("%s:\n%swant %q", args, out, want)
		}
	}
	exported := said(t, socket, "", "export")
	if out := said(t, socket, exported, "import -"); !strings.HasSuffix(out, "0 created, 0 modified, 2 left as they are.\n") {
		t.Errorf("said:\n%s", out)
	}
	said(t, socket, "", "ova remove web -y --cascade")
	for _, args := range []string{"ova list -o json", "profile list -o json", "template list -o json", "image list -o json"} {
		if out := said(t, socket, "", args); out != "[]\n" {
			t.Errorf("%s: %s", args, out)
		}
	}
}

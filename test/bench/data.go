package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"spliced/test/appliance/bundle"
)

// A Set says what data to build.
type Set struct {
	Out      string   // folder for the results, made when it isn't there
	Size     int64    // of the virtual disk in bytes
	DataSize int64    // bytes of real files on it, binaries first
	Roots    []string // folders to collect files from
}

// The two images of the disk: as qemu-img writes it, and with grains out of
// order. Each is NAME.vmdk with NAME.ovf, NAME.mf and NAME.ova beside it.
const (
	Plain    = "plain"
	Shuffled = "shuffled"
)

// rawName is the disk itself, sparse.
const rawName = "disk.raw"

// BuildData builds the set, unless the folder holds it already. It wants
// qemu-img.
func BuildData(ctx context.Context, s Set) error {
	if err := os.MkdirAll(s.Out, 0o750); err != nil {
		return err
	}
	if s.built() {
		return nil
	}
	for _, name := range []string{Plain, Shuffled} { // of another disk, or half a set
		if err := os.RemoveAll(filepath.Join(s.Out, name+".ova")); err != nil {
			return err
		}
	}
	if err := s.writeRaw(ctx); err != nil {
		return fmt.Errorf("write the disk: %w", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.pack(ctx, Plain) })
	g.Go(func() error { return s.pack(ctx, Shuffled, "-W", "-m", "16") })
	return g.Wait()
}

// built tells whether the archives, which are written last, are there, for a
// disk of this size.
func (s Set) built() bool {
	st, err := os.Stat(filepath.Join(s.Out, rawName))
	if err != nil || st.Size() != s.Size {
		return false
	}
	for _, name := range []string{Plain, Shuffled} {
		if _, err := os.Stat(filepath.Join(s.Out, name+".ova")); err != nil {
			return false
		}
	}
	return true
}

func (s Set) writeRaw(ctx context.Context) error {
	f, err := os.Create(filepath.Join(s.Out, rawName))
	if err != nil {
		return err
	}
	err = f.Truncate(s.Size)
	if err == nil {
		spread := &spreader{w: f, runs: layout(s.DataSize, s.Size)}
		err = collect(ctx, s.Roots, s.DataSize, spread.put)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// pack makes one VMDK of the raw disk, and the archive around it.
func (s Set) pack(ctx context.Context, name string, flags ...string) error {
	vmdk := name + ".vmdk"
	args := append([]string{"convert"}, flags...)
	args = append(args, "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized,adapter_type=lsilogic",
		filepath.Join(s.Out, rawName), filepath.Join(s.Out, vmdk))
	if err := command(exec.CommandContext(ctx, "qemu-img", args...)); err != nil {
		return err
	}
	return bundle.Write(s.Out, bundle.Machine{
		Name:      name,
		Product:   "A disk with real binaries on it",
		VCPUs:     2,
		MemoryMiB: 2048,
		Network:   "VM Network",
		DiskFile:  vmdk,
		DiskSize:  s.Size,
	})
}

// command runs a program to its end. Its own words are the cause of a failure.
func command(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, out)
	}
	return nil
}

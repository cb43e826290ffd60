package appliance

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
)

// drivers names the modules that find a disk on any bus which QEMU or VMware
// may give it, and what reads a SCSI disk behind them.
func drivers() []string {
	return []string{
		"virtio_pci", "virtio_blk", "virtio_scsi", "ahci", "ata_piix", "nvme",
		"mptspi", "vmw_pvscsi", "sd_mod",
	}
}

// A kernel is what a kernel's package holds, as far as it is of use here.
type kernel struct {
	image   []byte            // vmlinuz
	modules map[string]module // by name, with _ for -
}

// A module is one kernel module as it lies in the package.
type module struct {
	name   string
	packed bool // by xz, as newer Debian does
	data   []byte
}

// moduleFolder matches the modules worth keeping: the drivers' own folders and
// those of the libraries that they depend on. All of them would take 300 MiB.
const moduleFolder = `/kernel/(drivers/(virtio|block|scsi|ata|nvme|message)|lib|crypto|arch/x86/crypto|block)/`

// readKernel reads a linux-image package.
func readKernel(ctx context.Context, deb string) (kernel, error) {
	k := kernel{modules: map[string]module{}}
	wanted := regexp.MustCompile(moduleFolder)
	err := eachFile(ctx, deb, func(name string, r io.Reader) (err error) {
		switch {
		case strings.HasPrefix(name, "boot/vmlinuz-"):
			k.image, err = io.ReadAll(r)
		case wanted.MatchString(name):
			m := module{name: moduleName(name), packed: strings.HasSuffix(name, ".xz")}
			m.data, err = io.ReadAll(r)
			k.modules[m.name] = m
		}
		return err
	})
	if err == nil && k.image == nil {
		err = errors.New("it holds no kernel")
	}
	if err != nil {
		return kernel{}, fmt.Errorf("read %s: %w", path.Base(deb), err)
	}
	return k, nil
}

// moduleName turns a file's name into a module's; the two spell - and _ as they
// like.
func moduleName(file string) string {
	name, _, _ := strings.Cut(path.Base(file), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// readBusybox reads the one program of the busybox-static package.
func readBusybox(ctx context.Context, deb string) ([]byte, error) {
	var program []byte
	err := eachFile(ctx, deb, func(name string, r io.Reader) (err error) {
		if path.Base(name) == "busybox" && path.Base(path.Dir(name)) == "bin" {
			program, err = io.ReadAll(r)
		}
		return err
	})
	if err == nil && program == nil {
		err = errors.New("it holds no busybox")
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path.Base(deb), err)
	}
	return program, nil
}

// eachFile shows see every regular file of a Debian package.
func eachFile(ctx context.Context, deb string, see func(name string, r io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = eachMember(pipe, see)
	if err != nil {
		cancel()
	}
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	return err
}

func eachMember(r io.Reader, see func(name string, r io.Reader) error) error {
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, r) // the writer wants its last block read
			return err
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := see(strings.TrimPrefix(h.Name, "./"), tr); err != nil {
			return err
		}
	}
}

// modulesFor returns the modules of those names, each after all that it
// depends on, unpacked.
func (k kernel) modulesFor(ctx context.Context, names []string) ([]module, error) {
	var order []module
	var add func(name string) error
	add = func(name string) error {
		if slices.ContainsFunc(order, func(m module) bool { return m.name == name }) {
			return nil
		}
		m, err := k.unpack(ctx, name)
		if err != nil {
			return err
		}
		needs, err := depends(m.data)
		if err != nil {
			return fmt.Errorf("read module %q: %w", name, err)
		}
		for _, need := range needs {
			if err := add(need); err != nil {
				return err
			}
		}
		order = append(order, m)
		return nil
	}
	for _, name := range names {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func (k kernel) unpack(ctx context.Context, name string) (module, error) {
	m, ok := k.modules[name]
	if !ok {
		return module{}, fmt.Errorf("the kernel's package has no module %q in the folders that are looked at", name)
	}
	if !m.packed {
		return m, nil
	}
	cmd := exec.CommandContext(ctx, "xz", "--decompress", "--stdout")
	cmd.Stdin = bytes.NewReader(m.data)
	data, err := output(cmd)
	return module{name: name, data: data}, err
}

// depends reads a module's own note of what it depends on. The package has no
// modules.dep: depmod writes that on the machine where a kernel is installed.
func depends(ko []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(ko))
	if err != nil {
		return nil, err
	}
	section := f.Section(".modinfo")
	if section == nil {
		return nil, errors.New("it has no section .modinfo")
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for field := range bytes.SplitSeq(info, []byte{0}) {
		if list, ok := bytes.CutPrefix(field, []byte("depends=")); ok && len(list) > 0 {
			return strings.Split(strings.ReplaceAll(string(list), "-", "_"), ","), nil
		}
	}
	return nil, nil
}

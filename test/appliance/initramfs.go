package appliance

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
)

//go:embed init.sh
var initScript []byte

// newInitramfs packs busybox, the modules in the order in which they are to be
// loaded, and the script that is all there is to this machine's user space.
func newInitramfs(busybox []byte, modules []module) ([]byte, error) {
	var buf bytes.Buffer
	zip := gzip.NewWriter(&buf)
	c := &cpio{w: zip}
	for _, folder := range []string{"bin", "dev", "lib", "lib/modules", "proc", "sys"} {
		c.add(entry{name: folder, mode: typeFolder | 0o755})
	}
	// The kernel opens the console before init has mounted anything on /dev.
	c.add(entry{name: "dev/console", mode: typeDevice | 0o600, major: 5, minor: 1})
	c.add(entry{name: "bin/busybox", mode: typeFile | 0o755, data: busybox})
	c.add(entry{name: "init", mode: typeFile | 0o755, data: initScript})
	for i, m := range modules {
		c.add(entry{name: fmt.Sprintf("lib/modules/%02d-%s.ko", i, m.name), mode: typeFile | 0o644, data: m.data})
	}
	c.add(entry{name: "TRAILER!!!"})
	if c.err != nil {
		return nil, c.err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// File types as they stand in a mode (inode(7)).
const (
	typeFile   = 0o100000
	typeFolder = 0o040000
	typeDevice = 0o020000 // a character device
)

// A cpio writes the "newc" format of the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst. Its first failure
// stays in err.
type cpio struct {
	w     io.Writer
	err   error
	inode int
}

type entry struct {
	name         string
	mode         int
	major, minor int // of a device
	data         []byte
}

// add writes one entry: a header of thirteen eight-digit fields, name and data,
// both padded to four bytes. Times and owners are zero.
func (c *cpio) add(e entry) {
	c.inode++
	const links = 1
	head := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		c.inode, e.mode, 0, 0, links, 0, len(e.data), 0, 0, e.major, e.minor, len(e.name)+1, 0, e.name)
	c.write([]byte(head))
	c.write(e.data)
}

// write writes p and pads it to a multiple of four bytes.
func (c *cpio) write(p []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(p)
	}
	if c.err == nil {
		_, c.err = c.w.Write(make([]byte, -len(p)&3))
	}
}

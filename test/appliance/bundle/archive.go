package bundle

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Write packs the folder's disk, which m names: it fills in the disk's stored
// size and writes NAME.ovf, NAME.mf (SHA-256 of descriptor and disk) and NAME.ova
// (descriptor, manifest, disk, in that order) beside it, NAME being m.Name. Equal
// input gives equal files.
func Write(folder string, m Machine) error {
	st, err := os.Stat(filepath.Join(folder, m.DiskFile))
	if err != nil {
		return fmt.Errorf("look at the disk: %w", err)
	}
	m.DiskStored = st.Size()
	members := []string{m.Name + ".ovf", m.Name + ".mf", m.DiskFile}
	if err := create(filepath.Join(folder, members[0]), func(w io.Writer) error {
		return WriteDescriptor(w, m)
	}); err != nil {
		return err
	}
	if err := create(filepath.Join(folder, members[1]), func(w io.Writer) error {
		return writeManifest(w, folder, members[0], members[2])
	}); err != nil {
		return err
	}
	return create(filepath.Join(folder, m.Name+".ova"), func(w io.Writer) error {
		return writeArchive(w, folder, members)
	})
}

// create writes a file by fill, under its name only when it is complete.
func create(path string, fill func(io.Writer) error) error {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	err = fill(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return os.Rename(f.Name(), path)
}

// writeManifest writes one line for each of the files, as in DSP0243 6.3.
func writeManifest(w io.Writer, folder string, names ...string) error {
	for _, name := range names {
		sum := sha256.New()
		if err := feed(sum, filepath.Join(folder, name)); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "SHA256(%s)= %x\n", name, sum.Sum(nil)); err != nil {
			return err
		}
	}
	return nil
}

func writeArchive(w io.Writer, folder string, names []string) error {
	tw := tar.NewWriter(w)
	for _, name := range names {
		path := filepath.Join(folder, name)
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := tw.WriteHeader(header(name, st.Size())); err != nil {
			return err
		}
		if err := feed(tw, path); err != nil {
			return err
		}
	}
	return tw.Close()
}

// header is a member's: ustar as the OVF specification wants it, and GNU's
// base-256 size from 8 GiB on, where ustar's octal digits end.
func header(name string, size int64) *tar.Header {
	format := tar.FormatUSTAR
	if size >= 8*gib {
		format = tar.FormatGNU
	}
	return &tar.Header{
		Typeflag: tar.TypeReg,
		Name:     name,
		Size:     size,
		Mode:     0o644,
		ModTime:  time.Unix(0, 0),
		Format:   format,
	}
}

func feed(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read from
	_, err = io.Copy(w, f)
	return err
}

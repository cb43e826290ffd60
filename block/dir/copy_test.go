package dir

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// sparse makes a file of 64 MiB with two runs of data in it, and one as large
// that is all hole.
func sparse(t *testing.T) (to, from *os.File, data []byte) {
	t.Helper()
	const size = 64 << 20
	base := t.TempDir()
	var files []*os.File
	for _, name := range []string{"to", "from"} {
		f, err := os.Create(filepath.Join(base, name))
		if err == nil {
			err = f.Truncate(size)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		files = append(files, f)
	}
	data = bytes.Repeat([]byte("0123456789abcde\n"), 3<<20/16)
	for _, off := range []int64{5, size - int64(len(data))} {
		if _, err := files[1].WriteAt(data, off); err != nil {
			t.Fatal(err)
		}
	}
	return files[0], files[1], data
}

func TestCopyKeepsHoles(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]transfer{"kernel": kernelCopy, "plain": plainCopy} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to, from, data := sparse(t)
			if err := copyData(t.Context(), to, from, step); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(to.Name())
			if err != nil {
				t.Fatal(err)
			}
			wanted := make([]byte, 64<<20)
			copy(wanted[5:], data)
			copy(wanted[len(wanted)-len(data):], data)
			if !bytes.Equal(got, wanted) {
				t.Error("the copy differs")
			}
			if room, err := allocated(to); err != nil || room > 8<<20 {
				t.Errorf("the copy of 6 MiB takes %d bytes, %v", room, err)
			}
		})
	}
}

func TestCopyEndsWithContext(t *testing.T) {
	t.Parallel()
	to, from, _ := sparse(t)
	ctx, cancel := context.WithCancel(t.Context())
	steps := 0
	err := copyData(ctx, to, from, func(to, from *os.File, off, n int64) (int64, error) {
		steps++
		cancel()
		return kernelCopy(to, from, off, min(n, 4096))
	})
	if !errors.Is(err, context.Canceled) || steps != 1 {
		t.Errorf("%d steps, %v", steps, err)
	}
}

// A parent's file that somebody cuts while it is copied must not pass.
func TestCopyOfCutFile(t *testing.T) {
	t.Parallel()
	to, from, _ := sparse(t)
	err := copyData(t.Context(), to, from, func(to, from *os.File, off, n int64) (int64, error) {
		if err := from.Truncate(0); err != nil {
			return 0, err
		}
		return kernelCopy(to, from, off, n)
	})
	if err == nil {
		t.Error("the copy of a cut file passed for whole")
	}
}

func TestWriteZeros(t *testing.T) {
	t.Parallel()
	_, f, data := sparse(t)
	if err := writeZeros(f, 105, 2<<20+3); err != nil {
		t.Fatal(err)
	}
	copy(data[100:], make([]byte, 2<<20+3))
	got := make([]byte, len(data))
	if _, err := f.ReadAt(got, 5); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the content differs, %v", err)
	}
}

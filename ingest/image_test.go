package ingest_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"testing"

	"spliced/block"
	"spliced/disk"
	"spliced/ingest"
	"spliced/test/ovatest"
)

func sum(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }

// A volume has exactly the bytes that came, whatever came first told of them.
func TestRawSizes(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		for _, size := range []int{1, 511, 512, 513, 65537, 4<<20 - 1, 4 << 20, 4<<20 + 1, 5 << 20} {
			data := ovatest.Data(size)
			file, _ := fileSource(t, data)
			announced := request()
			announced.Size = int64(size)
			for _, c := range []struct {
				name   string
				source *ingest.Source
				rq     ingest.ImageRequest
				proven bool
			}{
				{"file", file, request(), true},
				{"pipe", pipeSource(t, data, 1<<20), request(), false},
				{"pipe of known size", pipeSource(t, data, 1<<20), announced, true},
			} {
				staged, err := takeImage(t.Context(), p, c.source, c.rq)
				if err != nil {
					t.Fatalf("%s, %d bytes: %v", c.name, size, err)
				}
				want := ingest.StagedImage{SHA256: sum(data), Bytes: int64(size)}
				want.StagedDisk = ingest.StagedDisk{
					Volume: c.rq.Staging, Size: int64(size), Allocated: staged.Allocated, Format: "raw",
					Content: contentOf(data), Proven: c.proven,
				}
				if staged != want {
					t.Errorf("%s, %d bytes: got %+v, want %+v", c.name, size, staged, want)
				}
				holds(t, p, c.rq.Staging, data)
				undone(t, p, nil)
			}
		}
	})
}

func TestEmptyImageIsRefused(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		file, _ := fileSource(t, nil)
		_, err := takeImage(t.Context(), p, file, request())
		refused(t, p, err, "it is empty")
		_, err = takeImage(t.Context(), p, pipeSource(t, nil, 1), request())
		refused(t, p, err, "it is empty")
	})
}

func TestOneByteWrites(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		data := ovatest.VMDK(ovatest.Sparse(1<<20, [2]int{70000, 70008}))
		_, err := takeImage(t.Context(), p, pipeSource(t, data, 1), request())
		ok(t, err)
		holds(t, p, request().Staging, ovatest.Sparse(1<<20, [2]int{70000, 70008}))
	})
}

// What is announced is held against what came, whatever the source.
func TestAnnouncements(t *testing.T) {
	t.Parallel()
	data := ovatest.Data(5 << 20)
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		for _, c := range []struct {
			name    string
			size    int64
			digest  string
			refused string
		}{
			{"right size", 5 << 20, "", ""},
			{"right digest", -1, sum(data), ""},
			{"digest in capitals", -1, fmt.Sprintf("%X", sha256.Sum256(data)), ""},
			{"both", 5 << 20, sum(data), ""},
			{"too small", 5<<20 - 1, "", "bytes"},
			{"too large", 5<<20 + 1, "", "bytes"},
			{"zero", 0, "", "bytes"},
			{"wrong digest", -1, sum(nil), "SHA-256"},
			{"right size, wrong digest", 5 << 20, sum(nil), "SHA-256"},
		} {
			rq := request()
			rq.Size, rq.SHA256 = c.size, c.digest
			file, _ := fileSource(t, data)
			for kind, s := range map[string]*ingest.Source{"file": file, "pipe": pipeSource(t, data, 1<<20)} {
				staged, err := takeImage(t.Context(), p, s, rq)
				switch {
				case c.refused != "":
					refused(t, p, err, c.refused)
				case err != nil:
					t.Errorf("%s from a %s: %v", c.name, kind, err)
				case !staged.Proven:
					t.Errorf("%s from a %s does not count as proof", c.name, kind)
				}
				undone(t, p, nil)
			}
		}
	})
}

// Started says whether job.finalize is going to be asked for.
func TestSaysWhetherTheEndIsProven(t *testing.T) {
	t.Parallel()
	p := p0(t)
	raw, vmdk := ovatest.Data(1<<20), ovatest.VMDK(ovatest.Data(1<<20))
	file, _ := fileSource(t, raw)
	for name, c := range map[string]struct {
		source *ingest.Source
		proves bool
	}{
		"raw by a pipe":  {pipeSource(t, raw, 1<<16), false},
		"vmdk by a pipe": {pipeSource(t, vmdk, 1<<16), true},
		"raw file":       {file, true},
	} {
		var told []bool
		staged, err := ingest.Image(t.Context(), p, c.source, request(), limits(), silent, func(proves bool) { told = append(told, proves) })
		ok(t, err)
		if len(told) != 1 || told[0] != c.proves || staged.Proven != c.proves {
			t.Errorf("%s: told %v, in the end %v, want %v once", name, told, staged.Proven, c.proves)
		}
		undone(t, p, nil)
	}
}

func TestCutVMDKIsRefused(t *testing.T) {
	t.Parallel()
	vmdk := ovatest.VMDK(ovatest.Sparse(1<<20, [2]int{0, 4096}, [2]int{300_000, 400_000}))
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		for cut := 512; cut < len(vmdk); cut += 512 {
			_, err := takeImage(t.Context(), p, pipeSource(t, vmdk[:cut], 1<<20), request())
			refused(t, p, err)
		}
	})
}

func TestTrailingBytesAreRefused(t *testing.T) {
	t.Parallel()
	p := p0(t)
	vmdk := append(ovatest.VMDK(ovatest.Data(1<<20)), ovatest.Data(512)...)
	file, _ := fileSource(t, vmdk)
	_, err := takeImage(t.Context(), p, file, request())
	refused(t, p, err)
	_, err = takeImage(t.Context(), p, pipeSource(t, vmdk, 1<<20), request())
	refused(t, p, err)
}

func TestOutOfOrderGrains(t *testing.T) {
	t.Parallel()
	data := ovatest.Data(5 << 20)
	order := make([]int, 80)
	for i := range order {
		order[i] = i * 33 % 80 // 33 and 80 have no common divisor
	}
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		staged, err := takeImage(t.Context(), p, pipeSource(t, ovatest.VMDK(data, order...), 1<<20), request())
		ok(t, err)
		if staged.Format != "vmdk" || !staged.Proven {
			t.Errorf("staged %+v", staged)
		}
		holds(t, p, request().Staging, data)
	})
}

// Zeros take no room, be they left out of a VMDK or spelt out in a raw image.
func TestZerosAreNotWritten(t *testing.T) {
	t.Parallel()
	data := ovatest.Sparse(20<<20, [2]int{0, 4096}, [2]int{13 << 20, 13<<20 + 1})
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		file, _ := fileSource(t, data)
		for name, s := range map[string]*ingest.Source{
			"file": file, "pipe": pipeSource(t, data, 1<<20), "vmdk": pipeSource(t, ovatest.VMDK(data), 1<<20),
		} {
			staged, err := takeImage(t.Context(), p, s, request())
			ok(t, err)
			if staged.Allocated == 0 || staged.Allocated > 256<<10 {
				t.Errorf("%s: %d bytes of the pool taken for two pieces", name, staged.Allocated)
			}
			holds(t, p, request().Staging, data)
			undone(t, p, nil)
		}
	})
}

// A volume of unknown size grows beyond what it began with, and is cut in the end.
func TestLargeRawByPipe(t *testing.T) {
	t.Parallel()
	if raceEnabled {
		t.Skip("it moves more than 1 GiB, which the race detector makes slow and nothing new comes of")
	}
	const size = 1<<30 + 4<<20 + 1
	p := p0(t)
	s, w := pipe(t, patience)
	sent := make(chan error, 1)
	go func() {
		zeros, last := make([]byte, 4<<20), []byte{7}
		var err error
		for range size / len(zeros) {
			_, werr := w.Write(zeros)
			err = errors.Join(err, werr)
		}
		_, werr := w.Write(last)
		sent <- errors.Join(err, werr, w.Close())
	}()
	staged, err := takeImage(t.Context(), p, s, request())
	ok(t, errors.Join(err, <-sent))
	if staged.Size != size || staged.Allocated > 64<<10 {
		t.Errorf("staged %+v", staged)
	}
	v, err := p.Open(t.Context(), request().Staging)
	ok(t, err)
	one := make([]byte, 1)
	_, err = v.ReadAt(one, size-1)
	ok(t, errors.Join(err, v.Close()))
	if one[0] != 7 {
		t.Errorf("the last byte is %d", one[0])
	}
}

func TestTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	p := p0(t)
	l := limits()
	l.MaxVirtualSize = 1 << 20
	data := ovatest.Data(2 << 20)
	file, _ := fileSource(t, data)
	for _, s := range []*ingest.Source{file, pipeSource(t, data, 1<<20), pipeSource(t, ovatest.VMDK(data), 1<<20)} {
		_, err := ingest.Image(t.Context(), p, s, request(), l, silent, started)
		if !errors.Is(err, disk.ErrTooLarge) {
			t.Errorf("got %v", err)
		}
		refused(t, p, err)
	}
}

func TestStagingNameTaken(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		v, err := p.Create(t.Context(), request().Staging, 1)
		ok(t, err)
		ok(t, v.Close())
		_, err = takeImage(t.Context(), p, pipeSource(t, ovatest.Data(512), 512), request())
		refused(t, p, err, request().Staging)
	})
}

func TestInspectImageReadsOnlyTheHead(t *testing.T) {
	t.Parallel()
	vmdk := ovatest.VMDK(ovatest.Sparse(8<<20, [2]int{0, 2 << 20}))
	s, w := pipe(t, patience)
	_, err := w.Write(vmdk[:60_000]) // no more is ever sent, and none is waited for
	ok(t, err)
	info, err := ingest.InspectImage(s, limits())
	ok(t, errors.Join(err, w.Close()))
	if info.Size != 8<<20 || info.Format != disk.VMDK || info.Subformat != "streamOptimized" {
		t.Errorf("got %+v", info)
	}
	f, err := os.Open(os.DevNull)
	ok(t, err)
	if _, err := ingest.InspectImage(source(t, f, patience), limits()); err == nil {
		t.Error("nothing is no image")
	}
}

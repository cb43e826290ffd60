package inflate

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

// grainSize is that of VMDK images.
const grainSize = 64 << 10

// grains are the compressed pieces of a real program: this test's own binary,
// without its debugging information, which is compressed already.
func grains(b *testing.B) [][]byte {
	b.Helper()
	path, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	program, err := elf.Open(path)
	if err != nil {
		b.Skip("the program is no ELF file")
	}
	b.Cleanup(func() { _ = program.Close() })
	var data []byte
	for _, name := range []string{".text", ".rodata", ".gopclntab"} {
		if section := program.Section(name); section != nil {
			part, err := section.Data()
			if err != nil {
				b.Fatal(err)
			}
			data = append(data, part...)
		}
	}
	var out [][]byte
	for len(data) >= grainSize {
		out = append(out, pack(6, data[:grainSize]))
		data = data[grainSize:]
	}
	return out
}

// BenchmarkZlib inflates grains of real machine code on one core.
func BenchmarkZlib(b *testing.B) {
	all := grains(b)
	for name, e := range engines() {
		b.Run(name, func(b *testing.B) { run(b, all, e) })
	}
	b.Run("standard library", func(b *testing.B) { run(b, all, &stdlib{}) })
}

func run(b *testing.B, all [][]byte, e engine) {
	b.Helper()
	dst := make([]byte, grainSize)
	b.SetBytes(grainSize)
	before := cpu(b)
	for i := 0; b.Loop(); i++ {
		if n, err := e.Zlib(dst, all[i%len(all)]); err != nil || n != grainSize {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N)*grainSize/1e6/(cpu(b)-before).Seconds(), "MB/cpu-s")
}

// cpu is the time that this process has been computing, which tells more than
// the clock on a machine that others use too.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// stdlib is compress/zlib, reused as it allows.
type stdlib struct {
	src bytes.Reader
	r   io.ReadCloser
}

func (s *stdlib) Zlib(dst, src []byte) (int, error) {
	s.src.Reset(src)
	if resetter, ok := s.r.(zlib.Resetter); ok {
		if err := resetter.Reset(&s.src, nil); err != nil {
			return 0, err
		}
	} else {
		r, err := zlib.NewReader(&s.src)
		if err != nil {
			return 0, err
		}
		s.r = r
	}
	return io.ReadFull(s.r, dst)
}

package ovf_test

import (
	"testing"

	"spliced/ovf"
)

func TestBytes(t *testing.T) {
	for unit, want := range map[string]int64{
		"byte": 1, "bytes": 1, "byte * 2^30": 1 << 30, "byte*1024*1024": 1 << 20, "byte * 2 ^ 20": 1 << 20, "byte * 10^9": 1e9,
		" byte  *2^ 40": 1 << 40, "byte*2^0": 1, "bit * 8": 1, "bit * 2^13": 1 << 10, "MegaBytes": 1 << 20, "GigaBytes": 1 << 30,
		"KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40, "PB": 1 << 50, "MiB": 1 << 20, "gibibytes": 1 << 30,
		"kilobyte": 1 << 10, "kibibyte": 1 << 10, "KILOBYTES * 2": 2 << 10, "B": 1, "byte * 2^59": 1 << 59,
	} {
		got, err := ovf.Bytes(unit)
		if err != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", unit, got, err, want)
		}
	}
	for _, unit := range []string{
		"", " ", "hertz * 10^6", "byte * 2^63", "byte * 2^64", "byte * 99999999999999999999", "byte * -1", "byte * 2^-1", "byte * 2^^2",
		"byte *", "byte 2^20", "bit", "bit * 12", "byte * 1.5", "byte / 2", "byte * 2^20 foo", "2^20 * byte", "MegaHertz", "furlong",
		"byte * 10^19", "byte * 2^1000000000000",
	} {
		if got, err := ovf.Bytes(unit); err == nil {
			t.Errorf("%q is taken for %d bytes", unit, got)
		}
	}
}

func FuzzBytes(f *testing.F) {
	for _, s := range []string{"byte * 2^20", "byte*1024*1024", "MegaBytes", "bit*8", "byte * 2^63", "x", "byte * 2 ^ 30 * 4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, unit string) {
		if n, err := ovf.Bytes(unit); err == nil && n < 0 {
			t.Errorf("%q is %d bytes", unit, n)
		}
	})
}

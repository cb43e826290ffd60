//go:build !cgo

package inflate

// Engine names what decompresses.
const Engine = "klauspost/compress"

// An Inflater decompresses, on any number of goroutines at once. It keeps a
// decompressor (about 40 KiB) for each that was at it at the same time, until
// the garbage collector finds it idle.
type Inflater struct {
	pure pureInflater
}

// New returns an Inflater.
func New() *Inflater { return &Inflater{} }

// Zlib decompresses src, which is one zlib stream and nothing else, into dst,
// and returns the length of the output. Failures are ErrRoom, ErrTrailing and
// ErrData; dst is then in any state.
func (f *Inflater) Zlib(dst, src []byte) (int, error) { return f.pure.Zlib(dst, src) }

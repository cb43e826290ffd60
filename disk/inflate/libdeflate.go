//go:build cgo

package inflate

/*
#cgo LDFLAGS: -ldeflate
#cgo noescape libdeflate_zlib_decompress_ex
#cgo nocallback libdeflate_zlib_decompress_ex
#include <libdeflate.h>
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// Engine names what decompresses.
const Engine = "libdeflate"

// An Inflater decompresses, on any number of goroutines at once. It keeps a
// decompressor (about 12 KiB) for each that was at it at the same time, until
// the garbage collector finds it idle.
type Inflater struct {
	idle sync.Pool
}

type decompressor struct {
	handle *C.struct_libdeflate_decompressor
}

// New returns an Inflater.
func New() *Inflater { return &Inflater{} }

// Zlib decompresses src, which is one zlib stream and nothing else, into dst,
// and returns the length of the output. Failures are ErrRoom, ErrTrailing and
// ErrData; dst is then in any state.
func (f *Inflater) Zlib(dst, src []byte) (int, error) {
	d, ok := f.idle.Get().(*decompressor)
	if !ok {
		d = newDecompressor()
	}
	defer f.idle.Put(d)
	var taken, made C.size_t
	result := C.libdeflate_zlib_decompress_ex(d.handle,
		unsafe.Pointer(unsafe.SliceData(src)), C.size_t(len(src)),
		unsafe.Pointer(unsafe.SliceData(dst)), C.size_t(len(dst)), &taken, &made)
	switch {
	case result == C.LIBDEFLATE_INSUFFICIENT_SPACE:
		return 0, ErrRoom
	case result != C.LIBDEFLATE_SUCCESS:
		return 0, ErrData
	case int(taken) != len(src):
		return 0, ErrTrailing
	}
	return int(made), nil
}

// newDecompressor allocates a decompressor that is freed with its last
// reference. libdeflate answers nil only where memory has run out, which ends
// a Go program anyway.
func newDecompressor() *decompressor {
	d := &decompressor{handle: C.libdeflate_alloc_decompressor()}
	if d.handle == nil {
		panic("inflate: out of memory")
	}
	runtime.AddCleanup(d, func(h *C.struct_libdeflate_decompressor) { C.libdeflate_free_decompressor(h) }, d.handle)
	return d
}

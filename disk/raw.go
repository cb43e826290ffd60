package disk

import "io"

// zeroUnit is the granularity in which zeros are told from data within a chunk
// of a raw image. It is what BlueStore allocates on disks by default and twice
// what filesystems of guests leave between files, so finer holes would free
// little, and cost a write of their own for each run of data between them.
const zeroUnit = 64 << 10

// sectorSize is the unit of VMDK and of the trailers that some formats have.
const sectorSize = 512

// A rawReader yields every byte of the input, in order; runs of zeros come as
// extents without data, so that a caller sees progress in them too.
type rawReader struct {
	in      *input
	lender  *lender
	chunk   int
	limit   int64
	size    int64
	said    bool // the caller says it is raw: no look at the last sector
	tail    []byte
	pending []Extent
	err     error
}

func newRaw(in *input, o Options) (*rawReader, error) {
	if o.Size > o.MaxVirtualSize {
		return nil, tooLarge(Raw, "its %d bytes are more than the largest virtual disk allowed, %d bytes", o.Size, o.MaxVirtualSize)
	}
	head, err := in.peek(1)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, damaged(Raw, 0, "it is empty")
	}
	return &rawReader{
		in: in, lender: newLender(o.ChunkSize, o.ChunkSize), chunk: o.ChunkSize,
		limit: o.MaxVirtualSize, said: o.Format == Raw,
	}, nil
}

// Info is Reader's.
func (r *rawReader) Info() Info {
	return Info{Format: Raw, Size: r.in.size}
}

// Size is Reader's.
func (r *rawReader) Size() int64 {
	if r.in.size >= 0 {
		return r.in.size
	}
	return r.size
}

// Next is Reader's.
func (r *rawReader) Next() (Extent, error) {
	if len(r.pending) == 0 && r.err == nil {
		r.err = r.read()
	}
	if len(r.pending) == 0 {
		return Extent{}, r.err
	}
	e := r.pending[0]
	r.pending = r.pending[1:]
	return e, nil
}

// read takes one chunk from the input and splits it into extents.
func (r *rawReader) read() error {
	buf := r.lender.lend(r.chunk)
	n, err := r.in.fill(buf.data[:r.chunk])
	if err == nil && n == 0 {
		err = io.EOF
	}
	if err == nil && r.size+int64(n) > r.limit {
		err = tooLarge(Raw, "it is larger than the largest virtual disk allowed, %d bytes", r.limit)
	}
	if err == io.EOF { //nolint:errorlint // set above, and never wrapped
		err = r.checkTail()
	}
	if err != nil {
		buf.release()
		return err
	}
	r.keepTail(buf.data[:n])
	r.split(buf, n)
	r.size += int64(n)
	return nil
}

// keepTail remembers the last sector of what came so far.
func (r *rawReader) keepTail(b []byte) {
	b = b[max(0, len(b)-sectorSize):]
	keep := min(len(r.tail), sectorSize-len(b))
	r.tail = append(r.tail[:0], append(r.tail[len(r.tail)-keep:], b...)...)
}

// checkTail looks at the last sector, which is where a fixed-size VHD says what
// it is, and returns io.EOF when it says nothing.
func (r *rawReader) checkTail() error {
	f := detectTail(r.tail)
	if r.said || len(r.tail) < sectorSize || f == Raw {
		return io.EOF
	}
	return unsupported(f, "it looked like a raw image, but its last sector says that it is %s, which is not supported: %s",
		f.title(), f.advice())
}

// split makes extents of the n bytes in buf: runs of units that are all zero,
// and runs that aren't.
func (r *rawReader) split(buf *buffer, n int) {
	var runs []Extent
	for from := 0; from < n; {
		zero := allZero(buf.data[from:min(n, from+zeroUnit)])
		to := min(n, from+zeroUnit)
		for to < n && allZero(buf.data[to:min(n, to+zeroUnit)]) == zero {
			to = min(n, to+zeroUnit)
		}
		e := Extent{Offset: r.size + int64(from), Length: int64(to - from)}
		if !zero {
			e.Data = &plain{bytes: buf.data[from:to], buf: buf}
		}
		runs = append(runs, e)
		from = to
	}
	share(buf, runs)
	r.pending = runs
}

// share divides the buffer's reference and its weight among those that use it.
func share(buf *buffer, runs []Extent) {
	var users []*plain
	for _, e := range runs {
		if p, ok := e.Data.(*plain); ok {
			users = append(users, p)
		}
	}
	if len(users) == 0 {
		buf.release()
		return
	}
	buf.refs.Store(int32(len(users))) //nolint:gosec // one per zeroUnit of a chunk
	for _, p := range users {
		p.stored = len(buf.data) / len(users)
	}
}

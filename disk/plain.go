package disk

// A plain payload is bytes that need no decoding, in a buffer that it may
// share.
type plain struct {
	bytes  []byte
	stored int
	buf    *buffer
}

// Plain is Payload's.
func (p *plain) Plain() []byte { return p.bytes }

// Stored is Payload's.
func (p *plain) Stored() int { return p.stored }

// Release is Payload's.
func (p *plain) Release() { p.buf.release() }

// DecodeTo is Payload's.
func (p *plain) DecodeTo(dst []byte) error {
	copy(dst, p.bytes)
	return nil
}

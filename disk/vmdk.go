package disk

// vmdkHead is what Open reads of a VMDK: header and descriptor, agreeing.
type vmdkHead struct {
	header     vmdkHeader
	sector     [sectorSize]byte // the header as it stands in the file
	descriptor vmdkDescriptor
}

func openVMDK(in *input, o Options) (Reader, error) {
	head, err := readVMDKHead(in, o)
	if err != nil {
		return nil, err
	}
	if head.header.compressed() {
		return newVMDKStream(in, head), nil
	}
	return newVMDKSparse(in, head), nil
}

// readVMDKHead looks at the head without taking it, so that what comes after
// can go by sectors from the start.
func readVMDKHead(in *input, o Options) (*vmdkHead, error) {
	b, err := in.peek(sectorSize)
	if err != nil {
		return nil, err
	}
	if len(b) < sectorSize {
		return nil, in.truncated()
	}
	head := &vmdkHead{header: parseVMDKHeader(b), sector: [sectorSize]byte(b)}
	h := &head.header
	if err := h.check(o); err != nil {
		return nil, err
	}
	end := int(h.descriptorOffset+h.descriptorSize) * sectorSize //nolint:gosec // check bounds both
	if b, err = in.peek(end); err != nil {
		return nil, err
	}
	if len(b) < end {
		return nil, in.truncated()
	}
	head.descriptor, err = parseVMDKDescriptor(b[h.descriptorOffset*sectorSize:])
	if err != nil {
		return nil, err
	}
	return head, head.agree()
}

// agree holds the descriptor against the header.
func (v *vmdkHead) agree() error {
	if v.header.compressed() != (v.descriptor.createType == "streamOptimized") {
		return damaged(VMDK, sectorSize, "its descriptor says that it is %s, which its header's flags (%#x) deny",
			v.descriptor.createType, v.header.flags)
	}
	if v.descriptor.sectors != v.header.capacity {
		return damaged(VMDK, sectorSize, "its descriptor says %d sectors, its header %d",
			v.descriptor.sectors, v.header.capacity)
	}
	return nil
}

func (v *vmdkHead) info() Info {
	return Info{
		Format:     VMDK,
		Subformat:  v.descriptor.createType,
		Size:       v.header.size(),
		ProvesEnd:  true,
		Compressed: v.header.compressed(),
	}
}

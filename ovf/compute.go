package ovf

// maxVCPUs and maxMemory, in bytes, bound a descriptor's claim to what a system
// template can have: more is a slip, or meant for no host that there is.
const (
	maxVCPUs  = 255
	maxMemory = 16 << 40
)

// processors reads the number of vCPUs.
func (b *builder) processors() error {
	found := 0
	for n := range b.items {
		i := &b.items[n]
		if i.resource != typeCPU {
			continue
		}
		count := int64(1)
		if i.quantity == "" {
			b.out.warn(i.at, "the processor %s has no quantity; it counts as 1", i.label())
		} else {
			var err error
			if count, err = wholeNumber(i.quantity); err != nil {
				return refuseAt(BadDescriptor, i.at, "the number of processors is wrong: %v", err)
			}
		}
		if count < 1 || count > maxVCPUs {
			return refuseAt(BadDescriptor, i.at, "%d processors are not possible; 1 to %d are", count, maxVCPUs)
		}
		if found++; found > 1 {
			b.out.warn(i.at, "there is more than one processor item; their numbers are added up")
		}
		b.out.VCPUs += int(count)
		b.out.Cores = number(i.at.value("CoresPerSocket"))
	}
	switch {
	case b.out.VCPUs > maxVCPUs:
		return refuseAt(BadDescriptor, b.sys.hardware, "%d processors are not possible; 1 to %d are", b.out.VCPUs, maxVCPUs)
	case found == 0:
		b.out.VCPUs = 1
		b.out.warn(b.sys.hardware, "no processors are given; it gets 1")
	}
	if b.out.Cores > 0 && b.out.VCPUs%b.out.Cores != 0 {
		b.out.warn(b.sys.hardware, "%d processors cannot be made of sockets with %d cores; the cores are ignored", b.out.VCPUs, b.out.Cores)
		b.out.Cores = 0
	}
	return nil
}

// defaultMemory is what a system without a memory item gets, in bytes.
const defaultMemory = 1 << 30

// memory reads the size of the memory.
func (b *builder) memory() error {
	found := 0
	for n := range b.items {
		i := &b.items[n]
		if i.resource != typeMemory {
			continue
		}
		if i.quantity == "" {
			b.out.warn(i.at, "the memory %s has no quantity and is not counted", i.label())
			continue
		}
		size, err := b.memorySize(i)
		if err != nil {
			return refuseAt(BadDescriptor, i.at, "the size of the memory is wrong: %v", err)
		}
		if found++; found > 1 {
			b.out.warn(i.at, "there is more than one memory item; their sizes are added up")
		}
		if size > maxMemory-b.out.Memory {
			return refuseAt(BadDescriptor, i.at, "the size of the memory is too large; %d bytes are the most", int64(maxMemory))
		}
		b.out.Memory += size
	}
	if b.out.Memory == 0 {
		b.out.Memory = defaultMemory
		b.out.warn(b.sys.hardware, "no memory is given; it gets 1 GiB")
	}
	return nil
}

// memorySize is the size in bytes. Without a unit, which 15 in 100 descriptors
// lack, small numbers are MiB: nobody means less than a megabyte.
func (b *builder) memorySize(i *item) (int64, error) {
	const least = 1 << 20
	size, err := quantity(i.quantity, i.unit, 1)
	if err != nil || i.unit != "" || size >= least {
		return size, err
	}
	b.out.warn(i.at, "the memory of %d has no unit; it is taken for MiB", size)
	return times(size, 1<<20)
}

package disk

// A Format names a disk image format, or one of the packings that images come
// in. Its text is what users write and read.
type Format string

// The formats that Open decodes.
const (
	Raw  Format = "raw"
	VMDK Format = "vmdk"
)

// Formats that are recognised, so that a file in one of them isn't taken for
// the content of a raw disk.
const (
	QCOW      Format = "qcow"
	QCOW2     Format = "qcow2"
	QED       Format = "qed"
	VHD       Format = "vhd"
	VHDX      Format = "vhdx"
	VDI       Format = "vdi"
	Parallels Format = "parallels"
	Bochs     Format = "bochs"
	DMG       Format = "dmg"
	LUKS      Format = "luks"
	COWD      Format = "cowd"
	SESparse  Format = "sesparse"
	// VMDKDescriptor is the text file that names the extents of a split disk.
	VMDKDescriptor Format = "vmdk-descriptor"

	Gzip  Format = "gzip"
	XZ    Format = "xz"
	Zstd  Format = "zstd"
	Bzip2 Format = "bzip2"
	LZ4   Format = "lz4"
	Zip   Format = "zip"
	Seven Format = "7z"
	Tar   Format = "tar"
)

// title is the format's name as its makers write it, with an article.
func (f Format) title() string {
	switch f {
	case Raw:
		return "a raw image"
	case VMDK:
		return "a VMDK image"
	case VHD, VHDX, VDI, DMG:
		return "a " + upper(f) + " image"
	case QED, LUKS:
		return "a " + upper(f) + " container"
	case QCOW, QCOW2, Bochs:
		return "a " + string(f) + " image"
	case Parallels:
		return "a Parallels image"
	case COWD:
		return "a COWD disk of VMware ESX"
	case SESparse:
		return "a seSparse disk of VMware ESXi"
	case VMDKDescriptor:
		return "the descriptor of a split VMDK, without its data"
	case Gzip, XZ, Zstd, Bzip2, LZ4:
		return "a file compressed with " + string(f)
	case Zip, Seven, Tar:
		return "a " + string(f) + " archive"
	}
	return "a " + string(f) + " file"
}

func upper(f Format) string {
	b := []byte(f)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

// advice is what to do with a file of the format, which Open doesn't decode.
func (f Format) advice() string {
	switch f {
	case Raw, VMDK:
		return ""
	case Gzip, XZ, Zstd, Bzip2, LZ4:
		return "decompress it on the way in"
	case Zip, Seven:
		return "unpack it and send the image in it"
	case Tar:
		return "import it as an OVA, or send the image in it"
	case VMDKDescriptor:
		return "convert the disk with its data to a streamOptimized VMDK, or send the data file as raw"
	case COWD, SESparse:
		return "export the virtual machine, or clone the disk with vmkfstools"
	case LUKS:
		return "say that the format is raw, if a guest is to open it"
	case QCOW, QCOW2, QED, VHD, VHDX, VDI, Parallels, Bochs, DMG:
	}
	return "convert it with qemu-img to raw or to a streamOptimized VMDK"
}

package block

import (
	"context"
	"errors"
	"io"
	"time"
)

// Failures that a caller may ask for with errors.Is, besides fs.ErrNotExist,
// fs.ErrExist, fs.ErrInvalid, syscall.ENOSPC and syscall.EBUSY.
var (
	// ErrHasClones says that a volume can't be removed because clones of it live.
	ErrHasClones = errors.New("the volume has clones")
	// ErrFrozen says that a volume has a snapshot and takes no more writes.
	ErrFrozen = errors.New("the volume is frozen by a snapshot")
	// ErrUnavailable says that the storage behind a pool doesn't answer.
	ErrUnavailable = errors.New("the storage does not answer")
)

// A Pool holds volumes, each under a name of its own.
//
// All methods may be called from any goroutine, also at once. Create and Rename
// are atomic against each other, from other processes and hosts too: of two
// that want one name exactly one wins, the other gets fs.ErrExist. A context
// bounds the wait for storage where the driver can do so; a driver that can't
// (librbd) returns only when its call does, and the caller must be ready to
// kill its own process. Every method answers fs.ErrInvalid, and does nothing,
// for the name of a volume or snapshot that ValidName refuses.
type Pool interface {
	// Create makes a volume of exactly size bytes (0 is allowed, any multiple of
	// 1 is) that reads as zeros and takes no room yet. It is open for reading
	// and writing. fs.ErrExist when the name is taken, fs.ErrInvalid for a name
	// that ValidName refuses or a negative size, syscall.ENOSPC.
	Create(ctx context.Context, name string, size int64) (Volume, error)

	// Open opens a volume for reading, and for writing unless it is frozen.
	// fs.ErrNotExist.
	Open(ctx context.Context, name string) (Volume, error)

	// List names all volumes, sorted. Volumes that come or go meanwhile may
	// be missing or present.
	List(ctx context.Context) ([]string, error)

	// Rename gives a closed volume a new name; its data, snapshots, metadata and
	// clones stay as they are, and its clones name it anew as their parent.
	// fs.ErrNotExist, fs.ErrExist (also when both names are the same).
	Rename(ctx context.Context, from, to string) error

	// Clone makes the volume clone from a snapshot of the volume parent: same
	// size and content, no metadata, taking no room where the storage can do
	// so. fs.ErrNotExist when parent or snapshot is not there, fs.ErrExist.
	Clone(ctx context.Context, parent, snapshot, clone string) error

	// Flatten makes a clone a volume without a parent: its content, snapshots,
	// metadata and clones stay, and it takes the room itself. It may be open and
	// in use. For a volume that is no clone nothing is to be done. When it fails
	// or is cut off the clone is whole and still one; it may be called again.
	// fs.ErrNotExist, syscall.ENOSPC.
	Flatten(ctx context.Context, name string) error

	// Remove removes a volume with its snapshots and metadata, whole or not at
	// all. fs.ErrNotExist, ErrHasClones (nothing is changed), syscall.EBUSY
	// while somebody has it open (the watcher of a killed RBD client: 30 s).
	Remove(ctx context.Context, name string) error

	// Room tells the pool's size and what is left.
	Room(ctx context.Context) (Room, error)

	// Locate tells how a hypervisor on this host reaches the volumes.
	// errors.ErrUnsupported where none can.
	Locate(ctx context.Context) (Location, error)

	// Close gives back what the pool holds. All its volumes must be closed
	// before. It may be called once.
	Close() error
}

// A Volume is an open volume.
//
// ReadAt, WriteAt, Zero, Data and Flush may be called from many goroutines at once,
// WriteAt and Zero on ranges that don't overlap. Resize, Snapshot and Close
// have the volume to themselves.
type Volume interface {
	// ReadAt and WriteAt keep to the contracts of io; both know nothing of
	// alignment, and WriteAt beyond the size fails with fs.ErrInvalid and
	// writes nothing. A short write is io.ErrShortWrite. On a frozen volume
	// WriteAt, Zero, Resize answer ErrFrozen; Snapshot and SetMetadata work.
	io.ReaderAt
	io.WriterAt

	// Zero makes length bytes from off read as zeros and gives their room back
	// where the storage can do so. Beyond the size it fails with fs.ErrInvalid
	// and changes nothing.
	Zero(off, length int64) error

	// Data calls visit for each run of bytes that may be other than zeros, in
	// the order of their offsets, as finely as the storage knows; all between
	// them reads as zeros. The first failure of visit ends it, and is its
	// answer. What is written meanwhile may be missing.
	Data(ctx context.Context, visit func(off, length int64) error) error

	// Flush returns when all that was written before is durable. Nothing is
	// durable without it, not even by Close.
	Flush() error

	// Resize makes the volume size bytes large. What is cut off is gone; what is
	// added reads as zeros. fs.ErrInvalid for a negative size.
	Resize(size int64) error

	// Size is the volume's size in bytes.
	Size() int64

	// ObjectSize is the unit, in bytes, that the storage likes writes to be
	// aligned to and as large as; a power of two.
	ObjectSize() int64

	// Snapshot takes a snapshot of that name and freezes the volume: it takes
	// no more writes, from this or any later opening. What was written before
	// is durable with it. A frozen volume may get further snapshots.
	// fs.ErrExist.
	Snapshot(ctx context.Context, name string) error

	// SetMetadata stores keys and values with the volume, durably; keys that
	// are there already get the new value. Keys look like "spliced.origin";
	// values are UTF-8 text of 1 to 4096 bytes.
	SetMetadata(ctx context.Context, values map[string]string) error

	// Info tells what else is known of the volume.
	Info(ctx context.Context) (Info, error)

	// Close closes the volume, and must be called exactly once.
	Close() error
}

// Info is what a pool knows of a volume beside its data.
type Info struct {
	Size      int64             // bytes
	Allocated int64             // bytes that take room in the pool, rounded as the storage does
	Snapshots []string          // names, oldest first
	Parent    string            // "volume@snapshot" that it was cloned from, or ""
	Children  []string          // names of clones made from its snapshots, sorted; "pool/name" for those in other pools
	Metadata  map[string]string // as set by SetMetadata, never nil
	Created   time.Time         // zero where the storage doesn't tell
}

// Room is the room of a pool, in bytes. A quota counts as the pool's size.
type Room struct {
	Size int64
	Free int64
}

// MaxName is the length in bytes of the longest name of a volume.
const MaxName = 200

// ValidName reports whether name can be a volume's: one to MaxName bytes of
// [A-Za-z0-9._-], the first of them a letter or a digit.
func ValidName(name string) bool {
	if name == "" || len(name) > MaxName {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return true
}

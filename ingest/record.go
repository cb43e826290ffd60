package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"spliced/block"
)

const (
	recordHead = "ova_"
	recordTail = ".record"
)

// RecordVolume is the name of the volume in which a pool keeps what an OVA is. It
// is no disk's, of whatever OVA: those end with an underscore and letters and
// digits, in which there is no dot.
func RecordVolume(ova string) string { return recordHead + ova + recordTail }

// RecordedOVA is the OVA whose record a volume of that name is.
func RecordedOVA(volume string) (ova string, is bool) {
	ova, is = strings.CutPrefix(volume, recordHead)
	if is {
		ova, is = strings.CutSuffix(ova, recordTail)
	}
	return ova, is
}

// StageRecord puts size bytes from r into the new volume name. When it fails the
// volume may be left behind for Undo.
func StageRecord(ctx context.Context, pool block.Pool, name string, r io.Reader, size int64) (StagedDisk, error) {
	staged := StagedDisk{Volume: name, Size: size, Proven: true}
	content := make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return staged, fmt.Errorf("cannot read the record: %w", err)
	}
	v, err := pool.Create(ctx, name, size)
	if err != nil {
		return staged, fmt.Errorf("cannot make the volume %q: %w", name, err)
	}
	_, err = v.WriteAt(content, 0)
	if err == nil {
		err = v.Flush()
	}
	if err := errors.Join(err, v.Close()); err != nil {
		return staged, fmt.Errorf("cannot write the volume %q: %w", name, err)
	}
	var sum contentSum
	sum.add(content, 0)
	staged.Content = sum.String()
	return staged, nil
}

// ReadRecord reads a whole volume of at most that many bytes. A larger one is a
// Refusal.
func ReadRecord(ctx context.Context, pool block.Pool, name string, most int64) ([]byte, error) {
	var content []byte
	err := with(ctx, pool, name, func(v block.Volume) error {
		if v.Size() > most {
			return refuse(TooLarge, "the volume %q has %d bytes; no record has more than %d", name, v.Size(), most)
		}
		content = make([]byte, v.Size())
		if n, err := v.ReadAt(content, 0); n < len(content) {
			return fmt.Errorf("cannot read the volume %q: %w", name, err)
		}
		return nil
	})
	return content, err
}

// Seal says in a volume's metadata that the object whose it is was recorded: from
// then on its import is never undone. A volume that is gone, or that another job
// made, is left alone.
func Seal(ctx context.Context, pool block.Pool, job, name string) error {
	info, err := ownedBy(ctx, pool, job, name)
	if err != nil || info == nil {
		return err
	}
	err = with(ctx, pool, name, func(v block.Volume) error {
		return v.SetMetadata(ctx, map[string]string{MetaRecorded: Recorded})
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot say in the volume %q that it is recorded: %w", name, err)
	}
	return nil
}

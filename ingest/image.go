package ingest

import (
	"context"
	"strings"

	"spliced/block"
	"spliced/disk"
)

// An ImageRequest says how to take a disk image.
type ImageRequest struct {
	Staging string      `json:"staging"` // the volume to make
	Format  disk.Format `json:"format"`  // "": recognise it
	Size    int64       `json:"size"`    // of the source in bytes, -1: not said
	SHA256  string      `json:"sha256"`  // of the source, "": not said
}

// A StagedImage is an image whose volume is written.
type StagedImage struct {
	StagedDisk
	SHA256 string `json:"sha256"` // of the source
	Bytes  int64  `json:"bytes"`  // of the source
}

// Image decodes a disk image from src into the staging volume of pool. It
// returns when the volume is durable; when it fails, the volume may be left
// behind for Undo. Proven in the answer says that what was read is known to be
// whole: by size, digest, format, or because the source is a file.
//
// started is called once, when the image is recognised, with whether the end is
// going to be proven.
func Image(ctx context.Context, pool block.Pool, src *Source, rq ImageRequest, l Limits, p Progress, started func(proves bool)) (StagedImage, error) {
	f := &flow{pool: pool, source: src, limits: l, progress: p}
	var staged StagedImage
	err := f.during(ctx, func(ctx context.Context) error {
		var err error
		staged, err = f.image(ctx, rq, started)
		return err
	})
	return staged, err
}

func (f *flow) image(ctx context.Context, rq ImageRequest, started func(bool)) (StagedImage, error) {
	if size := f.source.Size(); size >= 0 && rq.Size >= 0 && size != rq.Size {
		return StagedImage{}, refuse(Integrity, "the file has %d bytes, %d were announced", size, rq.Size)
	}
	d := newDigester(f.source)
	defer d.abandon()
	size := rq.Size
	if size < 0 {
		size = f.source.Size()
	}
	r, err := disk.Open(d, disk.Options{
		Format: rq.Format, Size: size, MaxVirtualSize: f.limits.MaxVirtualSize, ChunkSize: chunkSize,
	})
	if err != nil {
		return StagedImage{}, err
	}
	proves := r.Info().ProvesEnd || size >= 0 || rq.SHA256 != ""
	started(proves)
	staged, err := f.stage(ctx, rq.Staging, r)
	if err != nil {
		return StagedImage{}, err
	}
	if err := f.end(d); err != nil {
		return StagedImage{}, err
	}
	sum := d.sum()
	if err := f.matches(size, sum, strings.ToLower(rq.SHA256)); err != nil {
		return StagedImage{}, err
	}
	if err := f.source.Unchanged(); err != nil {
		return StagedImage{}, err
	}
	staged.Proven = proves
	return StagedImage{StagedDisk: staged, SHA256: sum, Bytes: f.source.Offset()}, nil
}

package catalog

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"spliced/api"
	"spliced/ingest"
	"spliced/worker"
)

// imageOrigin is what an image and its volume say of where they are from.
const imageOrigin = "image"

func (c *Catalog) adoptImage(ctx context.Context, in Intent) (string, error) {
	var facts []ingest.Facts
	err := c.withWorker(ctx, func(w *worker.Worker) error {
		var err error
		facts, err = w.Survey(ctx, c.pools[in.Pool], []string{in.Name}, func(int) {})
		return err
	})
	if err != nil {
		return "", err
	}
	if err := adoptable(&facts[0], imageOrigin); err != nil {
		return "", err
	}
	v, err := imageRecord(in.Pool, &facts[0])
	if err != nil {
		return "", err
	}
	if err := settled(c.images[in.Pool].Create(in.Name, v)); err != nil {
		return "", err
	}
	return fmt.Sprintf("Adopted image %q with %d bytes.", v.Name, int64(v.Size)), nil
}

// imageRecord is the record of a volume that an import of an image left.
func imageRecord(pool string, f *ingest.Facts) (api.Volume, error) {
	digest := regexp.MustCompile(`^[0-9a-f]{64}$`)
	format := regexp.MustCompile(`^[a-z0-9]{1,16}$`)
	m, allocated := f.Metadata, api.Size(f.Allocated)
	v := api.Volume{
		Pool: pool, Name: f.Name, Size: api.Size(f.Size), Allocated: &allocated, SourceFormat: m[ingest.MetaFormat],
		SHA256: m[ingest.MetaDigest], Origin: imageOrigin, Job: m[ingest.MetaJob], UploadedBy: m[ingest.MetaUser],
	}
	var err error
	if v.Created, err = time.Parse(time.RFC3339, m[ingest.MetaCreated]); err != nil {
		return v, unfit("the volume %q doesn't say when it was made", f.Name)
	}
	v.Created = v.Created.UTC()
	if !digest.MatchString(v.SHA256) || !format.MatchString(v.SourceFormat) || !jobGrammar().MatchString(v.Job) {
		return v, unfit("the volume %q doesn't say what it was made of", f.Name)
	}
	return v, plainTexts(&v)
}

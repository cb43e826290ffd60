package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

// Proofs are the flags that say what an upload is known to be.
type proofs struct {
	size, sha256 string
}

func (p *proofs) flags(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&p.size, "size", "", "the "+what+" has `N` bytes, or as many with a unit: 4GiB")
	cmd.Flags().StringVar(&p.sha256, "sha256", "", "the "+what+" has the SHA-256 `HEX`")
}

func (p *proofs) any() bool { return p.size != "" || p.sha256 != "" }

// parse checks the flags' values.
func (p *proofs) parse() (size *api.Size, err error) {
	if err := api.CheckSHA256(p.sha256); err != nil {
		return nil, misuse("", "Cannot use --sha256: %v.", err)
	}
	if p.size == "" {
		return nil, nil //nolint:nilnil // no size was given, which is no failure
	}
	n, err := api.ParseSize(p.size)
	if err != nil {
		return nil, misuse("", "Cannot use --size: %v.", err)
	}
	return &n, nil
}

// An upload is what image.upload and ova.upload have in common here.
type upload struct {
	what   string // "image"
	name   string
	method string
	params any
	vouch  bool // the end of the stream is the end of the upload
	detach bool // don't wait for the job
}

// upload starts the job, and sees it to its end.
func (c *cli) upload(ctx context.Context, conn *client.Client, u upload, source *os.File) error {
	started, err := c.begin(ctx, conn, u.method, u.params, source)
	if err != nil {
		return err
	}
	if u.detach || started.value.Job == "" {
		return c.begun(started)
	}
	follower := &follower{cli: c, conn: conn, id: started.value.Job, cancels: true, stuck: u.unproven()}
	if u.vouch {
		follower.stuck = nil
	}
	job, err := follower.run(ctx)
	return c.ended(job, err)
}

// unproven is why an upload can't go on whose source can't prove its end.
func (u *upload) unproven() error {
	return misuse("Give --size or --sha256, or a file in place of the stream. With --trust-eof the image ends where the stream does, also when its sender was killed.",
		"Cannot upload %s %q: it comes in a stream, and nothing tells a whole one from one that was cut off.", u.what, u.name)
}

// begun tells of a job that goes on without us.
func (c *cli) begun(started answer[api.Result]) error {
	err := c.tell(started.raw, started.value.Message)
	if err != nil || started.value.Job == "" || c.format != formatTable {
		return err
	}
	c.note("Follow it with: splicectl job wait %s", clean(started.value.Job))
	return nil
}

// ended tells how a job ended. Where following it went wrong, that is why.
func (c *cli) ended(job answer[api.Job], err error) error {
	if err != nil {
		return err
	}
	if c.format != formatTable {
		if err := c.writeDocument(job.raw); err != nil {
			return err
		}
		return outcome(job.value)
	}
	if job.value.State == api.JobSucceeded {
		return c.say(job.value.Message)
	}
	return outcome(job.value)
}

// checkName refuses what could not name an object, before anything is opened.
func checkName(action, name string) error {
	if err := api.CheckName(name); err != nil {
		return misuse("", "Cannot %s: %v.", action, err)
	}
	return nil
}

// onlyPool returns the pool that was named, or the daemon's only one.
func onlyPool(ctx context.Context, conn *client.Client, named string) (string, error) {
	if named != "" {
		return named, nil
	}
	pools, err := ask[[]api.Pool](ctx, conn, "pool.list", nil)
	if err != nil {
		return "", err
	}
	if len(pools.value) == 1 {
		return pools.value[0].Name, nil
	}
	if len(pools.value) == 0 {
		return "", misuse("Pools stand in the daemon's configuration.", "Cannot choose a pool: the daemon has none.")
	}
	return "", misuse("Add --pool NAME.", "Cannot choose a pool: the daemon has %s.", poolNames(pools.value))
}

func poolNames(pools []api.Pool) string {
	names := make([]string, len(pools))
	for i, p := range pools {
		names[i] = p.Name
	}
	return enumerate(names)
}

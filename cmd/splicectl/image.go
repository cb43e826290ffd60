package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

// image makes the commands about disk images.
func (c *cli) image() *cobra.Command {
	return group(&cobra.Command{Use: "image", Short: "Disk images in the pools"},
		c.imageUpload(), c.imageList(), c.imageShow(), c.imageRemove(), c.imageInspect(),
		c.adoptables(imageAdoption()), c.adopt(imageAdoption()))
}

const imageUploadHelp = `Takes a disk image into a pool, where it is stored raw.

The image comes from FILE, or from stdin where FILE is "-" or absent. It goes from
there to the daemon directly, in one pass: it may be a pipe.

A raw image in a stream can't prove that it is whole: a sender that is killed ends
it just like one that is done. So say what it must be, by --size or --sha256. Where
you have neither, --trust-eof takes the end of the stream as the end of the image.
A file, and a streamOptimized VMDK, need nothing of this.`

func (c *cli) imageUpload() *cobra.Command {
	var (
		params   api.ImageUpload
		proof    proofs
		trustEOF bool
		noWait   bool
	)
	cmd := &cobra.Command{
		Use:   "upload NAME [FILE]",
		Short: "Take a disk image into a pool",
		Long:  imageUploadHelp,
		Example: `  splicectl image upload debian debian.vmdk --pool vms
  zstdcat disk.raw.zst | splicectl image upload disk --size 8GiB`,
		Args: between(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if trustEOF && noWait {
				return misuse("", "Cannot use --trust-eof with --no-wait: somebody must wait for the end in order to trust it.")
			}
			params.Name = args[0]
			size, err := checkUpload("image", params.Name, &proof)
			if err != nil {
				return err
			}
			params.Size, params.SHA256 = size, proof.sha256
			u := upload{what: "image", name: params.Name, method: "image.upload", params: &params, vouch: trustEOF, detach: noWait}
			return c.withSource(cmd.Context(), args[1:], func(source *os.File) error {
				if noWait && !proof.any() && params.Format != "vmdk" && !isFile(source) {
					return u.unproven() // it would ask, and nobody would answer
				}
				return c.daemon(cmd.Context(), func(conn *client.Client) (err error) {
					if params.Pool, err = onlyPool(cmd.Context(), conn, params.Pool); err != nil {
						return err
					}
					return c.upload(cmd.Context(), conn, u, source)
				})
			})
		},
	}
	c.poolFlag(cmd, &params.Pool)
	cmd.Flags().StringVar(&params.Format, "format", "", "the image's `FORMAT`: raw or vmdk; recognised unless given")
	proof.flags(cmd, "upload")
	forceFlag(cmd, &params.Force)
	cmd.Flags().BoolVar(&trustEOF, "trust-eof", false, "the end of the stream is the end of the image")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "start the job and leave")
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"raw", "vmdk"}, cobra.ShellCompDirectiveNoFileComp)))
	cmd.ValidArgsFunction = completeUpload
	return cmd
}

// checkUpload checks what all uploads have.
func checkUpload(what, name string, proof *proofs) (*api.Size, error) {
	if err := checkName("upload "+what, name); err != nil {
		return nil, err
	}
	return proof.parse()
}

func (c *cli) imageList() *cobra.Command {
	var params api.ImageList
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the images",
		Args:  between(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listing(cmd.Context(), c, "image.list", &params, params.Match, "images", imageTable)
		},
	}
	c.poolFlag(cmd, &params.Pool)
	matchFlag(cmd, &params.Match)
	return cmd
}

func (c *cli) imageShow() *cobra.Command {
	var params api.ImageRef
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show an image",
		Args:  between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) (err error) {
				params.Name = args[0]
				if params.Pool, err = onlyPool(cmd.Context(), conn, params.Pool); err != nil {
					return err
				}
				volume, err := ask[api.Volume](cmd.Context(), conn, "image.show", &params)
				if err != nil {
					return err
				}
				return write(c, volume, imageDetails)
			})
		},
	}
	c.poolFlag(cmd, &params.Pool)
	cmd.ValidArgsFunction = c.completeNames("image.list", nil, 1)
	return cmd
}

func (c *cli) imageRemove() *cobra.Command {
	var (
		pool         string
		yes, flatten bool
	)
	cmd := &cobra.Command{
		Use:     "remove NAME…",
		Aliases: []string{"rm"},
		Short:   "Remove images",
		Example: "  splicectl image remove old older --yes",
		Args:    between(1, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.daemon(cmd.Context(), func(conn *client.Client) error {
				from, err := onlyPool(cmd.Context(), conn, pool)
				if err != nil {
					return err
				}
				return c.remove(cmd.Context(), conn, removal{
					method: "image.remove", what: "image", whats: "images", names: args, yes: yes,
					params: func(name string) any { return api.ImageRemove{Pool: from, Name: name, Flatten: flatten} },
				})
			})
		},
	}
	c.poolFlag(cmd, &pool)
	yesFlag(cmd, &yes)
	flattenFlag(cmd, &flatten)
	cmd.ValidArgsFunction = c.completeNames("image.list", nil, -1)
	return cmd
}

func (c *cli) imageInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect [FILE]",
		Short: "Tell what an upload of a disk image would find",
		Long:  "Tells what an upload of a disk image would find in FILE, or in stdin, and takes nothing in.",
		Args:  between(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return inspect(cmd.Context(), c, "image.inspect", args, imagePlan)
		},
	}
}

// poolFlag is for commands that concern one pool.
func (c *cli) poolFlag(cmd *cobra.Command, pool *string) {
	cmd.Flags().StringVar(pool, "pool", "", "the pool's `NAME`; not needed where the daemon has one pool only")
	must(cmd.RegisterFlagCompletionFunc("pool", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return c.names(cmd.Context(), "pool.list", nil), cobra.ShellCompDirectiveNoFileComp
	}))
}

func forceFlag(cmd *cobra.Command, force *bool) {
	cmd.Flags().BoolVar(force, "force", false, "even if the pool gets fuller than the daemon's limit")
}

func yesFlag(cmd *cobra.Command, yes *bool) {
	cmd.Flags().BoolVarP(yes, "yes", "y", false, "don't ask")
}

func flattenFlag(cmd *cobra.Command, flatten *bool) {
	cmd.Flags().BoolVar(flatten, "flatten", false, "make clones of it independent first, which copies what they share with it")
}

func matchFlag(cmd *cobra.Command, match *string) {
	cmd.Flags().StringVar(match, "match", "", "only those whose name matches the regular expression `RE` (RE2)")
}

// inspect asks what an upload would find.
func inspect[T any](ctx context.Context, c *cli, method string, args []string, table tableOf[T]) error {
	return c.withSource(ctx, args, func(source *os.File) error {
		return c.daemon(ctx, func(conn *client.Client) error {
			plan, err := ask[T](ctx, conn, method, api.Inspect{}, source)
			if err != nil {
				return err
			}
			return write(c, plan, table)
		})
	})
}

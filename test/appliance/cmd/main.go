// Command cmd builds the demonstration appliance into a folder:
//
//	go run ./test/appliance/cmd --out DIR [--efi] [--stay] [--cache DIR]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"spliced/test/appliance"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot build the appliance: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var o appliance.Options
	f := flag.NewFlagSet("appliance", flag.ExitOnError)
	f.StringVar(&o.Out, "out", "", "folder for the results (required)")
	f.StringVar(&o.Cache, "cache", "", "folder that keeps Debian's packages (default: in the user's cache)")
	f.BoolVar(&o.EFI, "efi", false, "boot by EFI firmware instead of a BIOS")
	f.BoolVar(&o.Stay, "stay", false, "don't power off after the line on the serial port")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.Out == "" || f.NArg() > 0 {
		return fmt.Errorf("say where to: --out DIR, and nothing else")
	}
	if o.Cache == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		o.Cache = filepath.Join(cache, "spliced", "packages")
	}
	return appliance.Build(ctx, o)
}

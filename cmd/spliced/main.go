// Spliced is the daemon: it takes JSON-RPC on a Unix socket and puts appliances
// and disk images into the pools of a virtualization host.
//
//	spliced [--config FILE] [--listen PATH] [--show-config]
//	spliced worker
//
// The second form is how it starts itself to work on a pool.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// version is set by the linker.
var version = "dev"

func main() {
	err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "spliced: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 1 && args[0] == "worker" {
		return work(ctx)
	}
	flags := flag.NewFlagSet("spliced", flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "", "read the configuration from `FILE` (default "+defaultConfig+" if it exists)")
	listen := flags.String("listen", "", "listen on the socket `PATH`, where none is passed in by systemd")
	show := flags.Bool("show-config", false, "print the configuration that applies, and end")
	printVersion := flags.Bool("version", false, "print the version, and end")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not understood; spliced --help tells what is", flags.Arg(0))
	}
	if *printVersion {
		_, err := fmt.Fprintln(stdout, "spliced", version)
		return err
	}
	config, err := readConfig(*path)
	if err != nil {
		return err
	}
	if *show {
		return config.write(stdout)
	}
	return serve(ctx, config, *listen)
}

// Command cmd builds the benchmark's data and runs the benchmark:
//
//	go run ./test/bench/cmd data --out DIR
//	go run ./test/bench/cmd run --data DIR --spliced PATH --splicectl PATH --conf CEPHCONF --pool POOL
//	go run ./test/bench/cmd vms --spliced PATH --splicectl PATH --conf CEPHCONF --pool POOL --libvirt SOCKET
//	go run ./test/bench/cmd catalogue --spliced PATH
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"spliced/test/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot run the benchmark: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "data":
			return data(ctx, args[1:])
		case "run":
			return contest(ctx, args[1:])
		case "vms":
			return vms(ctx, args[1:])
		case "catalogue":
			return catalogue(ctx, args[1:])
		}
	}
	return errors.New("say what to do: data, run, vms or catalogue")
}

func data(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("data", flag.ExitOnError)
	var s bench.Set
	f.StringVar(&s.Out, "out", "", "folder for the data (required); kept as it is when complete")
	size := f.Int64("size", 8192, "size of the virtual disk in MiB")
	content := f.Int64("content", 1024, "real files on it in MiB, binaries first")
	roots := f.String("roots", defaultRoots(), "folders to collect files from")
	if err := f.Parse(args); err != nil {
		return err
	}
	if s.Out == "" || f.NArg() > 0 || *content < 1 || *size < *content {
		return errors.New("say where to: --out DIR, and a disk no smaller than its content")
	}
	s.Size, s.DataSize = *size<<20, *content<<20
	s.Roots = filepath.SplitList(*roots)
	return bench.BuildData(ctx, s)
}

// defaultRoots are the places where a developer's machine keeps its binaries.
func defaultRoots() string {
	roots := []string{"/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/local", "/opt"}
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, "go"), filepath.Join(home, ".cache"))
	}
	return strings.Join(append(roots, runtime.GOROOT()), string(filepath.ListSeparator)) //nolint:staticcheck // go run knows it
}

func contest(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("run", flag.ExitOnError)
	var c bench.Contest
	f.StringVar(&c.Data, "data", "", "folder that data has built (required)")
	f.StringVar(&c.Image, "image", bench.Plain, "which image: plain, or shuffled with grains out of order")
	f.StringVar(&c.Spliced, "spliced", "bin/spliced", "the daemon")
	f.StringVar(&c.Splicectl, "splicectl", "bin/splicectl", "its command line")
	f.StringVar(&c.Conf, "conf", "/etc/ceph/ceph.conf", "the cluster's configuration")
	f.StringVar(&c.User, "user", "admin", "name at the cluster")
	f.StringVar(&c.Pool, "pool", "", "pool of the cluster (required)")
	f.StringVar(&c.Volume, "volume", "ova_"+bench.OVAName+"_sda", "the volume that the OVA's disk becomes")
	f.IntVar(&c.Rounds, "rounds", 5, "measured rounds, after one to warm up")
	if err := f.Parse(args); err != nil {
		return err
	}
	if c.Data == "" || c.Pool == "" || c.Rounds < 1 || f.NArg() > 0 {
		return errors.New("say what and where: --data DIR and --pool POOL, with at least one round")
	}
	return c.Run(ctx, os.Stdout)
}

func vms(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("vms", flag.ExitOnError)
	var v bench.VMs
	f.StringVar(&v.Spliced, "spliced", "bin/spliced", "the daemon")
	f.StringVar(&v.Splicectl, "splicectl", "bin/splicectl", "its command line")
	f.StringVar(&v.Conf, "conf", "/etc/ceph/ceph.conf", "the cluster's configuration")
	f.StringVar(&v.User, "user", "admin", "name at the cluster")
	f.StringVar(&v.Pool, "pool", "", "pool of the cluster (required)")
	f.StringVar(&v.Libvirt, "libvirt", "", "libvirt's socket (required)")
	f.IntVar(&v.Rounds, "rounds", 20, "measured VMs of each size, after one to warm up")
	if err := f.Parse(args); err != nil {
		return err
	}
	if v.Pool == "" || v.Libvirt == "" || v.Rounds < 1 || f.NArg() > 0 {
		return errors.New("say where: --pool POOL and --libvirt SOCKET, with at least one round")
	}
	return v.Run(ctx, os.Stdout)
}

func catalogue(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("catalogue", flag.ExitOnError)
	var c bench.Catalogue
	f.StringVar(&c.Spliced, "spliced", "bin/spliced", "the daemon")
	f.IntVar(&c.Records, "records", 10_000, "OVAs, profiles and system templates, each")
	f.IntVar(&c.Calls, "calls", 200, "measured calls of each method, after the first")
	if err := f.Parse(args); err != nil {
		return err
	}
	if c.Records < 1 || c.Calls < 1 || f.NArg() > 0 {
		return errors.New("at least one record and one call are needed")
	}
	return c.Run(ctx, os.Stdout)
}

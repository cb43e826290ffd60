package appliance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// packages are the files of the Debian packages that go into the machine. They
// are fetched and read but never installed: a kernel doesn't belong on the host.
type packages struct {
	kernel  string
	busybox string
}

// fetch finds the packages in the cache, and asks apt-get for what is missing.
func fetch(ctx context.Context, cache string) (packages, error) {
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return packages{}, err
	}
	kernel, err := cached(ctx, cache, "linux-image-[0-9]*_amd64.deb", newestKernel)
	if err != nil {
		return packages{}, fmt.Errorf("get the kernel's package: %w", err)
	}
	busybox, err := cached(ctx, cache, "busybox-static_*_amd64.deb",
		func(context.Context) (string, error) { return "busybox-static", nil })
	if err != nil {
		return packages{}, fmt.Errorf("get busybox's package: %w", err)
	}
	return packages{kernel: kernel, busybox: busybox}, nil
}

// cached returns the last file of that pattern; when there is none it fetches
// the package that name tells.
func cached(ctx context.Context, cache, pattern string, name func(context.Context) (string, error)) (string, error) {
	if found := last(cache, pattern); found != "" {
		return found, nil
	}
	pkg, err := name(ctx)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "apt-get", "--quiet", "download", pkg)
	cmd.Dir = cache
	if _, err := output(cmd); err != nil {
		return "", err
	}
	if found := last(cache, pattern); found != "" {
		return found, nil
	}
	return "", fmt.Errorf("apt-get brought no file %s for %q", pattern, pkg)
}

func last(folder, pattern string) string {
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(found) == 0 {
		return "" // a pattern of ours is never malformed
	}
	return found[len(found)-1]
}

// newestKernel asks linux-image-amd64 for the real package behind it. The
// smaller linux-image-cloud-amd64 won't do: it has no AHCI and no LSI SCSI.
func newestKernel(ctx context.Context) (string, error) {
	out, err := output(exec.CommandContext(ctx, "apt-cache", "show", "--no-all-versions", "linux-image-amd64"))
	if err != nil {
		return "", err
	}
	name := regexp.MustCompile(`(?m)^Depends: (linux-image-[0-9][^ ,]*)`).FindSubmatch(out)
	if name == nil {
		return "", fmt.Errorf("apt-cache names no package that linux-image-amd64 depends on")
	}
	return string(name[1]), nil
}

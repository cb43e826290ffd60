package script

import (
	"fmt"
	"strings"
)

// A Source is where a volume is, in the words of QEMU's block drivers.
type Source struct{ options []option }

type option struct{ key, value string }

// File is a raw file, as those of a dir pool are. The path is absolute.
func File(path string) Source {
	return Source{[]option{{"driver", "file"}, {"filename", path}}}
}

// An RBD is an image of a Ceph cluster.
type RBD struct {
	Conf      string // path of the cluster's configuration
	User      string // without "client."
	Pool      string
	Namespace string // "" is the pool's own
	Image     string
}

// Source is the image as a source. Which key the user has is for the
// configuration to say.
func (r RBD) Source() Source {
	all := []option{
		{"driver", "rbd"}, {"pool", r.Pool}, {"namespace", r.Namespace}, {"image", r.Image}, {"conf", r.Conf}, {"user", r.User},
	}
	var given []option
	for _, o := range all {
		if o.value != "" {
			given = append(given, o)
		}
	}
	return Source{given}
}

// imageOpts is the source as raw bytes, for --image-opts: nothing is guessed
// from them. A comma within a value is doubled (qemu(1), "-device" and its like;
// get_opt_value in QEMU's util/qemu-option.c).
func (s Source) imageOpts() (string, error) {
	var b strings.Builder
	b.WriteString("driver=raw")
	for _, o := range s.options {
		if strings.ContainsAny(o.value, "\x00\n") {
			return "", fmt.Errorf("its %s %q holds what no name can", o.key, o.value)
		}
		b.WriteString(",file." + o.key + "=" + strings.ReplaceAll(o.value, ",", ",,"))
	}
	return b.String(), nil
}

package script

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A Task is a script and all that it is given.
type Task struct {
	Content   string            // the text: its first line names its interpreter
	Plan      []byte            // what it reads from its standard input
	Arguments map[string]string // each becomes an environment variable SPLICED_ARG_<NAME>
	Disks     []Disk
	Network   bool // it has the host's network; otherwise nothing but a loopback of its own
	Limits    Limits
}

// A Disk is a volume that the script reaches by NBD: at the Unix socket
// /run/spliced/<id>.nbd, whose URI is in the environment as SPLICED_DISK_<ID>.
type Disk struct {
	ID     string
	Socket string // outside; WithExports makes it
}

// Limits bound a script. What is 0 has its default.
type Limits struct {
	Time      time.Duration // until everything is killed: 10 minutes
	Memory    int64         // address space of each process in bytes: 1 GiB
	Processes int           // and threads, of them all: 128
	Files     int           // descriptors of each process: 1024
	Scratch   int64         // bytes in /tmp, and as many in /dev/shm: 64 MiB
	Output    int64         // bytes of output that are passed on: 1 MiB
}

func (l Limits) orDefaults() Limits {
	return Limits{
		Time:      either(l.Time, 10*time.Minute),
		Memory:    either(l.Memory, 1<<30),
		Processes: either(l.Processes, 128),
		Files:     either(l.Files, 1024),
		Scratch:   either(l.Scratch, 64<<20),
		Output:    either(l.Output, 1<<20),
	}
}

func either[T ~int | ~int64](v, fallback T) T {
	if v == 0 {
		return fallback
	}
	return v
}

// check refuses what could not be passed on as it is.
func (t Task) check() error {
	if !strings.HasPrefix(t.Content, "#!") {
		return errors.New("cannot run the script: no interpreter is named by #! in its first line")
	}
	for _, d := range t.Disks {
		if !regexp.MustCompile(`^[a-z][a-z0-9]{0,15}$`).MatchString(d.ID) {
			return fmt.Errorf("cannot run the script: %q is no id of a disk", d.ID)
		}
	}
	_, err := t.environment()
	return err
}

// environment is the whole environment of the script.
func (t Task) environment() (map[string]string, error) {
	env := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME": "/tmp", "TMPDIR": "/tmp", "LANG": "C.UTF-8", "USER": "nobody", "LOGNAME": "nobody",
	}
	for _, d := range t.Disks {
		env["SPLICED_DISK_"+strings.ToUpper(d.ID)] = "nbd+unix:///?socket=" + inside(d)
	}
	for name, value := range t.Arguments {
		variable := "SPLICED_ARG_" + regexp.MustCompile(`[^A-Z0-9]`).ReplaceAllString(strings.ToUpper(name), "_")
		if _, taken := env[variable]; taken {
			return nil, fmt.Errorf("cannot run the script: two of its arguments would be %s", variable)
		}
		if strings.ContainsRune(value, 0) {
			return nil, fmt.Errorf("cannot run the script: its argument %q holds a NUL byte", name)
		}
		env[variable] = value
	}
	return env, nil
}

// folder is where the script finds what is made for it.
const folder = "/run/spliced"

// inside is the path of a disk's socket in the cage.
func inside(d Disk) string { return folder + "/" + d.ID + ".nbd" }

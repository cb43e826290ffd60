package ceph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"
)

// defaultTimeout is long enough for a monitor election.
const defaultTimeout = 10 * time.Second

// Config says which pool is meant, and as whom.
type Config struct {
	Conf      string        // path of ceph.conf; "" is where Ceph looks by itself
	User      string        // name without "client."; "" is admin
	Pool      string        // name of the RBD pool
	Namespace string        // RBD namespace in the pool; "" is the default one
	Timeout   time.Duration // how long monitors may take to answer, in whole seconds; 0 is 10 s
}

// An option is one of Ceph's, set for our connection alone.
type option struct{ key, value string }

// options are set after ceph.conf was read, so that they hold whatever it says.
func options(c Config) []option {
	timeout := strconv.Itoa(int(cmp.Or(c.Timeout, defaultTimeout).Round(time.Second).Seconds()))
	return []option{
		// Monitors that don't answer are a failure, OSDs are waited for: see doc.go.
		{"client_mount_timeout", timeout},
		{"rados_mon_op_timeout", timeout},
		{"rados_osd_op_timeout", "0"},

		// A library writes no files and opens no sockets of its own.
		{"log_file", ""},
		{"log_to_file", "false"},
		{"log_to_syslog", "false"},
		{"log_to_stderr", "false"},
		{"err_to_stderr", "false"},
		{"admin_socket", ""},
		// Ceph keeps the last 10,000 lines of its log in memory, for crashes.
		{"log_max_recent", "500"},

		// Writes come in whole objects from buffers that live until the write is
		// done. A cache would copy them into 32 MiB more for each volume, and
		// answer before the OSDs did, so that what failed shows only in Flush.
		{"rbd_cache", "false"},
		// A discard may leave the odd ends of its range as they are. Zero may not.
		{"rbd_skip_partial_discard", "false"},
	}
}

// connect gives a connection to the cluster of c.
func connect(c Config) (*rados.Conn, error) {
	conn, err := rados.NewConnWithUser(cmp.Or(c.User, "admin"))
	if err != nil {
		return nil, cause(err)
	}
	if c.Conf == "" {
		err = conn.ReadDefaultConfigFile()
	} else {
		err = conn.ReadConfigFile(c.Conf)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the configuration of Ceph %q: %w", c.Conf, cause(err))
	}
	for _, o := range options(c) {
		if err := conn.SetConfigOption(o.key, o.value); errno(err) != 0 {
			return nil, fmt.Errorf("cannot set the option %s of Ceph: %w", o.key, cause(err))
		}
	}
	if err := conn.Connect(); err != nil {
		return nil, cause(err)
	}
	return conn, nil
}

// Open connects to a cluster and gives the pool that c names.
//
// block.ErrUnavailable when no monitor answers within the timeout, also when
// ceph.conf names none that exists; fs.ErrNotExist when ceph.conf, the pool or
// the namespace is not there; fs.ErrPermission when the cluster doesn't know the
// user or the user may not use the pool.
func Open(ctx context.Context, c Config) (*Pool, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	conn, err := connect(c)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to Ceph as %q: %w", cmp.Or(c.User, "admin"), err)
	}
	ioctx, err := openPool(conn, c)
	if err != nil {
		conn.Shutdown()
		return nil, err
	}
	return &Pool{
		name: c.Pool, namespace: c.Namespace, user: cmp.Or(c.User, "admin"),
		conn: conn, ioctx: ioctx, features: features, names: make(chan struct{}, 1),
	}, nil
}

// openPool gives access to the pool and its namespace.
func openPool(conn *rados.Conn, c Config) (*rados.IOContext, error) {
	ioctx, err := conn.OpenIOContext(c.Pool)
	if err != nil {
		return nil, fmt.Errorf("cannot open pool %q: %w", c.Pool, cause(err))
	}
	if c.Namespace != "" {
		// A user who may use one namespace only may not ask; it will show.
		there, err := rbd.NamespaceExists(ioctx, c.Namespace)
		if err == nil && !there {
			err = fs.ErrNotExist
		}
		if err = cause(err); err != nil && !errors.Is(err, fs.ErrPermission) {
			ioctx.Destroy()
			return nil, fmt.Errorf("cannot open namespace %q of pool %q: %w", c.Namespace, c.Pool, err)
		}
		ioctx.SetNamespace(c.Namespace)
	}
	// Full is an answer here, not a reason to wait: see doc.go.
	if err := ioctx.SetPoolFullTry(); err != nil {
		ioctx.Destroy()
		return nil, fmt.Errorf("cannot open pool %q: %w", c.Pool, cause(err))
	}
	return ioctx, nil
}

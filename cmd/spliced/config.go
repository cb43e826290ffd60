package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gopkg.in/yaml.v3"

	"spliced/api"
	"spliced/catalog"
	"spliced/vm"
	"spliced/worker"
)

const (
	defaultConfig = "/etc/spliced/spliced.yaml"
	// maxConfig is far above any configuration, and bounds what is parsed.
	maxConfig = 1 << 20
)

// A config is the daemon's configuration: packaging/spliced.yaml describes
// every key.
type config struct {
	StateDir string                `yaml:"state_dir"`
	Pools    map[string]poolConfig `yaml:"pools"`
	Limits   limitsConfig          `yaml:"limits"`
	Libvirt  libvirtConfig         `yaml:"libvirt"`
	Scripts  scriptsConfig         `yaml:"scripts"`
	Access   accessConfig          `yaml:"access"`
}

type poolConfig struct {
	Driver    string `yaml:"driver"`
	Path      string `yaml:"path,omitempty"`
	Conf      string `yaml:"conf,omitempty"`
	User      string `yaml:"user,omitempty"`
	Pool      string `yaml:"pool,omitempty"`
	Namespace string `yaml:"namespace,omitempty"`
	Secret    string `yaml:"secret,omitempty"`
}

// A libvirtConfig says what VMs run on.
type libvirtConfig struct {
	Socket        string `yaml:"socket"`
	KVM           string `yaml:"kvm"` // auto, on, off
	SerialLogs    string `yaml:"serial_logs"`
	DefineSecrets bool   `yaml:"define_secrets"`
}

// A scriptsConfig says how provisioning scripts are run, if at all.
type scriptsConfig struct {
	Allowed   bool     `yaml:"allowed"`
	Network   bool     `yaml:"network"`
	TimeLimit duration `yaml:"time_limit"`
	Memory    api.Size `yaml:"memory"`
}

type limitsConfig struct {
	Jobs           int      `yaml:"jobs"`
	MaxVirtualSize api.Size `yaml:"max_virtual_size"`
	Stall          duration `yaml:"stall"`
	PoolFill       int      `yaml:"pool_fill"` // per cent
}

// An accessConfig names the users and groups that have each level of access;
// root always has admin.
type accessConfig struct {
	Read  []string `yaml:"read"`
	Write []string `yaml:"write"`
	Admin []string `yaml:"admin"`
}

// A duration is written as Go writes it: 300s, 5m.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is no length of time; 300s or 5m would be", text)
	}
	*d = duration(parsed)
	return nil
}

//nolint:unparam // encoding.TextMarshaler
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func defaults() config {
	return config{
		StateDir: "/var/lib/spliced",
		Limits:   limitsConfig{Jobs: 4, MaxVirtualSize: 64 << 40, Stall: duration(300 * time.Second), PoolFill: 80},
		Libvirt:  libvirtConfig{KVM: "auto", SerialLogs: vm.SerialLogs, DefineSecrets: true},
		Scripts:  scriptsConfig{TimeLimit: duration(10 * time.Minute), Memory: 512 << 20},
		Access:   accessConfig{Read: []string{}, Write: []string{"@spliced"}, Admin: []string{}},
	}
}

// readConfig reads the configuration from path. Without a path it is the one in
// its usual place, or the defaults where there is none.
func readConfig(path string) (config, error) {
	c, said := defaults(), path != ""
	if !said {
		path = defaultConfig
	}
	file, err := os.Open(path) //nolint:gosec // G304: the admin's own choice
	if errors.Is(err, fs.ErrNotExist) && !said {
		return c, c.complete()
	}
	if err != nil {
		return c, fmt.Errorf("cannot read the configuration: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxConfig+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return c, fmt.Errorf("cannot read the configuration: %w", err)
	}
	if len(text) > maxConfig {
		return c, fmt.Errorf("cannot use the configuration %s: it is longer than %d bytes", path, maxConfig)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("cannot use the configuration %s: %w", path, plain(err))
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("cannot use the configuration %s: it holds more than one document", path)
	}
	if err := c.complete(); err != nil {
		return c, fmt.Errorf("cannot use the configuration %s: %w", path, err)
	}
	return c, nil
}

// unknownKey is what the decoder says of a key that no type of ours has.
var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+$`)

// plain tells in one line what the decoder tells in a list.
func plain(err error) error {
	list, ok := errors.AsType[*yaml.TypeError](err)
	if !ok {
		return err
	}
	var told []string
	for _, fault := range list.Errors {
		told = append(told, unknownKey.ReplaceAllString(fault, "$1 is no known key"))
	}
	return errors.New(strings.Join(told, "; "))
}

// complete fills in the default pool and checks what was said.
func (c *config) complete() error {
	if !filepath.IsAbs(c.StateDir) {
		return fmt.Errorf("state_dir is %q; an absolute path is needed", c.StateDir)
	}
	if len(c.Pools) == 0 {
		c.Pools = map[string]poolConfig{"local": {Driver: worker.DriverDir, Path: c.StateDir + "/pools/local"}}
	}
	if c.Limits.Jobs < 1 {
		return fmt.Errorf("limits.jobs is %d; at least 1 is needed", c.Limits.Jobs)
	}
	if c.Limits.MaxVirtualSize < 1 {
		return errors.New("limits.max_virtual_size is 0; no disk would fit")
	}
	if c.Limits.PoolFill < 1 || c.Limits.PoolFill > 100 {
		return fmt.Errorf("limits.pool_fill is %d; 1 to 100 per cent can be said", c.Limits.PoolFill)
	}
	if err := c.Libvirt.check(); err != nil {
		return fmt.Errorf("libvirt.%w", err)
	}
	if c.Scripts.TimeLimit < duration(time.Second) || c.Scripts.Memory < 1<<20 {
		return errors.New("scripts.time_limit and scripts.memory must leave a script one second and 1MiB at least")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Pools)) {
		pool, err := c.Pools[name].complete(name)
		if err != nil {
			return fmt.Errorf("pools.%s: %w", name, err)
		}
		c.Pools[name] = pool
	}
	return nil
}

func (l *libvirtConfig) check() error {
	switch {
	case l.Socket != "" && !filepath.IsAbs(l.Socket):
		return fmt.Errorf("socket is %q; an absolute path is needed, or nothing", l.Socket)
	case !filepath.IsAbs(l.SerialLogs):
		return fmt.Errorf("serial_logs is %q; an absolute path is needed", l.SerialLogs)
	case !slices.Contains([]string{"auto", "on", "off"}, l.KVM):
		return fmt.Errorf("kvm is %q; auto, on and off are known", l.KVM)
	}
	return nil
}

// kvm reports whether VMs are to be run by KVM: as said, or as the host has it.
func (l *libvirtConfig) kvm() bool {
	if l.KVM == "auto" {
		_, err := os.Stat("/dev/kvm")
		return err == nil
	}
	return l.KVM == "on"
}

// poolGrammar keeps pools' names fit for being part of a folder's name.
var poolGrammar = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,20}$`)

func (p poolConfig) complete(name string) (poolConfig, error) {
	if !poolGrammar.MatchString(name) {
		return p, errors.New("a pool's name is 1 to 21 lower-case letters, digits and '-'")
	}
	switch p.Driver {
	case worker.DriverDir:
		if p.Path == "" || p.Path[0] != '/' {
			return p, errors.New("a dir pool needs path, an absolute one")
		}
		if p.Conf+p.User+p.Pool+p.Namespace+p.Secret != "" {
			return p, errors.New("a dir pool has driver and path, nothing else")
		}
	case worker.DriverRBD:
		if p.Path != "" {
			return p, errors.New("an rbd pool has no path")
		}
		p.Conf = orElse(p.Conf, "/etc/ceph/ceph.conf")
		p.User = orElse(p.User, "spliced")
		p.Pool = orElse(p.Pool, name)
		if _, err := uuid.Parse(p.Secret); p.Secret != "" && err != nil {
			return p, fmt.Errorf("secret is %q; the UUID of a libvirt secret is needed", p.Secret)
		}
	default:
		return p, fmt.Errorf("driver is %q; dir and rbd are known", p.Driver)
	}
	return p, nil
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// specs are the pools as workers take them.
func (c *config) specs() []worker.PoolSpec {
	var specs []worker.PoolSpec
	for _, name := range slices.Sorted(maps.Keys(c.Pools)) {
		p := c.Pools[name]
		specs = append(specs, worker.PoolSpec{
			Name: name, Driver: p.Driver, Path: p.Path, Conf: p.Conf, User: p.User, Pool: p.Pool, Namespace: p.Namespace,
			Secret: p.Secret,
		})
	}
	return specs
}

// here is what VMs of this host run on.
func (c *config) here() catalog.Host {
	return catalog.Host{
		HostSpec: worker.HostSpec{Socket: c.Libvirt.Socket}, NoKVM: !c.Libvirt.kvm(),
		SerialLogs: c.Libvirt.SerialLogs, DefineSecrets: c.Libvirt.DefineSecrets,
		Scripts: catalog.Scripts{
			Allowed: c.Scripts.Allowed, Network: c.Scripts.Network,
			TimeLimit: time.Duration(c.Scripts.TimeLimit), Memory: int64(c.Scripts.Memory),
		},
	}
}

// write prints the configuration as a file that gives the same one.
func (c *config) write(w io.Writer) error {
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(c); err != nil {
		return fmt.Errorf("cannot print the configuration: %w", err)
	}
	return encoder.Close()
}

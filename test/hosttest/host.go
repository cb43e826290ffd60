package hosttest

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"sync"

	"spliced/libvirt"
	"spliced/worker"
)

// A Host is a libvirt that only remembers. It is a worker.Host, for any number
// of workers.
type Host struct {
	mu      sync.Mutex
	domains map[string]*domain
	secrets map[string]string
	memory  int64
	version libvirt.Version
	fails   map[string]error // what a call answers, by its name
	calls   []string
}

type domain struct {
	xml       string
	state     libvirt.State
	autostart bool
}

// New makes one without domains, with 64 GiB of memory, of a version that can all
// that is asked for.
func New() *Host {
	return &Host{
		domains: map[string]*domain{}, secrets: map[string]string{}, fails: map[string]error{},
		memory: 64 << 30, version: libvirt.RBDNamespaces,
	}
}

// Open is a worker.OpenHost.
func (h *Host) Open(context.Context, worker.HostSpec) (worker.Host, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h, h.called("open")
}

// called notes a call, and answers whether it is to fail. The caller holds h.mu.
func (h *Host) called(name string) error {
	h.calls = append(h.calls, name)
	return h.fails[name]
}

// Fail lets a call, named in lower case ("open", "free", "state", "xml", "memory", "version", "secret",
// "define", "start", "autostart", "remove"), answer err from now on.
func (h *Host) Fail(call string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fails[call] = err
}

// Mend lets all calls succeed again.
func (h *Host) Mend() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.fails)
}

// Put defines a domain of somebody else.
func (h *Host) Put(name, xml string, state libvirt.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.domains[name] = &domain{xml: xml, state: state}
}

// SetMemory says what the host has, in bytes.
func (h *Host) SetMemory(bytes int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.memory = bytes
}

// SetVersion says which libvirt it is.
func (h *Host) SetVersion(v libvirt.Version) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.version = v
}

// Calls are the names of all calls so far.
func (h *Host) Calls() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.calls)
}

// Names lists the domains.
func (h *Host) Names() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Keys(h.domains))
}

func (h *Host) find(name string) (*domain, error) {
	if d := h.domains[name]; d != nil {
		return d, nil
	}
	return nil, fs.ErrNotExist
}

// State implements worker.Host.
func (h *Host) State(_ context.Context, name string) (libvirt.State, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.called("state"); err != nil {
		return "", err
	}
	d, err := h.find(name)
	if err != nil {
		return "", err
	}
	return d.state, nil
}

// XML implements worker.Host.
func (h *Host) XML(_ context.Context, name string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.called("xml"); err != nil {
		return "", err
	}
	d, err := h.find(name)
	if err != nil {
		return "", err
	}
	return d.xml, nil
}

// Memory implements worker.Host.
func (h *Host) Memory(context.Context) (libvirt.Memory, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return libvirt.Memory{Total: h.memory, Free: h.memory}, h.called("memory")
}

// Version implements worker.Host.
func (h *Host) Version(context.Context) (libvirt.Version, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.version, h.called("version")
}

// EnsureSecret implements worker.Host.
func (h *Host) EnsureSecret(_ context.Context, s libvirt.Secret) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets[s.UUID] = string(s.Key)
	return h.called("secret")
}

// Define implements worker.Host. It remembers the domain even when it fails: libvirt may have it then.
func (h *Host) Define(_ context.Context, xml string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := regexp.MustCompile(`<name>([^<]+)</name>`).FindStringSubmatch(xml)
	if name == nil {
		return errors.New("it has no name")
	}
	if h.domains[name[1]] != nil {
		return fs.ErrExist
	}
	h.domains[name[1]] = &domain{xml: xml, state: libvirt.ShutOff}
	return h.called("define")
}

// Start implements worker.Host.
func (h *Host) Start(_ context.Context, name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.find(name)
	if err != nil {
		return err
	}
	d.state = libvirt.Running
	return h.called("start")
}

// Autostart implements worker.Host.
func (h *Host) Autostart(_ context.Context, name string, on bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	d, err := h.find(name)
	if err != nil {
		return err
	}
	d.autostart = on
	return h.called("autostart")
}

// Free implements worker.Host.
func (h *Host) Free(_ context.Context, name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.called("free"); err != nil {
		return err
	}
	if h.domains[name] != nil {
		return fs.ErrExist
	}
	return nil
}

// Undefine implements worker.Host.
func (h *Host) Undefine(_ context.Context, name string, destroy bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.called("remove"); err != nil {
		return err
	}
	d, err := h.find(name)
	if err != nil {
		return err
	}
	if d.state.Active() && !destroy {
		return libvirt.ErrRunning
	}
	delete(h.domains, name)
	return nil
}

// RemoveIf implements worker.Host.
func (h *Host) RemoveIf(_ context.Context, name string, mine func(string) bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.called("remove"); err != nil {
		return err
	}
	if d := h.domains[name]; d != nil && mine(d.xml) {
		delete(h.domains, name)
	}
	return nil
}

// Close implements worker.Host.
func (h *Host) Close() error { return nil }

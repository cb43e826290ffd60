package catalog

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"spliced/api"
	"spliced/ingest"
	"spliced/job"
	"spliced/rpc"
	"spliced/store"
	"spliced/worker"
)

// Options are what a Catalog needs to know.
type Options struct {
	Store  *store.Store
	Jobs   *job.Jobs
	Start  worker.Start
	Pools  []worker.PoolSpec
	Limits ingest.Limits
	Host   string // this host's name, for the volumes' metadata
	Here   Host   // what VMs run on
	// Version of spliced, for the domains' metadata.
	Version string
	Fill    int // how full a pool may get, in per cent; 0: no limit
	Logger  *slog.Logger
	// CheckUserdata says what is wrong with a document for cloud-init, in a clause.
	// nil takes everything.
	CheckUserdata func(content string) error
}

// A Catalog is what is kept, and the changes to it that are under way. Its
// methods may be called from any goroutine.
type Catalog struct {
	jobs    *job.Jobs
	start   worker.Start
	pools   map[string]worker.PoolSpec
	limits  ingest.Limits
	host    string
	here    Host
	version string
	log     *slog.Logger

	images      map[string]*store.Collection[api.Volume] // by pool
	ovas        *store.Collection[api.OVA]
	descriptors *store.Blobs
	systems     *store.Collection[api.SystemTemplate]
	networks    *store.Collection[api.NetworkTemplate]
	storages    *store.Collection[api.StorageTemplate]
	profiles    *store.Collection[api.Profile]
	userdata    *store.Collection[api.Userdata]
	scripts     *store.Collection[api.Script]
	vms         *store.Collection[api.VM]
	domains     *store.Blobs // of VMs that libvirt doesn't know
	intents     *store.Collection[Intent]
	batch       func() *store.Batch

	checkUserdata func(string) error
	shelves       map[api.Kind]shelf

	room    *roomGuard
	health  *healthBoard
	wake    chan struct{}
	wasRead chan struct{} // closed when all records have been read

	// changing is held by whoever changes an entry, or begins the removal of
	// something that entries refer to. It comes before starting and mu.
	changing sync.Mutex
	answers  answers
	checks   checkBoard

	planning sync.Mutex // held while a descriptor is read again, which takes memory

	// starting is held from looking for a job of the same request until the job is
	// known: of two that are the same one starts it, the other finds it.
	starting sync.Mutex

	mu       sync.Mutex
	reserved map[string]string // object → the job that works on it
	left     map[string]Intent // by job: to be reconciled
	vmids    map[int]bool      // numbers of VMs that are being made
}

// New makes a Catalog and finds what an earlier daemon left unfinished; Run
// puts that right.
func New(o Options) (*Catalog, error) {
	c := &Catalog{
		jobs: o.Jobs, start: o.Start, limits: o.Limits, host: o.Host, here: o.Here, version: o.Version, log: o.Logger,
		pools: map[string]worker.PoolSpec{}, images: map[string]*store.Collection[api.Volume]{},
		ovas:        store.NewCollection[api.OVA](o.Store, "ovas", 1),
		descriptors: store.NewBlobs(o.Store, "descriptors", ".ovf"),
		systems:     store.NewCollection[api.SystemTemplate](o.Store, "system-templates", 1),
		networks:    store.NewCollection[api.NetworkTemplate](o.Store, "network-templates", 1),
		storages:    store.NewCollection[api.StorageTemplate](o.Store, "storage-templates", 1),
		profiles:    store.NewCollection[api.Profile](o.Store, "profiles", 1),
		userdata:    store.NewCollection[api.Userdata](o.Store, "userdata", 1),
		scripts:     store.NewCollection[api.Script](o.Store, "scripts", 1),
		vms:         store.NewCollection[api.VM](o.Store, "vms", 1),
		domains:     store.NewBlobs(o.Store, "domains", ".xml"),
		intents:     store.NewCollection[Intent](o.Store, "intents", 1),
		batch:       o.Store.NewBatch,
		answers:     answers{}, checkUserdata: o.CheckUserdata,
		room:     newRoomGuard(o.Fill),
		wake:     make(chan struct{}, 1),
		wasRead:  make(chan struct{}),
		reserved: map[string]string{}, left: map[string]Intent{}, vmids: map[int]bool{},
	}
	for _, p := range o.Pools {
		c.pools[p.Name] = p
		c.images[p.Name] = store.NewCollection[api.Volume](o.Store, "images-"+p.Name, 1)
	}
	c.shelves = c.shelve()
	c.health = newHealthBoard(c.probe, slices.Collect(maps.Values(c.pools)))
	return c, c.findLeft()
}

// findLeft takes the intents of an earlier daemon in.
func (c *Catalog) findLeft() error {
	items, corrupt, err := c.intents.All()
	if err != nil {
		return fmt.Errorf("cannot read the intents: %w", err)
	}
	for _, broken := range corrupt {
		c.log.Error("cannot use an intent; what its job left in the pool stays there", slog.Any("cause", broken))
	}
	for _, item := range items {
		c.left[item.Name] = item.Value
		if item.Value.holdsName() {
			for _, key := range item.Value.keys() {
				c.reserved[key] = item.Name
			}
		}
	}
	return nil
}

// pool finds a pool by its name.
func (c *Catalog) pool(name string) (worker.PoolSpec, error) {
	spec, ok := c.pools[name]
	if !ok {
		return spec, rpc.Errorf(rpc.NotFound, "there is no pool %q.", name).WithField("pool").
			WithHint("See the pools with splicectl pool list; they are made in the daemon's configuration.")
	}
	return spec, nil
}

// reserve keeps the names of what a job works on. Of many that want one it gets
// one.
func (c *Catalog) reserve(i Intent) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range i.keys() {
		if holder, taken := c.reserved[key]; taken {
			return rpc.Errorf(rpc.Busy, "job %s works on it.", holder).WithJob(holder).
				WithHint("Wait for its end with splicectl job wait " + holder + ".")
		}
	}
	for _, key := range i.keys() {
		c.reserved[key] = i.Job
	}
	return nil
}

// release gives the names of what a job worked on back, unless another job has
// them.
func (c *Catalog) release(i Intent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range i.keys() {
		if c.reserved[key] == i.Job {
			delete(c.reserved, key)
		}
	}
}

// A Caller is who asks for a change.
type Caller struct {
	UID  uint32
	User string          // its name, or its number
	Gone <-chan struct{} // closed when its connection is
}

// begin reserves the intent's object and starts a job for it, unless the same
// request did before. The work releases what it holds itself; discard is called
// instead when it never will.
func (c *Catalog) begin(kind string, in Intent, by Caller, requestID string, work job.Work, discard func()) (api.Job, error) {
	c.starting.Lock()
	defer c.starting.Unlock()
	in.Job = job.NewID(time.Now())
	if same, ok := c.jobs.Same(by.UID, requestID); ok {
		discard()
		return same, nil
	}
	if err := c.reserve(in); err != nil {
		discard()
		return api.Job{}, err
	}
	if err := c.allowed(in); err != nil {
		c.release(in)
		discard()
		return api.Job{}, err
	}
	started, fresh, err := c.jobs.Start(in.Job, job.Spec{
		Kind: kind, Pool: in.Pool, Name: in.Name, RequestID: requestID, UID: by.UID, Gone: by.Gone, Work: work,
	})
	if err != nil || !fresh {
		c.release(in)
		discard()
	}
	return started, err
}

// allowed returns nil when what the intent's record says lets the job begin. The
// name is reserved by now, so the record stays as it is.
func (c *Catalog) allowed(in Intent) error {
	if in.Action == importing {
		return c.free(in)
	}
	if in.MadeBy == "" {
		// Volumes that nobody put a name on would pass for its own.
		return rpc.Errorf(rpc.StateCorrupt, "its record doesn't say which job made it.").
			WithHint("Put into the record the spliced.job that its volumes carry.")
	}
	by, err := c.recordedBy(in)
	if err == nil && by != in.MadeBy {
		return rpc.Errorf(rpc.NotFound, "it was removed a moment ago.")
	}
	return err
}

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// An event is one call that changes the disk or makes a change safe.
type event struct {
	file    string            // of a write and its fsync: which inode
	folder  string            // of a change of entries and its fsync
	data    []byte            // written
	off     int               // where
	entries map[string]string // path to inode, "" for gone
	sync    bool
}

// A recorder notes the events of a store below root, as paths relative to it.
// No fsync reaches the real disk.
type recorder struct {
	kernel
	root   string
	events []event
	live   map[string]string // path to inode, as a running system sees it
	fds    map[int]string    // inode or folder
	offs   map[string]int
	inodes int
}

const folderInode = "folder"

func newRecorder(t *testing.T, root string) *recorder {
	t.Helper()
	r := &recorder{root: root, live: map[string]string{}, fds: map[int]string{}, offs: map[string]int{}}
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		if e.IsDir() {
			r.change(path, map[string]string{r.rel(path): folderInode})
			return nil
		}
		data, err := os.ReadFile(path)
		inode := r.newInode()
		r.change(path, map[string]string{r.rel(path): inode})
		r.events = append(r.events, event{file: inode, data: data}, event{file: inode, sync: true})
		return err
	}))
	for _, path := range slices.Sorted(maps.Keys(r.live)) {
		r.events = append(r.events, event{folder: filepath.Dir(path), sync: true})
	}
	return r
}

func (r *recorder) rel(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, r.root), "/")
}

func (r *recorder) newInode() string {
	r.inodes++
	return fmt.Sprint("inode", r.inodes)
}

func (r *recorder) change(path string, entries map[string]string) {
	r.events = append(r.events, event{folder: filepath.Dir(r.rel(path)), entries: entries})
	maps.Copy(r.live, entries)
}

func (r *recorder) mkdir(path string, mode uint32) error {
	err := r.kernel.mkdir(path, mode)
	if err == nil {
		r.change(path, map[string]string{r.rel(path): folderInode})
	}
	return err
}

func (r *recorder) open(path string, flags int, mode uint32) (int, error) {
	fd, err := r.kernel.open(path, flags, mode)
	if err != nil {
		return fd, err
	}
	rel := r.rel(path)
	if r.live[rel] == "" && flags&unix.O_CREAT != 0 {
		r.change(path, map[string]string{rel: r.newInode()})
	}
	r.fds[fd] = r.live[rel]
	if flags&unix.O_DIRECTORY != 0 {
		r.fds[fd] = folderInode + filepath.Clean(rel)
	}
	return fd, nil
}

func (r *recorder) write(fd int, p []byte) (int, error) {
	p = p[:min(len(p), 100)] // in several steps, each of which may get lost
	n, err := r.kernel.write(fd, p)
	inode := r.fds[fd]
	r.events = append(r.events, event{file: inode, off: r.offs[inode], data: slices.Clone(p[:n])})
	r.offs[inode] += n
	return n, err
}

func (r *recorder) fsync(fd int) error {
	if folder, ok := strings.CutPrefix(r.fds[fd], folderInode); ok {
		r.events = append(r.events, event{folder: folder, sync: true})
		return nil
	}
	r.events = append(r.events, event{file: r.fds[fd], sync: true})
	return nil
}

func (r *recorder) rename(from, to string, flags uint) error {
	err := r.kernel.rename(from, to, flags)
	if err == nil {
		r.change(to, map[string]string{r.rel(from): "", r.rel(to): r.live[r.rel(from)]})
	}
	return err
}

func (r *recorder) unlink(path string) error {
	err := r.kernel.unlink(path)
	if err == nil {
		r.change(path, map[string]string{r.rel(path): ""})
	}
	return err
}

// pending tells which of the events, all that happened, no fsync has made safe.
func pending(events []event) []int {
	safe := map[string]bool{}
	var out []int
	for i, e := range slices.Backward(events) {
		key := "file " + e.file
		if e.file == "" {
			key = "folder " + e.folder
		}
		switch {
		case e.sync:
			safe[key] = true
		case !safe[key]:
			out = append(out, i)
		}
	}
	return out
}

// The fates of a change that no fsync has made safe.
const (
	done = iota
	lost
	zeroed // the file grew, its blocks were never written
)

// surviving is what the disk holds when the events have the fates: path to
// content, folders with a slash behind them.
func surviving(events []event, fates map[int]int) map[string]string {
	files, entries := map[string][]byte{}, map[string]string{}
	for i, e := range events {
		if e.sync || fates[i] == lost {
			continue
		}
		if e.file == "" {
			maps.Copy(entries, e.entries)
			continue
		}
		data := e.data
		if fates[i] == zeroed {
			data = make([]byte, len(data))
		}
		if missing := e.off + len(data) - len(files[e.file]); missing > 0 {
			files[e.file] = append(files[e.file], make([]byte, missing)...)
		}
		copy(files[e.file][e.off:], data)
	}
	out := map[string]string{}
	for path, inode := range entries {
		for parent := filepath.Dir(path); parent != "." && inode != ""; parent = filepath.Dir(parent) {
			if entries[parent] != folderInode {
				inode = ""
			}
		}
		switch inode {
		case "":
		case folderInode:
			out[path+"/"] = ""
		default:
			out[path] = string(files[inode])
		}
	}
	return out
}

// images calls use with every different disk that a power cut after these
// events may leave; where there are too many, with a sample of them.
func images(events []event, samples int, rng *rand.Rand, use func(image map[string]string)) {
	open := pending(events)
	seen := map[string]bool{}
	for n := range samples {
		fates := map[int]int{}
		for bit, i := range open {
			kinds := 2 // of fates
			if events[i].file != "" {
				kinds = 3
			}
			switch {
			case n == 0: // all done
			case n == 1:
				fates[i] = lost
			case len(open) <= 5:
				fates[i] = n >> bit & 1
			default:
				fates[i] = rng.IntN(kinds)
			}
		}
		image := surviving(events, fates)
		if key := fmt.Sprint(image); !seen[key] {
			seen[key] = true
			use(image)
		}
	}
}

func materialise(t *testing.T, image map[string]string) string {
	t.Helper()
	dir := fastDir(t)
	for _, path := range slices.Sorted(maps.Keys(image)) {
		full := filepath.Join(dir, path)
		if strings.HasSuffix(path, "/") {
			must(t, os.MkdirAll(full, 0o700))
			continue
		}
		must(t, os.WriteFile(full, []byte(image[path]), 0o600))
	}
	return dir
}

// fastDir is a folder in memory where there is one: what is tested with it
// doesn't depend on the disk.
func fastDir(t *testing.T) string {
	t.Helper()
	parent := "/dev/shm"
	if unix.Access(parent, unix.W_OK) != nil {
		parent = t.TempDir()
	}
	dir, err := os.MkdirTemp(parent, "store-test-") //nolint:usetesting // t.TempDir is on the disk
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestPowerCutAnywhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, op := range operations() {
		t.Run(op.name, func(t *testing.T) {
			root := fastDir(t)
			r := newRecorder(t, root)
			c := newCatalogue(openTest(t, filepath.Join(root, "state"), r))
			c.populate(t)
			start := len(r.events)
			must(t, op.do(c))
			cuts := 0
			for k := start; k <= len(r.events); k++ {
				images(r.events[:k], 48, rng, func(image map[string]string) {
					cuts++
					got := afterPowerCut(t, image, op)
					if k == len(r.events) && !maps.Equal(got, op.new) {
						t.Fatalf("the operation was over, but the power cut left %v of %v", got, image)
					}
				})
			}
			t.Logf("%d events, %d disks", len(r.events)-start, cuts)
		})
	}
}

func afterPowerCut(t *testing.T, image map[string]string, op operation) map[string]string {
	t.Helper()
	dir := materialise(t, image)
	defer os.RemoveAll(dir) //nolint:errcheck // the test's end removes it too
	s, err := open(t.Context(), filepath.Join(dir, "state"), Options{}, &faulty{})
	must(t, err)
	defer s.Close() //nolint:errcheck // read only
	c := newCatalogue(s)
	got := expectOldOrNew(t, c, op, fmt.Sprintf("after a power cut with %q on the disk", image))
	expectNoLeftovers(t, dir)
	return got
}

// TestPowerCutDuringRecovery cuts the power in a batch, and once more while the
// next process completes it.
func TestPowerCutDuringRecovery(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	op := operations()[4]
	root := fastDir(t)
	r := newRecorder(t, root)
	c := newCatalogue(openTest(t, filepath.Join(root, "state"), r))
	c.populate(t)
	start := len(r.events)
	must(t, op.do(c))
	cuts := 0
	for k := start; k <= len(r.events); k++ {
		first := surviving(r.events[:k], nil) // a killed process: the system lives on
		if !holdsIntent(first) {
			continue
		}
		dir := materialise(t, first)
		again := newRecorder(t, dir)
		// Nothing that the dead process had not made safe is safe now.
		again.events = slices.Concat(r.events[:k], nil)
		again.live, again.inodes = liveAfter(r.events[:k]), r.inodes
		s := openTest(t, filepath.Join(dir, "state"), again)
		newCatalogue(s)
		for k2 := k; k2 <= len(again.events); k2++ {
			images(again.events[:k2], 12, rng, func(image map[string]string) {
				cuts++
				got := afterPowerCut(t, image, op)
				if k2 == len(again.events) && !maps.Equal(got, op.new) {
					t.Fatalf("recovery was over, but the power cut left %v", got)
				}
			})
		}
	}
	if cuts == 0 {
		t.Fatal("no recovery was cut")
	}
	t.Logf("%d disks", cuts)
}

func holdsIntent(image map[string]string) bool {
	for path := range image {
		if strings.HasPrefix(path, "state/batches/tmp-") {
			return true
		}
	}
	return false
}

func liveAfter(events []event) map[string]string {
	live := map[string]string{}
	for _, e := range events {
		maps.Copy(live, e.entries)
	}
	return live
}

// TestModelSeesAMissingFsync makes sure that the tests above can fail.
func TestModelSeesAMissingFsync(t *testing.T) {
	for _, left := range []string{"file", "folder"} {
		op := operations()[0]
		root := fastDir(t)
		r := newRecorder(t, root)
		c := newCatalogue(openTest(t, filepath.Join(root, "state"), r))
		c.populate(t)
		start := len(r.events)
		must(t, op.do(c))
		events := slices.Clone(r.events[:start])
		for _, e := range r.events[start:] {
			if !e.sync || (e.file == "") != (left == "folder") {
				events = append(events, e)
			}
		}
		harm := false
		images(events, 48, rand.New(rand.NewPCG(5, 6)), func(image map[string]string) {
			dir := materialise(t, image)
			got, err := newCatalogue(openTest(t, filepath.Join(dir, "state"), &faulty{})).contents()
			harm = harm || errors.Is(err, ErrCorrupt) || !maps.Equal(got, op.new)
		})
		if !harm {
			t.Errorf("without the fsync of the %s nothing goes wrong", left)
		}
	}
}

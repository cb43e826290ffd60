package strictyaml

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// grown changes a value at random so that nothing in it goes away.
func grown(v machine, rng *rand.Rand) machine {
	texts := []string{"x", "true", "5", "a\nb\n", "- a: b # c", " lead", "'", `"\`, "ä€", "a\n\n\n", "#", "|", "~"}
	text := func() string { return texts[rng.IntN(len(texts))] + fmt.Sprint(rng.IntN(1000)) }
	insert := func(list []string) []string {
		at := rng.IntN(len(list) + 1)
		return append(append(append([]string{}, list[:at]...), text()), list[at:]...)
	}
	changes := []func(){
		func() { v.VCPUs, v.VRAM = rng.IntN(99), rng.IntN(99) },
		func() { v.Serial = true },
		func() { v.VNC = &screen{Enabled: true, Bind: text(), Port: rng.IntN(3)} },
		func() { v.Title, v.Script = text(), text() },
		func() { v.Hosts = insert(v.Hosts) },
		func() { rng.Shuffle(len(v.Hosts), func(i, j int) { v.Hosts[i], v.Hosts[j] = v.Hosts[j], v.Hosts[i] }) },
		func() { rng.Shuffle(len(v.Disks), func(i, j int) { v.Disks[i], v.Disks[j] = v.Disks[j], v.Disks[i] }) },
		func() { v.Disks = append(v.Disks, disk{ID: text(), Pool: text()}) },
		func() { v.Disks = append([]disk{{ID: text(), Pool: text(), Size: 5}}, v.Disks...) },
		func() { d := &v.Disks[rng.IntN(len(v.Disks))]; d.Pool, d.Size = text(), capacity(1+rng.IntN(9)) },
		func() { d := &v.Disks[rng.IntN(len(v.Disks))]; d.Args = insert(d.Args) },
		func() { v.Links = append(v.Links, link{text()}) },
		func() { rng.Shuffle(len(v.Links), func(i, j int) { v.Links[i], v.Links[j] = v.Links[j], v.Links[i] }) },
		func() { v.Labels[text()] = text() },
		func() { v.Any = map[string]any{"k": []any{text(), int64(1), nil, map[string]any{"b": text()}}} },
		func() { v.Sectors = append(v.Sectors, []int{1, rng.IntN(9)}) },
	}
	for range 1 + rng.IntN(4) {
		changes[rng.IntN(len(changes))]()
	}
	return v
}

// TestCommentsSurviveAnyGrowth makes many changes after another, of which none
// takes anything away, and looks for each comment of the first text.
func TestCommentsSurviveAnyGrowth(t *testing.T) {
	t.Parallel()
	_, scriptAndMore, _ := strings.Cut(edited, "  #!/bin/sh\n")
	_, behind, _ := strings.Cut(scriptAndMore, "# nor is this\n")
	before, _, _ := strings.Cut(edited, "  #!/bin/sh\n")
	var comments []string
	for line := range strings.Lines(before + behind) {
		if _, text, ok := strings.Cut(line, "#"); ok {
			comments = append(comments, "#"+text)
		}
	}
	c := machines(t)
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 1))
		text := edited
		for step := range 6 {
			v, err := c.Unmarshal([]byte(text), Options{WantEnd: true})
			if err != nil {
				t.Fatal(err)
			}
			v = grown(c.Clone(v), rng)
			merged, err := c.Merge([]byte(text), v, Options{})
			if err != nil {
				t.Fatal(err)
			}
			again, err := c.Unmarshal(merged, Options{WantEnd: true})
			if d := cmp.Diff(v, again); d != "" || err != nil {
				t.Fatalf("seed %d: it says something else: %v\n%s", seed, err, d)
			}
			for _, comment := range comments {
				if strings.Count(string(merged), comment) != 1 {
					t.Fatalf("seed %d, step %d: the comment %q is lost (or doubled) between\n%s\nand\n%s", seed, step, comment, text, merged)
				}
			}
			text = string(merged)
		}
	}
}

func FuzzMerge(f *testing.F) {
	const newer = "schema: machines/v1\nvcpus: 1\nvram: 2\ndisks:\n- id: sdb\n  pool: x\n- id: sdc\n  pool: y\n  args: [a]\nscript: |+\n  a\n\n\nlabels: {a: b}\n...\n"
	for _, seed := range []string{
		newer, strings.ReplaceAll(edited, "\n", "\r\n"), "{schema: a, vcpus: 1, vram: 2}\n...\n", "---\n? schema\n: a\nvcpus: 1\nvram: 2\n...\n",
		"schema: a\nvcpus: 1\nvram:\n  # x\n  5 # y\ntitle: a\n  b c # d\nhosts:\n- \n  # e\n  a\n-\n  - b\n...\n",
		"schema: a\nvcpus: 1\nvram: 2\nany:\n  a: |2+\n     x\n    # y\n\n  b: >-\n   c\n\n   d\n  'e f' : \"g\n   # h\" # i\n  # j\nsectors: [[1,\n # k\n 2], []]\n...\n",
		"  schema: a\n  vcpus: 1\n  vram: 2\n  disks: # c\n    -   id: a\n        pool: p\n        # e\n    # f\n    -\n        id: b\n        pool: q\n...\n",
	} {
		f.Add(edited, seed)
		f.Add(seed, edited)
		f.Add(seed, newer)
	}
	c := machines(f)
	f.Fuzz(func(t *testing.T, old, next string) {
		was, err := c.Unmarshal([]byte(old), Options{WantEnd: true})
		if err != nil {
			return
		}
		same, err := c.Merge([]byte(old), was, Options{})
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		expectSays(t, c, same, was)
		v, err := c.Unmarshal([]byte(next), Options{WantEnd: true})
		if err != nil {
			return
		}
		there, err := c.Merge([]byte(old), v, Options{})
		if err != nil {
			t.Fatal(err)
		}
		expectSays(t, c, there, v)
		back, err := c.Merge(there, was, Options{})
		if err != nil {
			t.Fatal(err)
		}
		expectSays(t, c, back, was)
	})
}

// expectSays compares by what Marshal writes: an empty list and none are one.
func expectSays(t *testing.T, c *Codec[machine], text []byte, want machine) {
	t.Helper()
	got, err := c.Unmarshal(text, Options{WantEnd: true})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	a, err := c.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Marshal(want)
	if d := cmp.Diff(string(b), string(a)); d != "" || err != nil {
		t.Fatalf("%v\n%s\n%s", err, d, text)
	}
}

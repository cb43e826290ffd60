package strictyaml

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type disk struct {
	ID   string   `yaml:"id"`
	Pool string   `yaml:"pool"`
	Size capacity `yaml:"size,omitempty"`
	Args []string `yaml:"args,omitempty"`
}

type link struct {
	VNI string `yaml:"vni,omitempty"`
}

type machine struct {
	Schema  string            `yaml:"schema"`
	VCPUs   int               `yaml:"vcpus"`
	VRAM    int               `yaml:"vram"`
	Serial  bool              `yaml:"serial,omitempty"`
	VNC     *screen           `yaml:"vnc,omitempty"`
	Title   string            `yaml:"title,omitempty"`
	Hosts   []string          `yaml:"hosts,omitempty"`
	Disks   []disk            `yaml:"disks,omitempty"`
	Links   []link            `yaml:"links,omitempty"`
	Script  string            `yaml:"script,omitempty"`
	Labels  map[string]string `yaml:"labels,omitempty"`
	Any     any               `yaml:"any,omitempty"`
	Sectors [][]int           `yaml:"sectors,omitempty"`
}

type screen struct {
	Enabled bool   `yaml:"enabled"`
	Bind    string `yaml:"bind,omitempty"`
	Port    int    `yaml:"port,omitempty"`
}

const edited = `# Web servers. Ask ops before you change the disks!

schema: machines/v1

title: 'Web server'   # shown in the list
# The flavour:
vram:   4096          # MiB, see #1234
vcpus:  2             # more did not help

serial: false         # explicit, on purpose

# --- where it runs ---

hosts: # in order of preference
  - "hv1"   # new

  # hv2 has the GPU
  - hv2
  # - hv3   (broken)

disks:
# the system
- id: sda
  pool: "vms"       # fast
  size: 8K
  # kept small
  args: [-L, "root", 'x']   # label

# the data
- pool: vms
  id: sdb
  size: 4096
  # nothing else

# the end of the disks

script: |  # runs once
  #!/bin/sh
  # not a comment

  echo hi
  # nor is this

links:
    - vni: "100"    # office
    - {vni: '200', } # dmz
labels: {b: "1", a: yes}   # for reports
# vim: ts=2
...
`

func machines(tb testing.TB) *Codec[machine] {
	tb.Helper()
	c, err := For[machine]()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// A swap is one old and new part of a text.
type swap struct{ from, to string }

func TestMergeKeepsWhatIsNotChanged(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(v *machine)
		swaps  []swap
	}{
		"nothing":     {func(*machine) {}, nil},
		"number":      {func(v *machine) { v.VRAM = 8192 }, []swap{{"vram:   4096  ", "vram:   8192  "}}},
		"quoted":      {func(v *machine) { v.Title = "It's" }, []swap{{"'Web server'", "'It''s'"}}},
		"to block":    {func(v *machine) { v.Title = "a\nb" }, []swap{{"'Web server'   # shown in the list", "|-   # shown in the list\n  a\n  b"}}},
		"explicit":    {func(v *machine) { v.Serial = true }, []swap{{"serial: false", "serial: true"}}},
		"removed key": {func(v *machine) { v.Title = "" }, []swap{{"\ntitle: 'Web server'   # shown in the list", ""}}},
		"new key": {
			func(v *machine) { v.VNC = &screen{Enabled: true, Bind: "::1"} },
			[]swap{{"not help\n", "not help\nvnc:\n  enabled: true\n  bind: ::1\n"}},
		},
		"new first key and last": {
			func(v *machine) { v.Any, v.Sectors = int64(5), [][]int{{1, 2}} },
			[]swap{{"# for reports\n", "# for reports\nany: 5\nsectors:\n  - - 1\n    - 2\n"}},
		},
		"script": {
			func(v *machine) { v.Script = "#!/bin/sh\nexit 0\n" },
			[]swap{{"  # not a comment\n\n  echo hi\n  # nor is this\n", "  exit 0\n"}},
		},
		"no script": {
			func(v *machine) { v.Script = "" },
			[]swap{{"\nscript: |  # runs once\n  #!/bin/sh\n  # not a comment\n\n  echo hi\n  # nor is this\n", ""}},
		},
		"one line script": {
			func(v *machine) { v.Script = "true" },
			[]swap{{"|  # runs once\n  #!/bin/sh\n  # not a comment\n\n  echo hi\n  # nor is this\n", "|-  # runs once\n  true\n"}},
		},
		"host removed": {
			func(v *machine) { v.Hosts = []string{"hv2"} },
			[]swap{{"  - \"hv1\"   # new\n\n", ""}},
		},
		"last host removed": {
			func(v *machine) { v.Hosts = []string{"hv1"} },
			[]swap{{"\n  # hv2 has the GPU\n  - hv2\n", ""}},
		},
		"hosts swapped": {
			func(v *machine) { v.Hosts = []string{"hv2", "hv1"} },
			[]swap{{"  - \"hv1\"   # new\n\n  # hv2 has the GPU\n  - hv2\n", "  # hv2 has the GPU\n  - hv2\n\n  - \"hv1\"   # new\n"}},
		},
		"host added": {
			func(v *machine) { v.Hosts = []string{"hv1", "hv4", "hv2"} },
			[]swap{{"  - \"hv1\"   # new\n\n", "  - \"hv1\"   # new\n\n  - hv4\n\n"}},
		},
		"host in place": {
			func(v *machine) { v.Hosts = []string{"hv9", "hv2"} },
			[]swap{{`"hv1"   # new`, `"hv9"   # new`}},
		},
		"hosts gone": {
			func(v *machine) { v.Hosts = nil },
			[]swap{{"hosts: # in order of preference\n  - \"hv1\"   # new\n\n  # hv2 has the GPU\n  - hv2\n  # - hv3   (broken)\n\n", ""}},
		},
		"disk changed": {
			func(v *machine) { v.Disks[1].Size = 1; v.Disks[0].Pool = "slow" },
			[]swap{{"size: 4096", "size: 1"}, {`"vms"  `, `"slow"  `}},
		},
		"disk's first key with its dash": {
			func(v *machine) { v.Disks[0].ID = "sdz" },
			[]swap{{
				"# the system\n- id: sda\n  pool: \"vms\"       # fast\n  size: 8K\n  # kept small\n  args: [-L, \"root\", 'x']   # label\n",
				"- id: sdz\n  pool: vms\n  size: 8192\n  args:\n    - -L\n    - root\n    - x\n",
			}},
		},
		"disk removed": {
			func(v *machine) { v.Disks = v.Disks[1:] },
			[]swap{{
				"# the system\n- id: sda\n  pool: \"vms\"       # fast\n  size: 8K\n  # kept small\n  args: [-L, \"root\", 'x']   # label\n\n", "",
			}},
		},
		"disk inserted": {
			func(v *machine) { v.Disks = []disk{v.Disks[0], {ID: "sdx", Pool: "p"}, v.Disks[1]} },
			[]swap{{"# label\n", "# label\n\n- id: sdx\n  pool: p\n"}},
		},
		"key of a disk removed and added": {
			func(v *machine) { v.Disks[1].Size = 0; v.Disks[1].Args = []string{"a"} },
			[]swap{{"  size: 4096\n", "  args:\n    - a\n"}},
		},
		"brackets": {
			func(v *machine) { v.Disks[0].Args = []string{"-L", "boot"} },
			[]swap{{"[-L, \"root\", 'x']", `[-L, "boot"]`}},
		},
		"braces": {
			func(v *machine) { v.Labels["a"] = "no"; v.Labels["c"] = "x" },
			[]swap{{`{b: "1", a: yes}`, `{b: "1", a: no, c: x}`}},
		},
		"brackets emptied":  {func(v *machine) { v.Disks[0].Args = nil }, []swap{{"  # kept small\n  args: [-L, \"root\", 'x']   # label\n", ""}}},
		"link in its place": {func(v *machine) { v.Links[0].VNI = "101" }, []swap{{`"100"`, `"101"`}}},
		"link in braces":    {func(v *machine) { v.Links[1].VNI = "x" }, []swap{{`{vni: '200', }`, `{vni: 'x'}`}}},
		"links are shuffled": {func(v *machine) { v.Links = []link{{"200"}, {"7"}, {"100"}} }, []swap{{
			"    - vni: \"100\"    # office\n    - {vni: '200', } # dmz\n", "    - {vni: '200', } # dmz\n    - vni: \"7\"\n    - vni: \"100\"    # office\n",
		}}},
	} {
		c := machines(t)
		v, err := c.Unmarshal([]byte(edited), Options{WantEnd: true})
		if err != nil {
			t.Fatal(err)
		}
		tc.change(&v)
		got, err := c.Merge([]byte(edited), v, Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := edited
		for _, s := range tc.swaps {
			if strings.Count(want, s.from) != 1 {
				t.Fatalf("%s: %q stands %d times in the text", name, s.from, strings.Count(want, s.from))
			}
			want = strings.Replace(want, s.from, s.to, 1)
		}
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
		again, err := c.Unmarshal(got, Options{WantEnd: true})
		if d := cmp.Diff(v, again); d != "" || err != nil {
			t.Errorf("%s: it says something else: %v\n%s", name, err, d)
		}
	}
}

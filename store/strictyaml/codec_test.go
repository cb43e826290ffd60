package strictyaml

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// capacity is a size that brings its own text form, as 4K.
type capacity int64

func (b capacity) MarshalText() ([]byte, error) { return []byte(strconv.FormatInt(int64(b), 10)), nil }

func (b *capacity) UnmarshalText(text []byte) error {
	s, kilo := strings.CutSuffix(string(text), "K")
	n, err := strconv.ParseInt(s, 10, 64)
	if kilo {
		n *= 1024
	}
	*b = capacity(n)
	return err
}

type inner struct {
	Known string   `yaml:"known,omitempty"`
	Size  capacity `yaml:"size,omitempty"`
}

type embedded struct {
	Deep int   `yaml:"deep,omitempty"`
	Refs []int `yaml:"refs,omitempty"`
}

type everything struct {
	embedded
	Text    string           `yaml:"text,omitempty"`
	Flag    bool             `yaml:"flag,omitempty"`
	Int     int64            `yaml:"int,omitempty"`
	Small   int8             `yaml:"small,omitempty"`
	Word    uint16           `yaml:"word,omitempty"`
	Float   float64          `yaml:"float,omitempty"`
	When    time.Time        `yaml:"when,omitempty"`
	Span    time.Duration    `yaml:"span,omitempty"`
	Raw     []byte           `yaml:"raw,omitempty"`
	Size    capacity         `yaml:"size,omitempty"`
	Ptr     *inner           `yaml:"ptr,omitempty"`
	List    []inner          `yaml:"list,omitempty"`
	Map     map[string]inner `yaml:"map,omitempty"`
	Any     any              `yaml:"any,omitempty"`
	Tree    []everything     `yaml:"tree,omitempty"`
	JSON    string           `json:"json_key,omitempty"`
	Bare    string           `yaml:",omitempty"`
	Skipped chan int         `yaml:"-"`
}

func codec(tb testing.TB) *Codec[everything] {
	tb.Helper()
	c, err := For[everything]()
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func TestRoundTrip(t *testing.T) {
	c := codec(t)
	texts := []string{
		"", " ", "a", "null", "~", "true", "no", "1", "1.5", "0x10", "1e3", "2001-01-01", "<<", "=", "- a", "a: b", "#x", "a #b", "&a", "*a", "!a", "%a", "@a", "`a",
		"...", "---", "\n", "\n\n", "a\n", "a\nb", "a\n\n", "\na", " a\nb", "a \nb \n", "\ta\n", "a\r\nb", "\r", "a\tb", "ä€😀", "\u0085", "\u2028", "\ufeff", "\ufeffa\nb",
		"\x00", "\x1b[1m", "\x7f", "...\n...\n", "---\nb\n", "a\n...\n", strings.Repeat("long ", 100), "'", `"`, `\`, "a'\"\\\nb", "{", "[]", "{{ x }}", "|", ">", "? a", ": ",
	}
	for _, text := range texts {
		in := everything{
			Text: text, Flag: true, Int: math.MinInt64, Small: -128, Word: 65535, Float: 1.5e300, Raw: []byte(text),
			When: time.Date(2026, 2, 3, 4, 5, 6, 7, time.UTC), Span: 90 * time.Second, Size: 4096,
			Ptr: &inner{Known: text}, List: []inner{{}, {Known: text, Size: 1}}, Map: map[string]inner{text: {Known: text}, "1": {}},
			Any:  map[string]any{"s": text, "i": int64(5), "f": 2.5, "w": 5.0, "z": -1e6, "b": false, "n": nil, "l": []any{text, int64(-1)}},
			Tree: []everything{{Text: text}}, JSON: text, Bare: text, embedded: embedded{Deep: 3, Refs: []int{1}},
		}
		if len(in.Raw) == 0 {
			in.Raw = nil
		}
		data, err := c.Marshal(in)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		out, err := c.Unmarshal(data, Options{WantEnd: true})
		if err != nil {
			t.Errorf("%q: %v in\n%s", text, err, data)
			continue
		}
		if d := cmp.Diff(in, out, cmp.AllowUnexported(everything{})); d != "" {
			t.Errorf("%q: %s\n%s", text, d, data)
		}
		if d := cmp.Diff(in, c.Clone(in), cmp.AllowUnexported(everything{})); d != "" {
			t.Error(d)
		}
	}
}

func TestClonesShareNothing(t *testing.T) {
	fresh := func() everything {
		return everything{
			embedded: embedded{Refs: []int{1}}, Ptr: &inner{Known: "a"}, List: []inner{{Known: "a"}}, Raw: []byte("a"),
			Map: map[string]inner{"a": {}}, Any: map[string]any{"a": []any{"a"}}, Tree: []everything{{Raw: []byte("a")}},
		}
	}
	v := fresh()
	c := codec(t).Clone(v)
	c.Refs[0], c.Ptr.Known, c.List[0].Known, c.Raw[0] = 2, "b", "b", 'b'
	c.Map["b"], c.Tree[0].Raw[0] = inner{}, 'b'
	tree, isMap := c.Any.(map[string]any)
	list, isList := tree["a"].([]any)
	if !isMap || !isList {
		t.Fatal("the clone has other types")
	}
	list[0] = "b"
	if d := cmp.Diff(fresh(), v, cmp.AllowUnexported(everything{})); d != "" {
		t.Fatal(d)
	}
}

func TestTextsOfSeveralLinesAreBlocks(t *testing.T) {
	data, err := codec(t).Marshal(everything{Text: "#!/bin/sh\necho\n", Size: 4096})
	if want := "text: |\n  #!/bin/sh\n  echo\nsize: 4096\n...\n"; string(data) != want || err != nil {
		t.Fatalf("got %s, %v", data, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	c := codec(t)
	for text, reason := range map[string]string{
		"int: 1.0":                       "whole number",
		"int: 1.5":                       "whole number",
		"int: 1e3":                       "whole number",
		"int: 0x10":                      "whole number",
		"int: 0o17":                      "whole number",
		"int: 0b1":                       "whole number",
		"int: 017":                       "whole number",
		"int: 1_0":                       "whole number",
		"int: +1":                        "whole number",
		"int: -0":                        "whole number",
		"int: '1'":                       "whole number",
		"int: true":                      "whole number",
		"int: |\n  5":                    "whole number",
		"int: .inf":                      "whole number",
		"int: 1:30":                      "whole number",
		"int: !!str 5":                   "tag !!str",
		"int: !!int 5":                   "tag !!int",
		"int: [5]":                       "single value",
		"int: null":                      "a value is needed",
		"int: ":                          "a value is needed",
		"int: 9223372036854775808":       "64 bits",
		"small: 128":                     "8 bits",
		"word: -1":                       "not negative",
		"word: 65536":                    "16 bits",
		"any: 9223372036854775808":       "64 bits",
		"any: 0x10":                      "whole number",
		"flag: yes":                      "true or false",
		"flag: True":                     "true or false",
		"flag: 'true'":                   "true or false",
		"flag: 1":                        "true or false",
		"float: .nan":                    "finite",
		"float: .inf":                    "finite",
		"float: 1e999":                   "finite",
		"float: x":                       "finite",
		"when: 2026-01-01":               "refused",
		"span: 5":                        "refused",
		"size: 1.5":                      `size: "1.5" is refused`,
		"size: 1e3":                      "refused",
		"size: ~":                        "a value is needed",
		"size: {a: 1}":                   "single value",
		"size: [1]":                      "single value",
		"text: [a]":                      "single value",
		"text:":                          "a value is needed",
		"list: {}":                       "list",
		"list: [null]":                   "list[0]: a value",
		"ptr: null":                      "a value is needed",
		"map: [a]":                       "mapping",
		"ptr: {size: 1, other: 2}":       `ptr: the key "other" is unknown`,
		"map: {a: {known: x, Known: y}}": `map.a: the key "Known" is unknown`,
		"list: [{sizes: 5}]":             "list[0]",
		"tree: [{tree: [{nope: 1}]}]":    "tree[0].tree[0]",
		"skipped: 1":                     "unknown",
		"json: 1":                        "unknown",
		"embedded: {deep: 1}":            "unknown",
		"map: {a: {}, \"a\": {}}":        "already",
		"text: a\n'text': b":             "line 2: the key \"text\" stands on line 1",
		"map: {? {a: 1} : {}}":           "no text",
		"map: {null: {}}":                "no text",
		"map: {<<: {a: {}}}":             "merge",
		"text: &a b":                     "anchor",
		"ptr: &a {}\nmap: {x: *a}":       "anchor",
		"text: *a":                       "anchor",
		"text: a\n---\ntext: b":          "second document",
		"text: a\n...\n---\n":            "second document",
		"text: a\n...\ntext: b":          "document",
		"text: \x01":                     "control",
		"text: a\xff":                    "line 1: it is not UTF-8",
		"\xff\xfet\x00":                  "zero bytes",
		"int: 1\x00":                     "zero bytes",
		"":                               "empty",
		"# nothing":                      "no value",
		"---":                            "mapping",
		"text":                           "mapping",
		"any: " + strings.Repeat("[", 70) + strings.Repeat("]", 70): "nested deeper",
		strings.Repeat("#", DefaultLimit+1):                         "larger than",
	} {
		v, err := c.Unmarshal([]byte(text), Options{})
		var bad *Error
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.60q: got %+v, %v; want %q", text, v, err, reason)
		}
	}
}

func TestKeysThatMustBePresent(t *testing.T) {
	type needed struct {
		A int    `yaml:"a"`
		B *int   `yaml:"b"`
		C string `yaml:"c,omitempty"`
	}
	c, err := For[needed]()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Unmarshal([]byte("c: x"), Options{}); err == nil || !strings.Contains(err.Error(), `"a" is missing`) {
		t.Fatal(err)
	}
	d, err := Parse([]byte("c: x"), Options{Partial: true})
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.Decode(d, needed{A: 7, C: "default"})
	if err != nil || v.A != 7 || v.C != "x" {
		t.Fatal(v, err)
	}
}

type ownYAMLType struct{}

func (*ownYAMLType) UnmarshalYAML(*yaml.Node) error { return nil }

func TestTypesThatAreRefused(t *testing.T) {
	for name, try := range map[string]func() error{
		"channel":   func() error { _, err := For[struct{ C chan int }](); return err },
		"own yaml":  func() error { _, err := For[struct{ L []ownYAMLType }](); return err },
		"int keys":  func() error { _, err := For[struct{ M map[int]string }](); return err },
		"interface": func() error { _, err := For[struct{ E error }](); return err },
		"twice": func() error {
			_, err := For[struct {
				A int `yaml:"x"`
				B int `yaml:"x"`
			}]()
			return err
		},
	} {
		if try() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	_, err := codec(t).Marshal(everything{Any: struct{ A int }{1}})
	if _, ok := errors.AsType[*Error](err); !ok {
		t.Error("a struct inside of any:", err)
	}
}

// allocated is how many bytes a call takes from the heap, freed or not.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostileDocumentsTakeBoundedMemory(t *testing.T) {
	c := codec(t)
	bomb := "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := range 40 {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 9), i)
	}
	const size = DefaultLimit / 8 // the cost grows evenly; the race detector is slow
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	for name, tc := range map[string]struct {
		text string
		most uint64
	}{
		"10 MiB":        {strings.Repeat("a: b\n", 2<<20), 1 << 16},
		"alias bomb":    {bomb, 1 << 20},
		"flow":          {"any: [" + fill("a,"), 250 * size},
		"lines":         {fill("-\n"), 250 * size},
		"open brackets": {fill("["), 250 * size},
		"open braces":   {fill("{"), 250 * size},
		"keys":          {fill("? "), 250 * size},
		"comments":      {fill("#\n"), 250 * size},
		"anchors":       {"any: [" + fill("&a a,"), 250 * size},
		"quotes":        {`text: "` + fill(`\x41`), 250 * size},
	} {
		data := []byte(tc.text)
		used := allocated(func() {
			if _, err := c.Unmarshal(data, Options{Limit: DefaultLimit + 64}); err == nil {
				t.Errorf("%s: accepted", name)
			}
		})
		t.Logf("%s: %d bytes cost %d KiB", name, len(tc.text), used>>10)
		if used > tc.most {
			t.Errorf("%s: took %d MiB, at most %d are right", name, used>>20, tc.most>>20)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{
		"text: a\nint: 5\n...\n", "any: [1, {a: null}, 2.5, 'x', true]\n...\n", "ptr: {size: 4K}\nmap: {a: {known: |\n  x\n  }}\n...\n",
		"text: |\n  #!/bin/sh\n  echo\n...\n", "a: &x [*x]\n...\n", "tree:\n  - tree:\n      - text: \"\\u263a\"\n...\n", "when: 2026-01-02T03:04:05Z\nspan: 1m\n...\n", "text: >-\n  a\n  b\n...\n",
	} {
		f.Add([]byte(seed))
	}
	c := codec(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var v everything
		var err error
		// Some constant, and a few hundred bytes for each that was read.
		if used, most := allocated(func() { v, err = c.Unmarshal(data, Options{WantEnd: true}) }), uint64(8<<20+2000*len(data)); used > most {
			t.Fatalf("%d bytes took %d bytes of memory", len(data), used)
		}
		if err != nil {
			return
		}
		again, err := c.Marshal(v)
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		w, err := c.Unmarshal(again, Options{WantEnd: true})
		if err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
		third, err := c.Marshal(w)
		if err != nil || string(third) != string(again) {
			t.Fatalf("it changed: %v\n%s\n%s", err, again, third)
		}
		for n := range len(again) - 1 {
			if _, err := c.Unmarshal(again[:n], Options{WantEnd: true}); err == nil && len(again) < 400 {
				t.Fatalf("cut to %d bytes it is taken for whole:\n%s", n, again)
			}
			if n > 400 {
				break
			}
		}
	})
}

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spliced/api"
)

// A field is a key of a spec that a flag can set.
type field struct {
	key   string // "vnc.bind" is the key bind within vnc
	flag  string // "": the key with hyphens
	usage string
	shape shape
	parse func(text string) (any, error)

	fixed   bool     // can be set at creation only
	choices []string // for completion
	names   string   // the same: the kind of what can be named, or a method that lists it
}

// A shape says what becomes of a flag that is given more than once.
type shape int

const (
	single shape = iota // the last one counts
	toggle              // the same, and no value means true
	many                // a list
	pairs               // an object; parse makes a pair
)

// A pair is a member of an object.
type pair struct{ key, value string }

func (p pair) sameKey(value any) bool {
	other, ok := value.(pair)
	return ok && other.key == p.key
}

func (f *field) name() string {
	if f.flag != "" {
		return f.flag
	}
	return strings.NewReplacer("_", "-", ".", "-").Replace(f.key)
}

// A given is the value of a field's flag: all values that it was given.
type given struct {
	field  *field
	values []any
}

// String, Set and Type make a given the value of a flag.
func (*given) String() string { return "" }

// Set takes one more value.
func (g *given) Set(text string) error {
	value, err := g.field.parse(text)
	if err != nil {
		return err
	}
	if p, ok := value.(pair); ok && slices.ContainsFunc(g.values, p.sameKey) {
		return fmt.Errorf("%q is set twice", p.key)
	}
	g.values = append(g.values, value)
	return nil
}

// Type names the value in the help, unless the usage does.
func (g *given) Type() string {
	if g.field.shape == toggle {
		return "bool"
	}
	return "VALUE"
}

// value is what the flag says for the spec.
func (g *given) value() any {
	switch g.field.shape {
	case many:
		return g.values
	case pairs:
		object := map[string]any{}
		for _, v := range g.values {
			if p, ok := v.(pair); ok {
				object[p.key] = p.value
			}
		}
		return object
	case single, toggle:
	}
	return g.values[len(g.values)-1]
}

// specFlags are the flags of one command that set a spec's keys.
type specFlags []*given

// specFlags adds the fields' flags to a command.
func (c *cli) specFlags(cmd *cobra.Command, fields []field) specFlags {
	var all specFlags
	for i := range fields {
		f := &fields[i]
		g := &given{field: f}
		cmd.Flags().Var(g, f.name(), f.usage)
		if f.shape == toggle {
			cmd.Flags().Lookup(f.name()).NoOptDefVal = "true"
		}
		must(cmd.RegisterFlagCompletionFunc(f.name(), c.completeField(f)))
		all = append(all, g)
	}
	return all
}

func (c *cli) completeField(f *field) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch k, ok := kindOf(api.Kind(f.names)); {
		case ok:
			return c.names(cmd.Context(), k.method("list"), k.list("")), cobra.ShellCompDirectiveNoFileComp
		case f.names != "":
			return c.names(cmd.Context(), f.names, nil), cobra.ShellCompDirectiveNoFileComp
		}
		return f.choices, cobra.ShellCompDirectiveNoFileComp
	}
}

// given returns the flags that were used, by name.
func (s specFlags) given() []string {
	var names []string
	for _, g := range s {
		if len(g.values) > 0 {
			names = append(names, "--"+g.field.name())
		}
	}
	return names
}

// spec makes an object of the flags that were used.
func (s specFlags) spec() map[string]any {
	spec := map[string]any{}
	for _, g := range s {
		if len(g.values) > 0 {
			put(spec, g.field.key, g.value())
		}
	}
	return spec
}

// put sets a key, or with a dot in it a key within an object. Objects that are
// set twice are put together.
func put(spec map[string]any, key string, value any) {
	outer, inner, within := strings.Cut(key, ".")
	if within {
		value = map[string]any{inner: value}
	}
	old, isObject := spec[outer].(map[string]any)
	if add, ok := value.(map[string]any); ok && isObject {
		maps.Copy(old, add)
		return
	}
	spec[outer] = value
}

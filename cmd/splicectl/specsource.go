package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"
)

// maxSpec is more than a request can hold (rpc.MaxFrame): what is larger is not
// worth reading.
const maxSpec = 1 << 20

// A specSource is where a command's spec, or patch of one, comes from: flags, a
// file, or for texts a file that holds nothing else.
type specSource struct {
	*cli
	kind *kind

	given specFlags
	unset []string
	file  string
}

func (*specSource) fileHelp() string {
	return `In place of flags, --file takes the spec as YAML, with sizes like 4GiB. When modifying,
null in it unsets a key.`
}

func (s *specSource) help() string {
	if s.kind.text() {
		return `The content comes from FILE, or from stdin where FILE is "-" or absent.`
	}
	return s.fileHelp()
}

// flags completes a command.
func (s *specSource) flags(cmd *cobra.Command, verb string, fields []field) {
	if s.kind.text() {
		cmd.Use, cmd.Args = verb+" NAME [FILE]", between(1, 2)
		return
	}
	cmd.Use, cmd.Args = verb+" NAME", between(1, 1)
	s.given = s.specFlags(cmd, fields)
	cmd.Flags().StringVar(&s.file, "file", "", `take the spec as YAML from `+"`FILE`"+`, "-" for stdin`)
}

func (s *specSource) unsetFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&s.unset, "unset", nil, "unset the key `KEY` of the spec; may be repeated")
	var keys []string
	for f := range fieldsOf(s.kind.spec) {
		keys = append(keys, f.key)
	}
	must(cmd.RegisterFlagCompletionFunc("unset", cobra.FixedCompletions(keys, cobra.ShellCompDirectiveNoFileComp)))
}

// modifiable leaves out what only creation can set.
func modifiable(fields []field) []field {
	var some []field
	for _, f := range fields {
		if !f.fixed {
			some = append(some, f)
		}
	}
	return some
}

// spec reads what it is.
func (s *specSource) spec(ctx context.Context, files []string) (map[string]any, error) {
	switch {
	case s.kind.text():
		text, err := s.readText(ctx, strings.Join(files, ""), maxSpec) // one, or none
		return map[string]any{"content": text}, err
	case s.file == "":
		return s.fromFlags()
	case len(s.given.given()) > 0:
		return nil, misuse("", "Cannot use --file with %s: the file says it all.", s.given.given()[0])
	case len(s.unset) > 0:
		return nil, misuse("A null in the file unsets a key.", "Cannot use --file with --unset: the file says it all.")
	}
	text, err := s.readText(ctx, s.file, maxSpec)
	if err != nil {
		return nil, err
	}
	return s.kind.parse(text)
}

// parse reads a spec in YAML.
func (k *kind) parse(text string) (map[string]any, error) {
	node, err := parseYAML(text)
	if err != nil {
		return nil, misuse("", "Cannot use the spec: %v.", err)
	}
	object, err := k.read(node)
	if err != nil {
		return nil, misuse("", "Cannot use the spec: %v.", err)
	}
	return object, nil
}

func (s *specSource) fromFlags() (map[string]any, error) {
	spec := s.given.spec()
	for _, key := range s.unset {
		if !s.kind.has(key) {
			return nil, misuse("", "Cannot use --unset: a %s has no %q.", s.kind.noun, key)
		}
		outer, _, within := strings.Cut(key, ".")
		if _, set := spec[outer]; set && !within {
			return nil, misuse("", "Cannot both set and unset %q.", key)
		}
		put(spec, key, nil)
	}
	return spec, nil
}

// has tells whether specs can have a key, or one within an object.
func (k *kind) has(key string) bool {
	outer, inner, within := strings.Cut(key, ".")
	t, ok := member(k.spec, outer)
	if ok && within {
		_, ok = member(t, inner)
	}
	return ok
}

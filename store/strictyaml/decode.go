package strictyaml

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"

	"gopkg.in/yaml.v3"
)

// A reader sets Go values from nodes that vet has passed.
type reader struct {
	types   types
	partial bool
}

// value sets out from n.
func (r reader) value(n *yaml.Node, path string, out reflect.Value) error {
	t := out.Type()
	if isNull(n) && t.Kind() != reflect.Interface {
		return complain(n, path, "a value is needed here")
	}
	if isText(t) {
		return r.text(n, path, out)
	}
	switch k := t.Kind(); {
	case k == reflect.Pointer:
		out.Set(reflect.New(t.Elem()))
		return r.value(n, path, out.Elem())
	case k == reflect.Interface:
		return r.anything(n, path, out)
	case k == reflect.Struct:
		return r.structure(n, path, out)
	case k == reflect.Map:
		return r.mapping(n, path, out)
	case k == reflect.Slice && !isBytes(t):
		return r.sequence(n, path, out)
	default:
		return r.scalar(n, path, out)
	}
}

func (r reader) text(n *yaml.Node, path string, out reflect.Value) error {
	if n.Kind != yaml.ScalarNode {
		return complain(n, path, "a single value is needed here")
	}
	if err := setText(out, n.Value); err != nil {
		return &Error{Line: n.Line, Path: path, Reason: fmt.Sprintf("%q is refused", shorten(n.Value)), Err: err}
	}
	return nil
}

func (r reader) structure(n *yaml.Node, path string, out reflect.Value) error {
	if n.Kind != yaml.MappingNode {
		return complain(n, path, "a mapping of keys to values is needed here")
	}
	fields := r.types[out.Type()].fields
	values := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if !hasKey(fields, key.Value) {
			return complain(key, path, fmt.Sprintf("the key %q is unknown", shorten(key.Value)))
		}
		values[key.Value] = n.Content[i+1]
	}
	for _, f := range fields {
		v, present := values[f.key]
		switch {
		case present:
			if err := r.value(v, join(path, f.key), out.FieldByIndex(f.index)); err != nil {
				return err
			}
		case !f.omitEmpty && !r.partial && out.FieldByIndex(f.index).Kind() != reflect.Pointer:
			return complain(n, path, fmt.Sprintf("the key %q is missing", f.key))
		}
	}
	return nil
}

func (r reader) mapping(n *yaml.Node, path string, out reflect.Value) error {
	if n.Kind != yaml.MappingNode {
		return complain(n, path, "a mapping of keys to values is needed here")
	}
	t := out.Type()
	m := reflect.MakeMapWithSize(t, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i].Value
		v := reflect.New(t.Elem()).Elem()
		if err := r.value(n.Content[i+1], join(path, key), v); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(t.Key()), v)
	}
	out.Set(m)
	return nil
}

func (r reader) sequence(n *yaml.Node, path string, out reflect.Value) error {
	if n.Kind != yaml.SequenceNode {
		return complain(n, path, "a list is needed here")
	}
	s := reflect.MakeSlice(out.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if err := r.value(item, fmt.Sprintf("%s[%d]", path, i), s.Index(i)); err != nil {
			return err
		}
	}
	out.Set(s)
	return nil
}

// anything fills an any by what the text looks like: string, bool, int64,
// float64, nil, []any or map[string]any.
func (r reader) anything(n *yaml.Node, path string, out reflect.Value) error {
	target := reflect.TypeFor[string]()
	switch {
	case isNull(n):
		out.SetZero()
		return nil
	case n.Kind == yaml.MappingNode:
		target = reflect.TypeFor[map[string]any]()
	case n.Kind == yaml.SequenceNode:
		target = reflect.TypeFor[[]any]()
	case n.ShortTag() == "!!bool":
		target = reflect.TypeFor[bool]()
	case n.ShortTag() == "!!int":
		target = reflect.TypeFor[int64]()
	case n.ShortTag() == "!!float":
		target = reflect.TypeFor[float64]()
	}
	v := reflect.New(target).Elem()
	if err := r.value(n, path, v); err != nil {
		return err
	}
	out.Set(v)
	return nil
}

func (r reader) scalar(n *yaml.Node, path string, out reflect.Value) error {
	if n.Kind != yaml.ScalarNode {
		return complain(n, path, "a single value is needed here")
	}
	reason := ""
	switch k := out.Kind(); {
	case k == reflect.String:
		out.SetString(n.Value)
	case k == reflect.Slice:
		out.SetBytes([]byte(n.Value))
	case k == reflect.Bool:
		reason = setBool(n, out)
	case isFloat(k):
		reason = setFloat(n, out)
	case isInt(k):
		reason = setInt(n, out)
	default:
		reason = setUint(n, out)
	}
	if reason != "" {
		return complain(n, path, fmt.Sprintf("%q is not %s", shorten(n.Value), reason))
	}
	return nil
}

func plain(n *yaml.Node) bool { return n.Style == 0 }

func setBool(n *yaml.Node, out reflect.Value) string {
	if !plain(n) || n.Value != "true" && n.Value != "false" {
		return "true or false"
	}
	out.SetBool(n.Value == "true")
	return ""
}

func setFloat(n *yaml.Node, out reflect.Value) string {
	f, err := strconv.ParseFloat(n.Value, out.Type().Bits())
	if !plain(n) || err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "a finite number"
	}
	out.SetFloat(f)
	return ""
}

func setInt(n *yaml.Node, out reflect.Value) string {
	if !plain(n) || !isInteger(n.Value) {
		return "a whole number in plain digits"
	}
	i, err := strconv.ParseInt(n.Value, 10, out.Type().Bits())
	if err != nil {
		return fmt.Sprintf("a whole number of %d bits", out.Type().Bits())
	}
	out.SetInt(i)
	return ""
}

func setUint(n *yaml.Node, out reflect.Value) string {
	if !plain(n) || !isInteger(n.Value) {
		return "a whole number in plain digits"
	}
	i, err := strconv.ParseUint(n.Value, 10, out.Type().Bits())
	if err != nil {
		return fmt.Sprintf("a whole number of %d bits that is not negative", out.Type().Bits())
	}
	out.SetUint(i)
	return ""
}

// isInteger holds for the one spelling that no reader takes for anything else:
// not 0x10, 0o7, 010, 1_000, +1 or 1e3, which YAML 1.1 and 1.2 tell apart.
func isInteger(s string) bool { return integer.MatchString(s) }

var integer = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

func hasKey(fields []field, key string) bool {
	for _, f := range fields {
		if f.key == key {
			return true
		}
	}
	return false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// shorten keeps a hostile text from filling a message.
func shorten(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

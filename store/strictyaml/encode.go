package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Marshal writes v as one document that ends with the line "...", and reads it
// back to be sure that it says the same. Texts of several lines come out as
// blocks where YAML can hold them so, as quoted strings elsewhere. An *Error
// tells of a value that has no form, such as a text that is not UTF-8.
func (c *Codec[T]) Marshal(v T) ([]byte, error) {
	w := writer{types: c.types}
	root, err := w.value(reflect.ValueOf(v), "")
	if err != nil {
		return nil, err
	}
	var failure error
	for _, style := range []yaml.Style{yaml.LiteralStyle, yaml.DoubleQuotedStyle} {
		styled(root, style)
		data, err := emit(root)
		if err == nil {
			err = c.readsBack(data, root)
		}
		if err == nil {
			return data, nil
		}
		failure = err
	}
	return nil, &Error{Reason: "it does not come back as it was written", Err: failure}
}

// readsBack fails unless data means what root says.
func (c *Codec[T]) readsBack(data []byte, root *yaml.Node) error {
	again, err := c.Unmarshal(data, Options{Limit: len(data), WantEnd: true})
	if err != nil {
		return err
	}
	w := writer{types: c.types}
	other, err := w.value(reflect.ValueOf(again), "")
	if err != nil {
		return err
	}
	if !same(root, other) {
		return errors.New("a text changed on its way")
	}
	return nil
}

func emit(root *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	if err := encode(&b, root); err != nil {
		return nil, err
	}
	b.WriteString(End)
	return b.Bytes(), nil
}

func encode(to io.Writer, n *yaml.Node) error {
	enc := yaml.NewEncoder(to)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return err
	}
	return enc.Close()
}

// styled sets how the texts below n are written that one plain line can't hold.
func styled(n *yaml.Node, style yaml.Style) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		n.Style = 0
		if strings.Contains(n.Value, "\n") || style == yaml.DoubleQuotedStyle {
			n.Style = style
		}
	}
	for _, child := range n.Content {
		styled(child, style)
	}
}

func same(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, same)
}

// A writer makes nodes from Go values.
type writer struct{ types types }

func (w writer) value(v reflect.Value, path string) (*yaml.Node, error) {
	t := v.Type()
	if isText(t) {
		return textNode(v, path)
	}
	switch k := t.Kind(); {
	case k == reflect.Pointer || k == reflect.Interface:
		return w.behind(v, path)
	case k == reflect.Struct:
		return w.structure(v, path)
	case k == reflect.Map:
		return w.mapping(v, path)
	case isBytes(t):
		return stringNode(string(v.Bytes()), path)
	case k == reflect.Slice:
		return w.sequence(v, path)
	case k == reflect.String:
		return stringNode(v.String(), path)
	case k == reflect.Bool:
		return scalarNode("!!bool", strconv.FormatBool(v.Bool())), nil
	case isFloat(k):
		return scalarNode("!!float", floatText(v.Float(), t.Bits())), nil
	case isInt(k):
		return scalarNode("!!int", strconv.FormatInt(v.Int(), 10)), nil
	case isUint(k):
		return scalarNode("!!int", strconv.FormatUint(v.Uint(), 10)), nil
	default: // inside of an any
		return nil, &Error{Path: path, Reason: fmt.Sprintf("%v has no YAML form", t)}
	}
}

func (w writer) behind(v reflect.Value, path string) (*yaml.Node, error) {
	switch {
	case !v.IsNil():
		return w.value(v.Elem(), path)
	case v.Kind() == reflect.Interface:
		return scalarNode("!!null", "null"), nil
	default:
		return nil, &Error{Path: path, Reason: "nil has no YAML form here"}
	}
}

func (w writer) structure(v reflect.Value, path string) (*yaml.Node, error) {
	known, reachable := w.types[v.Type()]
	if !reachable { // inside of an any
		return nil, &Error{Path: path, Reason: fmt.Sprintf("%v has no YAML form here", v.Type())}
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, f := range known.fields {
		fv := v.FieldByIndex(f.index)
		if f.omitEmpty && isEmpty(fv) || fv.Kind() == reflect.Pointer && fv.IsNil() {
			continue
		}
		child, err := w.value(fv, join(path, f.key))
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, scalarNode("!!str", f.key), child)
	}
	return n, nil
}

func (w writer) mapping(v reflect.Value, path string) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		key, err := stringNode(k.String(), path)
		if err != nil {
			return nil, err
		}
		child, err := w.value(v.MapIndex(k), join(path, k.String()))
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, key, child)
	}
	return n, nil
}

func (w writer) sequence(v reflect.Value, path string) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for i := range v.Len() {
		child, err := w.value(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, child)
	}
	return n, nil
}

func textNode(v reflect.Value, path string) (*yaml.Node, error) {
	text, err := textOf(v)
	if err != nil {
		return nil, &Error{Path: path, Reason: "the value has no text form", Err: err}
	}
	if isInteger(text) { // a size in bytes stands better without quotes
		return scalarNode("!!int", text), nil
	}
	return stringNode(text, path)
}

// floatText never looks like an integer, which it would come back as in an any.
func floatText(f float64, bits int) string {
	text := strconv.FormatFloat(f, 'g', -1, bits)
	if isInteger(text) || text == "-0" {
		text += ".0"
	}
	return text
}

func stringNode(s, path string) (*yaml.Node, error) {
	if !utf8.ValidString(s) {
		return nil, &Error{Path: path, Reason: "the text is not UTF-8"}
	}
	return scalarNode("!!str", s), nil
}

func scalarNode(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// isEmpty is what omitempty leaves out: zero values, values whose own IsZero
// says so, and empty lists and maps.
func isEmpty(v reflect.Value) bool {
	k := v.Kind()
	if k == reflect.Slice || k == reflect.Map {
		return v.Len() == 0
	}
	if z, ok := reflect.TypeAssert[interface{ IsZero() bool }](v); ok && k != reflect.Pointer {
		return z.IsZero()
	}
	return v.IsZero()
}

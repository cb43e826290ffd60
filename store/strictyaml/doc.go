// Package strictyaml turns Go values into YAML and back without ever guessing:
// what it accepts means exactly one thing, and what it writes it can read.
//
// yaml.v3 parses and emits; everything between the parsed nodes and the Go value
// is done here, because yaml.v3's own decoder rounds 1.5 into an integer, forgets
// KnownFields behind a custom UnmarshalYAML, takes an empty file for a zero value
// and expands aliases.
//
// It is not for YAML that other programs define (cloud-init documents, say):
// anchors, aliases, merge keys, tags and several documents in a stream are all
// refused.
//
// # How types map
//
// A key is the field's `yaml` tag, else its `json` tag, else its name in lower
// case. Understood are "-", "omitempty" (and "omitzero"), "inline", and embedded
// structs without a name of their own, which are inlined. A field without
// omitempty must be present in what is read, unless Options.Partial is set.
//
//	string         any scalar but null, its text as it stands
//	bool           true or false
//	int…, uint…    decimal digits, unquoted, no sign but '-', no leading zeros
//	float…         a plain finite number
//	time.Time      RFC 3339
//	time.Duration  Go's notation: 1m30s
//	[]byte         a string
//	TextUnmarshaler (with TextMarshaler)  the scalar's text, never null
//	pointer        absent for nil
//	slice, map with string keys, struct, any
//
// Types that bring their own UnmarshalYAML or MarshalYAML, and all other kinds,
// are refused when the Codec is made.
package strictyaml

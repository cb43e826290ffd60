// Package api holds the objects that callers see: the same Go types, with the
// same keys, go over the wire as JSON and into /var/lib/spliced as YAML.
//
// It holds shapes and their own rules (names, sizes), no behaviour; what a
// method does with them is the matter of package handlers.
package api

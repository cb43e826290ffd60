// Package cloudinit is what cloud-init reads in a guest: documents checked
// before they are kept, and NoCloud seeds rendered.
//
// It knows neither records nor volumes, and it isn't a second cloud-init: what
// a key of a cloud-config means, whether a script does what its author wants,
// and what a URL leads to are not looked at.
package cloudinit

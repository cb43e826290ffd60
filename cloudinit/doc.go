// Package cloudinit is what cloud-init reads in a guest: documents checked
// before they are kept, NoCloud seeds rendered, and the small CD images that they
// go in written.
//
// It knows neither records nor volumes, and it isn't a second cloud-init: what
// a key of a cloud-config means, whether a script does what its author wants,
// and what a URL leads to are not looked at.
package cloudinit

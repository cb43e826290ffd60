// Package libvirt is the host's libvirt, spoken to over its socket: domains are
// looked for, defined, started and removed, and the secrets of Ceph's users kept.
//
// It takes definitions as they are and knows nothing of what a VM should be
// like, of volumes or of profiles. It is the only package that imports
// go-libvirt, which speaks libvirt's protocol in pure Go: nothing is linked.
package libvirt

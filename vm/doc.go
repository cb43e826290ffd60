// Package vm is a virtual machine worked out from a profile: its volumes, its
// hardware, its libvirt domain.
//
// It only thinks: it opens nothing, asks nobody, and makes nothing. Whoever
// wants a VM reads the parts from the catalogue, has [Work] make a [Plan] of
// them, makes the plan's volumes, and has [Plan.Domain] write the domain once it
// is known how QEMU reaches them.
package vm

// Package ovf reads OVA archives and OVF descriptors: members in stream order
// with their digests, the manifest that vouches for them, and the hardware that
// the descriptor asks for.
//
// It only reads, front to back, in memory whose bound is known beforehand, and
// takes all of its input for hostile: a name that stands in an archive or a
// descriptor is text to be compared, never a path or URL to be opened. It knows
// neither disk formats nor storage, keeps no records and talks to nobody.
//
// An archive is read with [NewArchive] and [Archive.Next]; a descriptor goes
// through [Parse] into an [Appliance], and through [Appliance.Plan] into a
// [Plan], in which a configuration and properties have been chosen and nothing
// is left to be looked up. [Plan.Resolve] then pairs the plan's files with the
// members that the archive had.
//
// The formats are DMTF's DSP0243 (OVF 1 and 2), DSP8027 (the environment
// document), DSP0004 (units), VMware's OVF 0.9, and POSIX.1-2001 with GNU's
// extensions for tar.
package ovf

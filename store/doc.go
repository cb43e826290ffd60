// Package store keeps the catalogue: named records as strict YAML files and named
// blobs as they are, below one state folder, atomic and durable.
//
// It is not for the bytes of disks, which live in pools, and it knows no record's
// meaning: the types come from its callers.
//
// # Files
//
// A Collection is the folder DIR/KIND of files NAME.yaml, each one object: the
// first key is `schema: KIND/vN`, the last line is `...`. Blobs are the files
// NAME.EXT of a folder. Admins may edit, add and remove files by hand at any
// time: each answer is checked against the folder. (A list asks the kernel whether
// anything happened there; what it tells nobody, such as a write through a memory
// map, a list shows a second later at most.) What does not read exactly is
// never served and never in the way of the others: it is told by a *CorruptError.
// Everything else in a folder (editors' back-ups, dot-files, other extensions) is
// ignored, and symbolic links are never followed.
//
// # Writing
//
// A file is written beside its place under a dot-name, fsynced, renamed, and the
// folder fsynced: at any instant, across a killed process and a lost power
// supply, the name holds the old content whole or the new one whole. A Batch
// gives several files that together, by means of an intent in DIR/batches.
//
// A write that fails leaves everything as it was, with two exceptions that can
// be asked for: ErrNotDurable (done, but it may not outlive a power cut) and
// ErrUnfinished (a batch is decided and will be completed before anything else
// is read or written). The chain of each failure keeps the errno: ENOSPC, EROFS,
// EIO.
package store

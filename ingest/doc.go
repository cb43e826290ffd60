// Package ingest is the flow of one upload: from the source through archive
// and decoder into staging volumes, then their commit under the final names, or
// their removal.
//
// It makes the volumes of VMs as well (MakeVolume), which go the same way: under
// a staging name first, then committed or removed.
//
// It runs in a worker process, one flow at a time, and knows neither the wire
// nor records: what has to be remembered across a crash is the caller's matter,
// who names the staging volumes and is told what became of them. Memory is
// bounded by constants, whatever the upload's size.
package ingest

// Splicectl is the command line of spliced: it asks the daemon, over its socket,
// to take in images and appliances, and shows what is there.
//
// It is not a second way into the pools: it copies no data and reads no format.
// A file is opened here, with the caller's own rights, and passed on as a
// descriptor; everything else is the daemon's to decide.
package main

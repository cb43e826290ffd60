// Package failpoint names the steps at which a crash is worth a test, and
// kills the process there when it is built with the tag "failpoint" and asked
// to. Without the tag Hit does nothing and costs nothing.
//
// The environment variable SPLICED_FAILPOINT asks: "stage.written" kills the
// process that gets to that point, "stage.written:parent" the one that started
// it. It isn't for injecting failures: that is block/fault.
package failpoint

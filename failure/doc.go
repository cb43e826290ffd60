// Package failure is the one map from what went wrong to what a caller is told:
// the wire's code and a clause that says why.
//
// A clause goes behind "Cannot import OVA "web": " and brings its own period,
// unless it ends with an underlying cause's own words. What isn't known here is
// a defect of the program; nothing is guessed from texts.
package failure

// Package blocktest is the one suite that every driver of package block
// passes: it turns each clause of the contract into a test.
//
// A driver's own tests hold what only that driver knows, such as crashes and
// attacks on its folder; they don't repeat what is here.
package blocktest

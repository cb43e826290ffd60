// Package ovatest builds appliances and disk images for tests: right ones, and
// with a hand on their bytes, wrong ones.
//
// It is no model of a writer: what it makes is small, is held in memory, and
// uses only what the tests need of each format.
package ovatest

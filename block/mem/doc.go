// Package mem keeps volumes in memory, for tests: sparse, with a capacity that
// can run out, and strict about what the contract asks of its callers.
//
// It is not a cache and not for production: what it holds ends with the
// process, and Flush has nothing to make durable.
package mem

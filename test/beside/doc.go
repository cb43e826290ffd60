// Package beside runs a command with a service for tests beside it, such as a
// cluster, and ends both together. It knows no service; each has a command of
// its own that uses this package.
package beside

// Package handlers is the method table: what each method takes, answers and
// needs, and the one function that it calls.
//
// A handler refuses what can be refused before anything moves, calls one
// function of catalog or job, and shapes the result and its sentence. It holds
// no state beyond subscriptions and knows no storage.
package handlers

// Package rpc is the wire: JSON-RPC 2.0 in lines over a Unix stream socket, with
// open file descriptors beside the lines.
//
// A server is a table of methods made with Bind, from which the strict decoding
// of parameters, the access check and the OpenRPC document (Discover) all come:
//
//	list := rpc.Bind(rpc.Method{
//		Name:   "pool.list",
//		Access: rpc.AccessRead,
//		Doc:    "Lists the pools.",
//	}, func(ctx context.Context, c *rpc.Call, p struct{}) ([]Pool, error) { … })
//	srv := &rpc.Server{Methods: []rpc.Method{list}, Policy: policy, Log: log}
//	err := srv.Serve(ctx, listener)
//
// The other end is a Conn. Both ends also speak over a socketpair (see Pair),
// which is how a daemon talks to a worker process.
//
// A message is checked as a whole before the JSON-RPC library sees it, and the
// library is given only a method name and a number: parameters and results stay
// in the bytes that came, and are decoded once, into their own type.
//
// The package is not for words of any domain: it knows no pool, image or job,
// and imports no sibling.
package rpc

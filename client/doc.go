// Package client is the Go client for managers: a connection to the daemon's
// socket, calls with descriptors, and the events of jobs.
//
//	c, err := client.Dial(ctx, client.DefaultSocket)
//	…
//	defer c.Close()
//	var job struct{ Job string }
//	err = c.Call(ctx, "ova.upload", params, &job, file)
//
// A failure that the daemon reports is an *rpc.Error: its Code says what kind.
//
// It is not a model of the daemon's objects: parameters and results are whatever
// encodes to the JSON that the method takes. The same in Python, in one file
// without dependencies, is in the folder python.
package client

package main

import (
	"context"
	"io"
	"os"
	"time"

	"spliced/client"
)

// A cli is one run of the program: where it reads and writes, and what the
// flags that all commands have were set to.
type cli struct {
	stdin          *os.File // a file, because it may be passed on
	stdout, stderr io.Writer
	socket         string
	format         format
	documents      int // how many were written to stdout
}

// dialTime is how long the daemon has to accept a connection. It accepts at
// once, unless it isn't itself any more.
const dialTime = 10 * time.Second

// run does what the arguments (without the program's name) ask for, and returns
// the exit status.
func run(ctx context.Context, args []string, stdin *os.File, stdout, stderr io.Writer) int {
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr, format: formatTable}
	root := c.root() //nolint:contextcheck // the commands get ctx from ExecuteContext
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	f := explain(err, c.socket)
	f.print(stderr)
	return f.code
}

// daemon connects to the daemon, and closes the connection when use returns.
func (c *cli) daemon(ctx context.Context, use func(conn *client.Client) error) error {
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := client.Dial(dialing, c.socket)
	if err != nil {
		return &unreachable{err}
	}
	defer func() { _ = conn.Close() }() // there is nothing left to lose
	return use(conn)
}

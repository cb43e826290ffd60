package rpc_test

import (
	"context"
	"testing"

	"spliced/rpc"
)

// BenchmarkCall measures one small call after the other over a socketpair.
func BenchmarkCall(b *testing.B) {
	one, two, err := rpc.Pair()
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		served <- (&rpc.Server{Methods: (&fixture{}).methods()}).ServeConn(context.Background(), one)
	}()
	conn := rpc.NewConn(context.Background(), two, nil)
	b.ReportAllocs()
	for b.Loop() {
		var text string
		if err := conn.Call(context.Background(), "test.echo", echoParams{"hello"}, &text); err != nil {
			b.Fatal(err)
		}
	}
	_ = conn.Close()
	if err := <-served; err != nil {
		b.Fatal(err)
	}
}

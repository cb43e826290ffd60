package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"
)

type params map[string]any

// A call is a request that is measured.
type call struct {
	method string
	params params
	all    bool // the answer is a list of all records
}

// A line is a connection to the daemon on which time is measured: an answer is
// there when its last byte is, before anybody has decoded it.
type line struct {
	conn net.Conn
	in   *bufio.Reader
	text bytes.Buffer
}

func dial(ctx context.Context, socket string) (*line, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, in: bufio.NewReaderSize(conn, 1<<20)}, nil
}

func (l *line) close() { _ = l.conn.Close() }

// ask sends a request and returns how long its answer took, and the answer, which
// is good until the next.
func (l *line) ask(c call) (time.Duration, []byte, error) {
	request, err := json.Marshal(struct {
		Version string `json:"jsonrpc"`
		ID      int    `json:"id"`
		Method  string `json:"method"`
		Params  params `json:"params,omitempty"`
	}{"2.0", 1, c.method, c.params})
	if err != nil {
		return 0, nil, err
	}
	l.text.Reset()
	start := time.Now()
	if _, err := l.conn.Write(append(request, '\n')); err != nil {
		return 0, nil, err
	}
	for more := true; more; {
		piece, err := l.in.ReadSlice('\n')
		l.text.Write(piece)
		if more = errors.Is(err, bufio.ErrBufferFull); err != nil && !more {
			return 0, nil, err
		}
	}
	took := time.Since(start)
	if !bytes.HasPrefix(l.text.Bytes(), []byte(`{"jsonrpc":"2.0","id":1,"result":`)) {
		return 0, nil, fmt.Errorf("%s was answered with %.500s", c.method, l.text.Bytes())
	}
	return took, l.text.Bytes(), nil
}

package bench

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 2, 100}, 3},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	second := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	a := result{"spliced", []sample{
		{wall: second(3), cpu: second(4), machine: second(6), peak: 100 << 20},
		{wall: second(2), cpu: second(5), machine: second(4), peak: 120 << 20},
		{wall: second(4), cpu: second(4.5), machine: second(8), peak: 110 << 20},
	}}
	b := result{"qemu-img", []sample{{wall: second(12), cpu: second(9), machine: second(18), peak: 55 << 20}}}
	var got strings.Builder
	if err := writeTable(&got, a, b); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"             seconds               CPU seconds        peak MiB        busy cores\n" +
		"spliced      3.00 (2.00–4.00)      4.50 (4.00–5.00)   110 (100–120)   2.0 (2.0–2.0)\n" +
		"qemu-img     12.00 (12.00–12.00)   9.00 (9.00–9.00)   55 (55–55)      1.5 (1.5–1.5)\n" +
		"times less   4.00                  2.00               0.50            0.75\n"
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

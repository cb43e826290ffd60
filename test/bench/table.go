package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// A sample is what one round took.
type sample struct {
	wall    time.Duration
	cpu     time.Duration // of the programs that import, without the cluster
	machine time.Duration // CPU time of the whole machine, cluster and all
	peak    int64         // bytes resident
}

// A column is one figure of a sample.
type column struct {
	name   string
	format string
	value  func(sample) float64
}

func columns() []column {
	return []column{
		{"seconds", "%.2f", func(s sample) float64 { return s.wall.Seconds() }},
		{"CPU seconds", "%.2f", func(s sample) float64 { return s.cpu.Seconds() }},
		{"peak MiB", "%.0f", func(s sample) float64 { return float64(s.peak) / (1 << 20) }},
		{"busy cores", "%.1f", func(s sample) float64 { return s.machine.Seconds() / s.wall.Seconds() }},
	}
}

// A result is all samples of one contestant.
type result struct {
	name    string
	samples []sample
}

// writeTable writes medians with the least and the largest value, a line for
// each result, and how many times less the first took than the second.
func writeTable(w io.Writer, a, b result) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	head, rows, ratio := "", [2]string{a.name, b.name}, "times less"
	for _, c := range columns() {
		var medians [2]float64
		for i, r := range []result{a, b} {
			values := make([]float64, len(r.samples))
			for j, s := range r.samples {
				values[j] = c.value(s)
			}
			medians[i] = median(values)
			rows[i] += fmt.Sprintf("\t"+c.format+" ("+c.format+"–"+c.format+")",
				medians[i], slices.Min(values), slices.Max(values))
		}
		head += "\t" + c.name
		ratio += fmt.Sprintf("\t%.2f", medians[1]/medians[0])
	}
	for _, line := range []string{head, rows[0], rows[1], ratio} {
		if _, err := fmt.Fprintln(t, line); err != nil {
			return err
		}
	}
	return t.Flush()
}

// median is the middle value, or the mean of the two in the middle. There must
// be at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

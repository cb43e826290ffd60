package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

const importHelp = `Reads what splicectl export wrote, and creates what isn't there: templates, userdata and
scripts, then profiles. What is there and equal is left alone. What is there and different
refuses the import, before anything is changed; with --update it is made equal. An origin
("ova web") in the stream doesn't count: it says what made an entry on the other host.

Everything that can be checked is checked first. Should the daemon refuse an entry after
that, the import ends there, and can be repeated.`

// maxStream is a bound for slips, such as the import of a disk.
const maxStream = 64 << 20

func (c *cli) importCommand() *cobra.Command {
	im := importing{cli: c}
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take in what export wrote",
		Long:  importHelp,
		Example: `  splicectl import catalogue.yaml --dry-run
  ssh other splicectl export | splicectl import - --update`,
		Args: between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := c.readText(cmd.Context(), args[0], maxStream)
			if err != nil {
				return err
			}
			all, err := readStream(text)
			if err != nil {
				return err
			}
			return c.daemon(cmd.Context(), func(conn *client.Client) error { return im.run(cmd.Context(), conn, all) })
		},
	}
	cmd.Flags().BoolVar(&im.update, "update", false, "make what is there equal to what FILE says")
	cmd.Flags().BoolVar(&im.dryRun, "dry-run", false, "tell what would be done, and do nothing")
	return cmd
}

// An importing is one run of import.
type importing struct {
	*cli
	update, dryRun bool
}

// A step is what an import does about one entry.
type step struct {
	Kind   api.Kind `json:"kind"`
	Name   string   `json:"name"`
	Action action   `json:"action"`

	wanted     *wanted
	spec       map[string]any // or the patch
	generation string
}

// An action is what becomes of an entry.
type action string

const (
	created  action = "create"
	modified action = "modify"
	left     action = "leave"
)

func (im *importing) run(ctx context.Context, conn *client.Client, all []*wanted) error {
	there, err := takeStock(ctx, conn, all)
	if err != nil {
		return err
	}
	steps, err := im.plan(there, all)
	if err != nil {
		return err
	}
	done := 0
	for _, s := range steps {
		if err = im.take(ctx, conn, s); err != nil {
			break
		}
		done++
	}
	if told := im.summary(steps, done); err == nil {
		err = told
	}
	return err
}

// plan decides upon each entry, and refuses all of them when one can't be.
func (im *importing) plan(there *stock, all []*wanted) ([]*step, error) {
	var steps []*step
	var first *failure
	for _, w := range all {
		s, refusal := im.decide(there, w)
		if refusal == nil {
			steps = append(steps, s)
			continue
		}
		refusal.print(im.stderr)
		if first == nil {
			first = &failure{code: refusal.code, message: "Nothing was imported."}
		}
	}
	if first != nil {
		return nil, first
	}
	return steps, nil
}

// take does one step.
func (im *importing) take(ctx context.Context, conn *client.Client, s *step) error {
	if s.Action == left || im.dryRun {
		return im.tellStep(map[action]string{
			created: "Would create the %s.", modified: "Would modify the %s.", left: "Left the %s as it is.",
		}[s.Action], s)
	}
	spec, err := encode(s.spec)
	if err != nil {
		return err
	}
	k := s.wanted.kind
	params := k.write(s.Name, spec, s.generation)
	result, err := ask[api.EntryResult](ctx, conn, k.method(string(s.Action)), params)
	if err != nil || im.format != formatTable {
		return err
	}
	return im.say(result.value.Message)
}

func (im *importing) tellStep(format string, s *step) error {
	if im.format != formatTable {
		return nil // it is in the summary
	}
	return im.say(fmt.Sprintf(format, s.wanted))
}

// summary tells of all steps, of which so many were done.
func (im *importing) summary(steps []*step, done int) error {
	s := struct {
		Steps  []*step `json:"done"`
		DryRun bool    `json:"dry_run,omitempty"`
		Undone int     `json:"undone,omitempty"`
	}{append([]*step{}, steps[:done]...), im.dryRun, len(steps) - done}
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return write(im.cli, answer[[]*step]{raw: raw, value: steps}, func(w io.Writer, steps []*step) {
		row(w, im.count(steps, done))
	})
}

func (im *importing) count(steps []*step, done int) string {
	counts := map[action]int{}
	for _, s := range steps[:done] {
		counts[s.Action]++
	}
	words := []string{
		fmt.Sprintf("%d created", counts[created]), fmt.Sprintf("%d modified", counts[modified]), fmt.Sprintf("%d left as they are", counts[left]),
	}
	if undone := len(steps) - done; undone > 0 {
		words = append(words, fmt.Sprintf("%d not done", undone))
	}
	text := strings.Join(words, ", ") + "."
	if im.dryRun {
		text = "Nothing was changed. It would be: " + text
	}
	return text
}

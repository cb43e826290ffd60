package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"spliced/api"
	"spliced/client"
)

const editHelp = `Opens the spec as YAML, or of userdata and scripts the content, in $VISUAL, $EDITOR
or vi. Once the editor has ended, the difference is shown and, after a question, sent.
If somebody else changed it meanwhile, it is refused. What was edited isn't lost: it
can be edited again, or stays in a file that is named.`

func (c *cli) entryEdit(k *kind) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "edit NAME",
		Short:   fmt.Sprintf("Edit %s in an editor", article(k.noun)),
		Long:    editHelp,
		Example: fmt.Sprintf("  EDITOR=nano splicectl %sedit web", commandOf(k)),
		Args:    between(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := terminal(c.stdin); !ok && !yes {
				return misuse("With --yes it is changed without a question.",
					"Cannot edit %s %q: stdin is no terminal, so nobody can be asked whether that is meant.", k.noun, args[0])
			}
			return (&editing{cli: c, kind: k, name: args[0], yes: yes}).run(cmd.Context())
		},
	}
	yesFlag(cmd, &yes)
	cmd.ValidArgsFunction = c.completeEntry(k)
	return cmd
}

// An editing is one entry in the hands of an editor. No connection is held while
// somebody thinks.
type editing struct {
	*cli
	kind *kind
	name string
	yes  bool

	entry  api.Entry // as it is now
	before string    // the same, as text
	path   string    // of the text that is edited
}

// run goes through the editor as often as it takes.
func (e *editing) run(ctx context.Context) error {
	err := e.fetch(ctx)
	if err != nil {
		return err
	}
	folder, err := e.lay()
	if err != nil {
		return &failure{exitOutput, fmt.Sprintf("Cannot edit: %v.", err), ""}
	}
	for {
		again, err := e.round(ctx)
		if err != nil {
			again, err = e.retry(ctx, err)
		}
		if err != nil {
			return e.keep(folder, err)
		}
		if !again {
			return os.RemoveAll(folder)
		}
	}
}

// fetch looks what the entry is.
func (e *editing) fetch(ctx context.Context) error {
	return e.daemon(ctx, func(conn *client.Client) error {
		entry, err := ask[api.Entry](ctx, conn, e.kind.method("show"), e.kind.ref(e.name))
		if err != nil {
			return err
		}
		e.entry, e.before = entry.value, textOf(entry.value.Spec)
		if !e.kind.text() {
			e.before, err = e.kind.yaml(entry.value.Spec)
		}
		return err
	})
}

// lay puts the text into a file of its own folder, which nobody else can read.
func (e *editing) lay() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "splicectl-"); err != nil {
		return "", err
	}
	name := string(e.kind.id) + ".yaml" // editors look at the ending
	if e.kind.id == api.KindScript {
		name = "script"
	}
	e.path = filepath.Join(folder, name)
	if err := os.WriteFile(e.path, []byte(e.before), 0o600); err != nil {
		_ = os.RemoveAll(folder) // there is nothing to lose yet
		return "", err
	}
	return folder, nil
}

// round edits once, and sends what has changed. Again says that the user wants
// another one.
func (e *editing) round(ctx context.Context) (again bool, err error) {
	if err := e.openEditor(ctx, e.path); err != nil {
		return false, err
	}
	after, err := e.readText(ctx, e.path, maxSpec)
	if err != nil {
		return false, err
	}
	patch, err := e.patch(after)
	if err != nil {
		return false, err
	}
	if len(patch) == 0 {
		e.note("Nothing was changed.")
		return false, nil
	}
	if err := e.showDifference(after); err != nil {
		return false, err
	}
	reply := "y"
	if !e.yes {
		reply = e.question(ctx, fmt.Sprintf("Change %s %q so, or edit it again? [y/e/N] ", e.kind.noun, e.name))
	}
	switch reply {
	case "y", "yes":
		return false, e.putEntry(ctx, e.kind, "modify", e.name, patch, e.entry.Generation)
	case "e", "edit":
		return true, nil
	}
	return false, &failure{exitCancelled, "Nothing was changed.", ""}
}

// patch is what makes the entry what the text says.
func (e *editing) patch(after string) (map[string]any, error) {
	if e.kind.text() {
		return mergePatch(map[string]any{"content": e.before}, map[string]any{"content": after}), nil
	}
	wanted, err := e.kind.parse(after)
	if err != nil {
		return nil, err
	}
	old, err := e.kind.object(e.entry.Spec)
	if err != nil {
		return nil, err
	}
	return mergePatch(old, wanted), nil
}

func (e *editing) showDifference(after string) error {
	label := fmt.Sprintf("%s %s", e.kind.noun, e.name)
	text, err := udiff.ToUnified(label, label+" (edited)", e.before, udiff.Lines(e.before, after), udiff.DefaultContextLines)
	if err != nil {
		return err
	}
	e.note("%s", strings.TrimSuffix(cleanLines(text), "\n"))
	return nil
}

// retry tells what went wrong, and asks whether to edit again: what is there by
// then. It returns the failure if that is of no use.
func (e *editing) retry(ctx context.Context, err error) (again bool, _ error) {
	f := explain(err, e.socket)
	if _, ok := terminal(e.stdin); !ok || e.yes || f.code == exitCancelled || f.code == exitOutput {
		return false, f
	}
	f.print(e.stderr)
	told := &failure{code: f.code}
	if reply := e.question(ctx, "Edit again? [y/N] "); reply != "y" && reply != "yes" {
		return false, told
	}
	if err := e.fetch(ctx); err != nil {
		return false, err
	}
	return true, nil
}

// keep ends with a failure, and says where the text is.
func (e *editing) keep(folder string, err error) error {
	f := *explain(err, e.socket)
	text, readErr := os.ReadFile(e.path)
	if readErr == nil && string(text) == e.before {
		_ = os.RemoveAll(folder) // it holds nothing of the user's
		return &f
	}
	f.hint = strings.TrimSpace(f.hint + fmt.Sprintf(" The edited text is kept in %s", e.path))
	return &f
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// partingTime is how long an editor has to end once it was told to.
const partingTime = 5 * time.Second

// editor returns the command line of the user's editor (environ(7)).
func editor() (string, error) {
	if chosen := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR")); chosen != "" {
		return chosen, nil
	}
	if _, err := exec.LookPath("vi"); err != nil {
		return "", misuse("Say which one to use, for example: EDITOR=nano splicectl …",
			"Cannot edit: neither VISUAL nor EDITOR is set, and there is no vi.")
	}
	return "vi", nil
}

// openEditor lets the user edit a file, and returns when the editor has ended.
// The variables may hold arguments, so a shell takes them apart.
func (c *cli) openEditor(ctx context.Context, path string) error {
	line, err := editor()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line+` "$1"`, "sh", path) //nolint:gosec // the user's own choice
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.stdout, c.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = partingTime
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &failure{exitOutput, fmt.Sprintf("Cannot edit: the editor %q ended with: %v.", line, err), ""}
	}
	return nil
}

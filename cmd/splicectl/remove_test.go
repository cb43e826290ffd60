package main

import (
	"testing"

	"spliced/api"
	"spliced/rpc"
)

// removes answers image.remove, and tells what it removed; the image "gone" isn't there.
func removes(removed chan<- string) rpc.Method {
	return stub("image.remove", 0, func(_ *rpc.Call, p api.ImageRemove) (api.Result, error) {
		if p.Name == "gone" {
			return api.Result{}, rpc.Errorf(rpc.NotFound, "Cannot remove image %q: there is no such image.", p.Name)
		}
		removed <- p.Pool + "/" + p.Name
		return api.Result{Message: `Removed image "` + p.Name + `".`}, nil
	})
}

func TestRemoveSeveral(t *testing.T) {
	removed := make(chan string, 9)
	socket := serve(t, onePool(), removes(removed))
	ctl(t, socket, "image", "remove", "-y", "a", "gone", "b").want(t, 2,
		"Removed image \"a\".\nRemoved image \"b\".\n", "Cannot remove image \"gone\": there is no such image.\n")
	if first, second := <-removed, <-removed; first != "vms/a" || second != "vms/b" {
		t.Errorf("removed %q and %q", first, second)
	}
}

func TestRemoveFollowsItsJob(t *testing.T) {
	job := newFakeJob(at(api.JobRunning, copied(0, 1)), done(`Removed OVA "web".`))
	remove := stub("ova.remove", 0, func(_ *rpc.Call, p api.OVARemove) (api.Result, error) {
		return api.Result{Job: "j1", Message: "Works on " + p.Name}, nil
	})
	ctl(t, serve(t, append(job.methods(), remove)...), "ova", "remove", "web", "--yes").want(t, 0, "Removed OVA \"web\".\n", "")
}

func TestRemoveNeedsSomebodyToAsk(t *testing.T) {
	removed := make(chan string, 9)
	socket := serve(t, onePool(), removes(removed))
	ctl(t, socket, "image", "remove", "a", "b", "c").want(t, exitUsage, "",
		"Cannot remove images \"a\", \"b\" and \"c\": stdin is no terminal, so nobody can be asked whether that is meant.\nHint: With --yes it is removed without a question.\n")
	if len(removed) > 0 {
		t.Errorf("removed %d images", len(removed))
	}
}

func TestRemoveAsks(t *testing.T) {
	const question = `Remove image "a"? [y/N] `
	for _, c := range []struct {
		typed string
		code  int
		out   string
		err   string
	}{
		{"y\n", 0, "Removed image \"a\".\n", question},
		{"Yes\n", 0, "Removed image \"a\".\n", question},
		{"\n", exitCancelled, "", question + "Nothing was removed.\n"},
		{"n\n", exitCancelled, "", question + "Nothing was removed.\n"},
		{"yellow\n", exitCancelled, "", question + "Nothing was removed.\n"},
		{"\x04", exitCancelled, "", question + "\nNothing was removed.\n"}, // end of input
	} {
		removed := make(chan string, 9)
		socket := serve(t, onePool(), removes(removed))
		keyboard, screen := openTerminal(t)
		if _, err := keyboard.WriteString(c.typed); err != nil {
			t.Fatal(err)
		}
		ctlWith(t.Context(), screen, socket, "image", "remove", "a").want(t, c.code, c.out, c.err)
		if (len(removed) > 0) != (c.code == 0) {
			t.Errorf("typed %q: removed %d images", c.typed, len(removed))
		}
	}
}

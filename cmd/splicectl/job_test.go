package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"spliced/api"
	"spliced/rpc"
)

func TestJobWait(t *testing.T) {
	job := newFakeJob(at(api.JobRunning, copied(1, 4)), done("Imported."))
	ctl(t, serve(t, job.methods()...), "job", "wait", "j1").want(t, 0, "Imported.\n", "copying: 1 B of 4 B (25%)\n")
}

// Whoever waits for another's job neither ends it nor answers for it.
func TestJobWaitLeavesTheJobAlone(t *testing.T) {
	asks := at(api.JobPending, copied(1, 1))
	asks.NeedsFinalize = true
	job := newFakeJob(asks)
	socket := serve(t, job.methods()...)
	ctx, interrupt := context.WithCancel(t.Context())
	timer := time.AfterFunc(3*pace, interrupt)
	defer timer.Stop()
	got := ctlWith(ctx, nil, socket, "job", "wait", "j1")
	got.want(t, exitCancelled, "", "copying: 1 B of 1 B (100%)\nInterrupted: job j1 goes on.\n")
	got = ctl(t, socket, "job", "wait", "j1", "--timeout", "300ms")
	got.want(t, exitCancelled, "", "copying: 1 B of 1 B (100%)\nJob j1 has not ended within 300ms.\n")
	if cancelled, finalized := job.calls(); cancelled > 0 || len(finalized) > 0 {
		t.Errorf("cancelled %d times, finalized with %v", cancelled, finalized)
	}
}

func TestJobCancel(t *testing.T) {
	job := newFakeJob(at(api.JobRunning, nil))
	ctl(t, serve(t, job.methods()...), "job", "cancel", "j1").want(t, 0, "Asked the job to end.\n", "")
	if cancelled, _ := job.calls(); cancelled != 1 {
		t.Errorf("cancelled %d times", cancelled)
	}
}

func TestJobUnknown(t *testing.T) {
	socket := serve(t, fails("job.wait", rpc.Errorf(rpc.NotFound, "Cannot wait for job %q: there is no such job.", "x")))
	ctl(t, socket, "job", "wait", "x").want(t, 2, "", "Cannot wait for job \"x\": there is no such job.\n")
}

func TestLinesComeSeldom(t *testing.T) {
	var told strings.Builder
	clock := time.Unix(0, 0)
	l := &lines{out: &told, now: func() time.Time { return clock }}
	for second := range 13 {
		clock = time.Unix(int64(second), 0)
		l.show(at(api.JobRunning, copied(int64(second)<<30, 100<<30)))
	}
	l.show(at(api.JobRunning, &api.Progress{Stage: "flushing", Done: 2, Unit: "volumes"}))
	l.show(at(api.JobRunning, nil))
	l.show(at(api.JobSucceeded, copied(0, 1)))
	const want = `copying: 0 B of 100 GiB (0%)
copying: 5 GiB of 100 GiB (5%), 1 GiB/s, 1m35s left
copying: 10 GiB of 100 GiB (10%), 1 GiB/s, 1m30s left
flushing: 2 volumes
`
	if told.String() != want {
		t.Errorf("told:\n%s\nwant:\n%s", told.String(), want)
	}
}

func TestInspectShowsNoPassword(t *testing.T) {
	const plan = `{"version":"1","configuration":"s","configurations":[{"id":"s","label":"Small","default":true},{"id":"l","default":false}],
"systems":[{"key":"web","name":"Web \u001b[2Jserver","guest":{"type":"debian","family":"linux"},"vcpus":1,"memory":536870912,
"disks":[{"id":"sda","href":"a.vmdk","capacity":1073741824,"blank":false,"bus":"scsi","address":0},
{"id":"sdb","capacity":1024,"blank":true,"bus":"","address":-1},{"id":"sdc","href":"c.vmdk","capacity":0,"compression":"gzip","parent":"p","bus":"ide"}],
"nics":[{"network":"lan","model":"E1000","mac":"00:11"},{"network":""}],"networks":["lan"],"transports":["iso"],"media":[{"id":"cd0","kind":"iso","href":"a.iso"}],
"firmware":"efi","secure_boot":true,"vtpm":true,"machine":"q35","disk_bus":"virtio","nic_model":"virtio","eulas":["long"],
"products":[{"name":"Web","version":"2","vendor":"Us","properties":[{"key":"pw","password":true,"set":true,"value":"hunter2"},
{"key":"host","lacks":true},{"key":"ip","set":true,"value":"::1","label":"Address"},{"key":"dns"},{"key":"mail","set":true}]}],
"warnings":[{"line":7,"text":"the firmware is guessed"}]}],
"networks":[{"name":"lan","description":"The LAN"}],"unattached":[{"id":"sda","shared_with":"web/sda","capacity":1}],
"startup":[{"id":"web","key":"web","order":1,"start_delay":30,"waiting_for_guest":true},{"id":"x","key":"","order":0}],
"warnings":[{"text":"it is old"}]}`
	const want = `OVF:            1
Systems:        1
Network:        lan (The LAN)
Configuration:  s (Small), the default, chosen here
Configuration:  l
Starts:         1. web, the next after 30 s, or once its guest is up
Starts:         x

System "web":
  Name:          Web ` + "\ufffd" + `[2Jserver
  Guest:         debian
  Hardware:      1 vCPU, 512 MiB memory
  Machine:       q35, efi, disks on virtio, network by virtio, secure boot, virtual TPM
  Network card:  to "lan", E1000, 00:11
  Network card:  connected to none
  Medium:        cd0, iso, a.iso
  Environment:   iso

  DISK  SIZE          BUS   FROM
  sda   1 GiB         scsi  a.vmdk
  sdb   1 KiB         -     blank
  sdc   by its image  ide   c.vmdk, in gzip, on top of p

  1 licence to agree to; -o json has the text.

  Warnings:
    the firmware is guessed (line 7)

Product Web 2 of system "web":
  Vendor:  Us

  PROPERTY  VALUE                         LABEL
  pw        (hidden)                      -
  host      needed: --property KEY=VALUE  -
  ip        ::1                           Address
  dns       -                             -
  mail      ""                            -

Disks of no system:

  DISK  SIZE  BUS  FROM
  sda   1 B   -    the same as web/sda

Warnings:
  it is old
`
	inspect := stub("ova.inspect", 1, func(*rpc.Call, api.Inspect) (rawPlan, error) { return rawPlan(plan), nil })
	ctlWith(t.Context(), pipe(t, "ova"), serve(t, inspect), "ova", "inspect").want(t, 0, want, "")
}

// rawPlan is sent as it stands.
type rawPlan string

func (p rawPlan) MarshalJSON() ([]byte, error) { return []byte(p), nil }

func TestManual(t *testing.T) {
	dir := t.TempDir()
	ctl(t, "/nonexistent", "man", dir).want(t, 0, "", "")
	page, err := os.ReadFile(dir + "/splicectl-ova-upload.1")
	if err != nil || !strings.Contains(string(page), "require-manifest") {
		t.Errorf("%v; the page is:\n%s", err, page)
	}
	if got := ctl(t, "/nonexistent", "man", dir+"/absent"); got.code != exitOutput {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
}

func TestCompletion(t *testing.T) {
	socket := serve(t, onePool(), says("ova.list", []api.OVA{{Name: "web"}, {Name: "db"}}))
	for args, want := range map[string]string{
		"ova show ":            "web\ndb\n",
		"ova upload x --pool ": "vms\n",
		"image upload x y -o ": "table\njson\nyaml\n",
	} {
		got := ctl(t, socket, append([]string{"__complete"}, strings.Split(args, " ")...)...)
		if got.code != 0 || !strings.HasPrefix(got.out, want) {
			t.Errorf("%q: exit %d:\n%s", args, got.code, got.out)
		}
	}
	if got := ctl(t, "/nonexistent", "__complete", "ova", "show", ""); got.code != 0 {
		t.Errorf("without a daemon: exit %d: %s", got.code, got.err)
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if got := ctl(t, "/nonexistent", "completion", shell); got.code != 0 || !strings.Contains(got.out, "splicectl") {
			t.Errorf("%s: exit %d: %s", shell, got.code, got.err)
		}
	}
}

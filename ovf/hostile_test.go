package ovf_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

func TestHugeAndDeepDocuments(t *testing.T) {
	wide := func(element string, n int) string { return machine(strings.Repeat(element, n), "") }
	unique := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ doc, want string }{
		"too long":        {machine("<!--"+strings.Repeat("x", 4<<20)+"-->", ""), "4194304 are the most"},
		"tags":            {wide("<a/>", 500_000), "more than 120000 tags"},
		"nearly too many": {wide("<a/>", 119_000), ""},
		"attributes":      {machine(`<a `+unique(` a%d=""`, 200_000)+`/>`, ""), "attributes"},
		"many attributes": {machine(`<a `+unique(` a%d=""`, 100_000)+`/>`, ""), ""},
		"deep":            {machine(strings.Repeat("<a>", 50)+strings.Repeat("</a>", 50), ""), "nested"},
		"endless depth":   {envelope(strings.Repeat("<a>", 119_000)), "nested"},
		"files":           {machine("<References>"+unique(`<File ovf:id="f%d" ovf:href="h"/>`, 30_000)+"</References>", ""), "more than 2048 files"},
		"items":           {machine("", unique("<Item><InstanceID>%d</InstanceID><ResourceType>17</ResourceType></Item>", 15_000)), "more than 4096 items"},
		"properties":      {machine("<ProductSection>"+unique(`<Property ovf:key="k%d"/>`, 20_000)+"</ProductSection>", ""), "more than 8192 properties"},
		"configurations":  {machine("<DeploymentOptionSection>"+unique(`<Configuration ovf:id="c%d"/>`, 20_000)+"</DeploymentOptionSection>", ""), "more than 64 configurations"},
		"doctype":         {"<!DOCTYPE x [<!ENTITY a \"b\">]>" + machine("", ""), "DOCTYPE"},
		"entity":          {machine("&a;", ""), "well-formed"},
		"utf-16":          {"\xff\xfe<\x00", "UTF-16"},
		"encoding":        {`<?xml version="1.0" encoding="EBCDIC"?><a/>`, "encoding"},
		"two roots":       {machine("", "") + "<a/>", "second root"},
		"text after":      {machine("", "") + "junk", "text outside"},
		"nothing":         {"", "no elements"},
		"cut":             {machine("", "")[:300], "well-formed"},
		"noise":           {"\x00\x01\x02", "well-formed"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			start := time.Now()
			used := allocated(func() { _, err = planOf([]byte(c.doc), ovf.Choice{}) })
			checkRefusal(t, err, c.want)
			if used > memoryCeiling {
				t.Errorf("it took %d MiB of memory", used>>20)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// memoryCeiling is what any descriptor may cost, all that is given back
// meanwhile counted too.
const memoryCeiling = 96 << 20

func TestHostileNames(t *testing.T) {
	evil := "../../etc/passwd&#10;&#x202e;$(reboot) \"; drop &lt;script&gt; \u202e%00 : - {}[]"
	evil = strings.ReplaceAll(evil, `"`, "&quot;")
	p := mustPlan(t, envelope(`<NetworkSection><Network ovf:name="`+evil+`"/></NetworkSection><VirtualSystem ovf:id="`+evil+`"><Name>`+evil+`</Name><VirtualHardwareSection>`+
		it(17, 1)+`<vmw:Config vmw:key="`+evil+`" vmw:value=""/></VirtualHardwareSection></VirtualSystem><VirtualSystem ovf:id="...-"><VirtualHardwareSection/></VirtualSystem>`))
	if got := p.Systems[0].Key; got != "etc-passwd-reboot-drop-script" {
		t.Errorf("the key is %q", got)
	}
	if got := p.Systems[1].Key; got != "vm" {
		t.Errorf("the key is %q", got)
	}
	for _, w := range append(p.Warnings, p.Systems[0].Warnings...) {
		if strings.ContainsAny(w.Text, "\n\u202e\x1b") {
			t.Errorf("a warning has control characters: %q", w.Text)
		}
	}
}

func TestKeysAreUnique(t *testing.T) {
	one := `<VirtualSystem ovf:id="%s"><VirtualHardwareSection/></VirtualSystem>`
	long := strings.Repeat("a", 60)
	p := mustPlan(t, envelope(fmt.Sprintf(strings.Repeat(one, 5), "web", "Web", long, long, "")))
	var keys []string
	for _, s := range p.Systems {
		keys = append(keys, s.Key)
	}
	if diff := cmp.Diff([]string{"web", "Web-2", strings.Repeat("a", 30), strings.Repeat("a", 28) + "-2", "vm"}, keys); diff != "" {
		t.Error(diff)
	}
}

package ovf_test

import (
	"strings"
	"testing"

	"spliced/ovf"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte(machine(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="${k}" ovf:capacityAllocationUnits="byte * 2^30"/>`)+
		`<ProductSection ovf:class="c"><Property ovf:key="k" ovf:value="3" ovf:qualifiers="MinLen(1) ValueMap{&quot;a&quot;}"/></ProductSection>`,
		it(17, 1, "HostResource=/disk/a", "Parent=2")+it(6, 2, "ResourceSubType=lsilogic")+it(4, 3, "VirtualQuantity=1", "AllocationUnits=GB"))))
	f.Add([]byte(envelope(`<VirtualSystemCollection ovf:id="c"><StartupSection><Item ovf:id="x" ovf:order="1"/></StartupSection><VirtualSystem ovf:id="x"><VirtualHardwareSection/></VirtualSystem></VirtualSystemCollection>`)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var plan *ovf.Plan
		var err error
		used := allocated(func() { plan, err = planOf(doc, ovf.Choice{}) })
		if limit := uint64(2<<20 + 400*len(doc)); used > max(limit, memoryCeiling) {
			t.Errorf("%d bytes took %d bytes of memory", len(doc), used)
		}
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
				t.Errorf("the refusal has control characters: %q", err)
			}
			return
		}
		checkPlan(t, "fuzz", plan)
		for _, s := range plan.Systems {
			if plan.Environment(s.Key, ovf.Platform{}) == nil {
				t.Errorf("no environment document for %q", s.Key)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	all := sampleFiles()
	all[1].data = all[1].data[:1500]
	f.Add(pack(f, append(all, manifest(all...))...), 600, int64(-1))
	f.Add(withPAX(f, pack(f, all...), "path", "other"), 1500, int64(4096))
	f.Fuzz(func(t *testing.T, doc []byte, cut int, size int64) {
		var err error
		used := allocated(func() { _, _, err = readAll(strings.NewReader(string(doc)), size) })
		if used > 64<<20 {
			t.Errorf("%d bytes took %d bytes of memory", len(doc), used)
		}
		if err == nil && (len(doc)%512 != 0 || size > 0 && size != int64(len(doc))) {
			t.Errorf("%d bytes are accepted, said to be %d", len(doc), size)
		}
		if err == nil && cut >= 0 && cut < len(doc) {
			_, whole, _ := readAll(strings.NewReader(string(doc)), -1)
			if _, v, err := readAll(strings.NewReader(string(doc[:cut])), -1); err == nil && !v.HasManifest && len(v.Members) < len(whole.Members) {
				t.Errorf("cut at %d of %d, and accepted", cut, len(doc))
			}
		}
	})
}

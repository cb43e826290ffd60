package ovf_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

var update = flag.Bool("update", false, "write the golden plans anew")

// TestGoldenPlans holds the plans of descriptors that matter: each vendor and
// version, several systems, configurations, properties, firmware and devices.
func TestGoldenPlans(t *testing.T) {
	const lax = templates + "LaxMode/Pos/"
	for name, sample := range map[string]string{
		"cisco-configurations":   "cot/COT/tests/input.ovf",
		"cisco-csr1000v":         "cot/COT/tests/csr1000v.ovf",
		"cisco-iosv":             "cot/COT/tests/iosv.ovf",
		"ovf-0.9":                "cot/COT/tests/v0.9.ovf",
		"ovf-2.0-virtualbox":     "cot/COT/tests/ubuntu.2.0.ovf",
		"vmware-workstation":     "cot/COT/tests/vmware.ovf",
		"virtualbox-controllers": lax + "vbox6_all_controller_subtypes/vbox6.ovf",
		"virtualbox-0.9":         lax + "vbox5_all_storage_controllers_0.9/vbox5_0.9.ovf",
		"vmware-photon":          "govmomi/ovf/fixtures/photon5.ovf",
		"vmware-nvme-config":     "govmomi/ovf/fixtures/configspec.ovf",
		"vmware-configurations":  "govmomi/ovf/fixtures/deployment-configs.ovf",
		"vmware-properties":      "govmomi/ovf/fixtures/properties.ovf",
		"vmware-mixed-disks":     "govmomi/ovf/fixtures/mixed-disks.ovf",
		"ubuntu-cloud":           "govmomi/ovf/fixtures/ubuntu24.10.ovf",
		"vmware-nsx":             "govmomi/ovf/fixtures/vmware/nsx-unified-appliance-9.1.0.0.25262063.ovf",
		"vmware-vcenter":         "govmomi/ovf/fixtures/vmware/VMware-vCenter-Server-Appliance-9.1.0.0.25262036_OVF10.ovf",
		"vmware-efi-vtpm":        external + "vtpm-ovf/vtpm-spec-with-nvram.ovf",
		"vmware-nested-esxi":     external + "ovf_extra_config/Nested-ESXi-3-Node-VSAN-Template.ovf",
		"vmware-multi-vm":        external + "vcenter-vapp-multiVM/sun-vapp-multiVM.ovf",
		"vmware-multi-vm-0.9":    external + "oldOvfs/vcenter-vapp-multiVM/sun-vapp-multiVM.ovf",
		"vmware-windows-xp-nics": external + "oldOvfs/xp-multinic/xp-multinic.ovf",
		"vmware-iso-nvram":       external + "nvram_iso/new_vm_nvram_iso.ovf",
		"vmware-chunks":          external + "standard_ovas/nostalgia-chunkdisk/Nostalgia.ovf",
		"vmware-delta":           external + "standard_ovas/parentDisk/parentDisk.ovf",
		"vmware-boot-order":      external + "ovfperforce/yVM/yVM.ovf",
		"vcloud-two-systems":     external + "haoUnOS2VMs-1GHz-1GB-50G/haoUnOS2VMs.ovf",
		"vmware-nvdimm":          external + "NVM/vapp-nvdimm.ovf",
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := planOf(readSample(t, sample), ovf.Choice{})
			if err != nil {
				t.Fatal(err)
			}
			checkGolden(t, filepath.Join("testdata", "golden", name+".json"), plan)
		})
	}
}

// checkGolden compares a plan with its golden file, without the prose that is
// its author's.
func checkGolden(t *testing.T, file string, plan *ovf.Plan) {
	t.Helper()
	withoutProse(plan)
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(plan); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the plan is another one than %s; if that is right, run the test with -update:\n%s", file, diff)
	}
}

func withoutProse(p *ovf.Plan) {
	cut := func(text *string) {
		if *text != "" {
			*text = "…"
		}
	}
	cutAll := func(texts []string) {
		for i := range texts {
			cut(&texts[i])
		}
	}
	products := func(list []ovf.ProductPlan) {
		for i := range list {
			for j := range list[i].Properties {
				v := &list[i].Properties[j]
				cut(&v.Label)
				cut(&v.Description)
				cut(&v.Category)
			}
		}
	}
	for i := range p.Configurations {
		cut(&p.Configurations[i].Label)
		cut(&p.Configurations[i].Description)
	}
	for i := range p.Networks {
		cut(&p.Networks[i].Description)
	}
	products(p.Products)
	cutAll(p.EULAs)
	cutAll(p.Annotations)
	for i := range p.Systems {
		products(p.Systems[i].Products)
		cutAll(p.Systems[i].EULAs)
		cutAll(p.Systems[i].Annotations)
	}
}

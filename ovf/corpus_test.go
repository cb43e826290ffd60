package ovf_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spliced/ovf"
)

// corpus is the folder of sample files; the test is skipped where there is none.
func corpus(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("SPLICED_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(dir); err != nil {
		if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "corpus") {
			tb.Fatalf("the sample files are required, but not there: %v", err)
		}
		tb.Skip("no sample files; set SPLICED_CORPUS to their folder")
	}
	return dir
}

func readSample(tb testing.TB, name string) []byte {
	tb.Helper()
	doc, err := os.ReadFile(filepath.Join(corpus(tb), name))
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

const (
	external  = "govmomi/ovf/fixtures/external/"
	templates = external + "OVFToolTemplates/OVF/xmltestfiles/"
)

// refused lists the descriptors that must be refused, with words of the reason.
// Whatever isn't listed must be accepted.
func refused() map[string]string {
	const (
		noSystem = "has no virtual system"
		template = "is not a whole number" // a placeholder that a build fills in
	)
	table := map[string]string{
		"cot/COT/tests/ersatz_ovf_3.0.ovf": "no known version of OVF",
		"cot/COT/tests/invalid.ovf":        `file "flash2", which is not among the references`,
		"govmomi/ovf/fixtures/empty.ovf":   noSystem,

		external + "ImportOvf2014/complete_vsc_11.ovf":                                         `"vServiceDependencySection" is not known, but marked as required`,
		external + "ImportOvf2014/complete_vsc_orig.ovf":                                       `"vServiceDependencySection" is not known, but marked as required`,
		external + "ImportOvf2014/properties_filtering.ovf":                                    noSystem,
		external + "ImportOvf2014/scaleoutStartup.ovf":                                         noSystem,
		external + "ImportOvf2014/scaleoutVApp.ovf":                                            noSystem,
		external + "ImportOvf2014/tagBasedPlacementGroupSection/tagBasedPlacementGroup005.ovf": noSystem,
		external + "ImportOvf2014/tagBasedPlacementSection/tagBasedPlacement001.ovf":           noSystem,
		external + "OVFToolTemplates/ovftoolresources/nvapp003.ovf":                            noSystem,
		external + "OVFToolTemplates/ovftoolresources/nvapp004.ovf":                            noSystem,
		external + "external.ovf":                                                              noSystem,
		external + "jeos_corrupted.ovf":                                                        "not well-formed XML",
		external + "ovftoolresources/nvapp003.ovf":                                             noSystem,
		external + "ovftoolresources/nvapp006.ovf":                                             noSystem,

		templates + "DiskSection/Neg/dup_diskid.ovf":                   `disk id "vmdisk1" is used twice`,
		templates + "DiskSection/Neg/inside_content.ovf":               `made of "vmdisk1", which the descriptor does not have`,
		templates + "DiskSection/Neg/no_diskid.ovf":                    "a disk has no diskId",
		templates + "DiskSection_1_0/Neg/dup_diskid.ovf":               `disk id "vmdisk1" is used twice`,
		templates + "Envelope/Neg/content_withnovm.ovf":                noSystem,
		templates + "Envelope/Neg/invalid_empty_env.ovf":               noSystem,
		templates + "Envelope/Neg/invalid_env.ovf":                     `root is "FakeEnvelope"`,
		templates + "Envelope/Neg/invalid_no_file_in_ref.ovf":          `file "file1", which is not among the references`,
		templates + "Envelope/Neg/invalid_no_ref.ovf":                  `file "file1", which is not among the references`,
		templates + "Envelope/Neg/invalid_ref_dup_id.ovf":              `file id "file1" is used twice`,
		templates + "Envelope/Neg/invalid_ref_id.ovf":                  "a file has no id",
		templates + "Envelope_1_0/Neg/invalid_env.ovf":                 `root is "FakeEnvelope"`,
		templates + "Envelope_1_0/Neg/invalid_ref_dup_id.ovf":          `file id "file1" is used twice`,
		templates + "Envelope_1_0/Neg/invalid_ref_id.ovf":              "a file has no id",
		templates + "Envelope_1_0/Neg/invalid_version.ovf":             noSystem,
		templates + "ProductSection/Neg/dup_prodsec.ovf":               "two product sections",
		templates + "ProductSection/Neg/prop_dup_keys.ovf":             `property "imunique" is there twice`,
		templates + "ProductSection/Neg/prop_no_key.ovf":               "a property has no key",
		templates + "ProductSection_1_0/Neg/dup_prodsec.ovf":           "two product sections",
		templates + "ProductSection_1_0/Neg/prop_dup_keys.ovf":         `property "imunique" is there twice`,
		templates + "ProductSection_1_0/Neg/prop_no_key.ovf":           "a property has no key",
		templates + "VirtualAppliances/Pos/nvapp003.ovf":               noSystem,
		templates + "VirtualAppliances/Pos/nvapp006.ovf":               noSystem,
		templates + "VirtualHardware/Neg/child_uitem_req_true.ovf":     `element "Unknown", which is not known, but marked as required`,
		templates + "VirtualHardware/Neg/dup_instanceid.ovf":           `instance id "6" is used by two items`,
		templates + "VirtualHardware/Neg/empty_item.ovf":               "resource type",
		templates + "VirtualHardware/Neg/maxwith_nonormal.ovf":         "has limits but no value",
		templates + "VirtualHardware/Neg/no_vh.ovf":                    "no hardware section",
		templates + "VirtualHardware_1_0/Neg/child_uitem_req_true.ovf": `element "Unknown", which is not known, but marked as required`,
		templates + "VirtualHardware_1_0/Neg/invalid_multiple_vh.ovf":  "resource type",
		templates + "VirtualHardware_1_0/Neg/no_resourcetype.ovf":      "resource type",
	}
	for _, hw := range []string{"7", "10", "11", "13", "14", "15", "17", "18", "19", "20", "21"} {
		table["open-vmdk/templates/template-hw"+hw+".ovf"] = template
	}
	return table
}

// arguments says for each descriptor that VMware's tool judges otherwise why
// this package doesn't follow.
func arguments() map[string]string {
	const (
		noMachine  = "a collection without a machine leaves nothing to import"
		noInfo     = "Info is for people; nothing depends on it"
		misplaced  = "the section is ignored with a warning; the machine is clear without it"
		atResolve  = "the descriptor is sound; that its file is missing shows when it is paired with the archive"
		sizeIgnore = "the archive knows the file's size, so what the descriptor says of it is ignored with a warning"
		unreadable = "the damage is in the disk image, which the image's decoder finds"
		optional   = "an unknown element that isn't marked as required is ignored with a warning"
		version    = "the namespace tells the version"
		bounds     = "limits aren't used, so they may be wrong as long as the value is right"
	)
	return map[string]string{
		templates + "VirtualAppliances/Pos/nvapp003.ovf": noMachine,
		templates + "VirtualAppliances/Pos/nvapp006.ovf": noMachine,

		templates + "AnnotationSection/Neg/ann_sec_elsewhr.ovf":            misplaced,
		templates + "AnnotationSection_1_0/Neg/ann_sec_elsewhr.ovf":        misplaced,
		templates + "NetworkSection_1_0/Neg/net_sec_elsewhr.ovf":           misplaced,
		templates + "RASection/Neg/ras_sec_elsewhr.ovf":                    misplaced,
		templates + "VirtualHardware/Neg/vh_under_env.ovf":                 misplaced,
		templates + "NetworkSection/Neg/no_net.ovf":                        "the network is added to the list with a warning; the operator maps it anyway",
		templates + "DiskSection/Neg/dup_filerefs.ovf":                     "two disks from one file are two volumes",
		templates + "DiskSection/Neg/invalid_delta_reference_disk.ovf":     unreadable,
		templates + "DiskSection_1_0/Neg/invalid_delta_reference_disk.ovf": unreadable,
		templates + "DiskSection/Neg/no_format.ovf":                        "the format's URI lies often enough; the image's own head decides",
		templates + "DiskSection_1_0/Neg/no_capacity.ovf":                  "the image's own header has the size",
		templates + "Envelope/Neg/bare_minimal.ovf":                        version,
		templates + "Envelope_1_0/Neg/bare_minimal.ovf":                    version,
		templates + "Envelope/Neg/invalid_no_version.ovf":                  version,
		templates + "Envelope_1_0/Neg/invalid_no_version.ovf":              version,
		templates + "Envelope_1_0/Neg/no_version_num.ovf":                  version,
		templates + "Envelope/Neg/content_withnoinfo.ovf":                  noInfo,
		templates + "Envelope_1_0/Neg/content_withnoinfo.ovf":              noInfo,
		templates + "Envelope_1_0/Neg/section_withnoinfo.ovf":              noInfo,
		templates + "Envelope_1_0/Neg/content_vmwithnoid.ovf":              "the only system needs no id to be told apart",
		templates + "Envelope/Neg/fileelements_samefile.ovf":               "two names for one file do no harm; there is a warning",
		templates + "Envelope_1_0/Neg/fileelements_samefile.ovf":           "two names for one file do no harm; there is a warning",
		templates + "Envelope/Neg/invalid_ref_size_neg.ovf":                sizeIgnore,
		templates + "Envelope_1_0/Neg/invalid_ref_size_neg.ovf":            sizeIgnore,
		templates + "Envelope_1_0/Neg/invalid_neg_chunk.ovf":               sizeIgnore,
		templates + "Envelope_1_0/Neg/invalid_vmdk.ovf":                    unreadable,
		templates + "HttpLocators/Neg/valid_no_disk.ovf":                   atResolve,
		templates + "HttpLocators/Neg/valid_no_disk_in_server.ovf":         atResolve,
		templates + "HttpLocators_1_0/Neg/valid_no_disk_in_server.ovf":     atResolve,
		templates + "ProductSection/Neg/prop_invalid_type.ovf":             "a value of an unknown type is handed to the guest as it is",
		templates + "ProductSection/Neg/prop_no_type.ovf":                  "a value without a type is handed to the guest as it is",
		templates + "VirtualAppliances/Neg/nvapp001.ovf":                   "attributes without a prefix are taken for OVF's own",
		templates + "VirtualHardware/Neg/child_uitem_req_unspec.ovf":       optional,
		templates + "VirtualHardware_1_0/Neg/child_uitem_req_unspec.ovf":   optional,
		templates + "VirtualHardware/Neg/no_instanceid.ovf":                "an item that no other one refers to needs no id; there is a warning",
		templates + "VirtualHardware/Neg/noninteger_range.ovf":             bounds,
		templates + "VirtualHardware_1_0/Neg/twomax_rangemarker.ovf":       bounds,
		templates + "VirtualHardware_1_0/Neg/maxwith_nonormal.ovf":         "a memory item without a quantity isn't counted; another one has the size",
		templates + "VirtualHardware_1_0/Neg/empty_system.ovf":             "the System element only names the hardware's family",
	}
}

// TestCorpusVerdicts holds every descriptor of the samples to its verdict.
func TestCorpusVerdicts(t *testing.T) {
	root := corpus(t)
	wrong, argued := refused(), arguments()
	seen := 0
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(p, ".ovf") {
			return err
		}
		seen++
		name, _ := filepath.Rel(root, p)
		doc, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		reason, bad := wrong[name]
		delete(wrong, name)
		why, has := argued[name]
		delete(argued, name)
		lower := strings.ToLower(name)
		differs := bad && strings.Contains(lower, "/pos/") || !bad && strings.Contains(lower, "/neg/")
		if differs != (has && why != "") {
			t.Errorf("%s: refused is %v; whether that needs an argument is %v, and there is %q", name, bad, differs, why)
		}
		checkVerdict(t, name, doc, reason)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 490 {
		t.Errorf("only %d descriptors were found", seen)
	}
	for name := range wrong {
		t.Errorf("%s stands in the table of refusals, but is not there", name)
	}
	for name := range argued {
		t.Errorf("%s stands in the table of arguments, but is not there", name)
	}
}

// checkVerdict plans a descriptor and looks at the plan's soundness.
func checkVerdict(t *testing.T, name string, doc []byte, reason string) {
	t.Helper()
	plan, err := planOf(doc, ovf.Choice{})
	switch {
	case reason == "" && err != nil:
		t.Errorf("%s: refused: %v", name, err)
	case reason != "" && err == nil:
		t.Errorf("%s: accepted, but should be refused because: %s", name, reason)
	case reason != "" && !strings.Contains(err.Error(), reason):
		t.Errorf("%s: refused because %v; want: %s", name, err, reason)
	case err == nil:
		checkPlan(t, name, plan)
	}
}

func planOf(doc []byte, c ovf.Choice) (*ovf.Plan, error) {
	a, err := ovf.Parse(doc)
	if err != nil {
		return nil, err
	}
	return a.Plan(c)
}

// checkPlan holds what must be true of every plan.
func checkPlan(t *testing.T, name string, p *ovf.Plan) {
	t.Helper()
	keys := map[string]bool{}
	for _, s := range p.Systems {
		if s.VCPUs < 1 || s.Memory < 1<<20 || s.DiskBus == "" || s.NICModel == "" || s.Machine == "" {
			t.Errorf("%s: the system %s is incomplete: %+v", name, s.Key, s)
		}
		if s.Key == "" || keys[s.Key] {
			t.Errorf("%s: the key %q is empty or used twice", name, s.Key)
		}
		keys[s.Key] = true
		for n, d := range s.Disks {
			if d.Blank && d.Capacity == 0 || !d.Blank && d.Href == "" || n == 0 && d.ID != "sda" {
				t.Errorf("%s: the disk %+v is incomplete", name, d)
			}
		}
		for _, network := range s.Networks {
			if !slices.ContainsFunc(p.Networks, func(n ovf.Network) bool { return n.Name == network }) {
				t.Errorf("%s: the network %q is not in the plan", name, network)
			}
		}
	}
	if len(p.Systems) == 0 {
		t.Errorf("%s: the plan has no system", name)
	}
}

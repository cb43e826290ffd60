package catalog

import (
	"fmt"
	"slices"
	"strings"

	"spliced/api"
	"spliced/ingest"
	"spliced/ovf"
)

// maxText bounds, in bytes, what a record shows of each text that somebody may
// have written an essay into. The descriptor, which is kept, has all of it.
const maxText = 256

// maxProperties bounds how many properties a record lists of each product.
const maxProperties = 256

// ovaRecord is what is remembered of an OVA. All texts in it that come from the
// descriptor are cleaned of what a terminal would act on. Passwords are in
// Secrets and nowhere else.
func ovaRecord(p api.OVAUpload, staged *ingest.StagedOVA) api.OVA {
	plan := staged.Plan
	record := api.OVA{
		Name: p.Name, Pool: p.Pool, SHA256: strings.ToLower(p.SHA256),
		Configuration: ovf.Clean(plan.Configuration), Configurations: configurations(plan.Configurations),
		Properties: staged.Properties, Secrets: staged.Secrets,
		Products: products(plan.Products), Startup: startup(plan.Startup),
		Unattached: diskRecords(p.Name, staged, "", plan.Unattached),
		Warnings:   slices.Concat(warnings(plan.Warnings), warnings(staged.Verdicts.Warnings), unlisted(plan.Products)),
	}
	for _, m := range staged.Verdicts.Members {
		record.Members = append(record.Members, api.Member{
			Name: ovf.Clean(m.Name), Size: api.Size(m.Size), SHA256: m.SHA256, Manifest: api.Verdict(m.State),
		})
	}
	for i := range plan.Systems {
		s := systemRecord(p.Name, plan, &plan.Systems[i])
		s.Disks = diskRecords(p.Name, staged, s.Key, plan.Systems[i].Disks)
		s.Media = mediaRecords(p.Name, staged, s.Key, plan.Systems[i].Media)
		record.Systems = append(record.Systems, s)
	}
	return record
}

// systemRecord is what is remembered of a system but its disks and media.
func systemRecord(ova string, plan *ovf.Plan, s *ovf.SystemPlan) api.System {
	name := ingest.SystemName(ova, plan, s.Key)
	system := api.System{
		Key: s.Key, Name: short(s.Name), SystemTemplate: name, Profile: name,
		VCPUs: s.VCPUs, Memory: api.Size(s.Memory), Firmware: s.Firmware, SecureBoot: s.SecureBoot, VTPM: s.VTPM,
		Machine: s.Machine, DiskBus: s.DiskBus, SCSIModel: s.SCSIModel, NICModel: s.NICModel, Guest: guest(s.Guest),
		Networks: cleaned(s.Networks), Transports: cleaned(s.Transports), Products: products(s.Products), Warnings: append(warnings(s.Warnings), unlisted(s.Products)...),
	}
	if system.Name == "" {
		system.Name = s.Key
	}
	for _, n := range s.NICs {
		system.NICs = append(system.NICs, api.NIC{Network: ovf.Clean(n.Network), Model: short(n.Model), MAC: n.MAC})
	}
	return system
}

// guest names the operating system in the descriptor's words.
func guest(g ovf.Guest) string {
	if text := short(g.Description); strings.TrimSpace(text) != "" {
		return text
	}
	return short(strings.TrimSpace(g.Type + " " + g.Version))
}

// diskRecords are the disks of a system, or those of none. One that another
// system has, too, stands in both, with the same volume.
func diskRecords(ova string, staged *ingest.StagedOVA, system string, disks []ovf.Disk) []api.OVADisk {
	var list []api.OVADisk
	for _, d := range disks {
		owner, id := system, d.ID
		if d.SharedWith != "" {
			owner, id, _ = strings.Cut(d.SharedWith, "/")
		}
		record := volumeRecord(ova, staged, owner, id)
		record.ID, record.DiskID, record.BootIndex, record.Shared = d.ID, diskKey(d), d.BootIndex, d.SharedWith != ""
		list = append(list, record)
	}
	return list
}

// diskKey is what tells a disk from others in its descriptor.
func diskKey(d ovf.Disk) string {
	if d.DiskID != "" {
		return ovf.Clean(d.DiskID)
	}
	return ovf.Clean(d.FileID)
}

func mediaRecords(ova string, staged *ingest.StagedOVA, system string, media []ovf.Media) []api.OVADisk {
	var list []api.OVADisk
	for _, m := range media {
		record := volumeRecord(ova, staged, system, m.ID)
		record.ID, record.DiskID, record.BootIndex = m.ID, ovf.Clean(m.FileID), m.BootIndex
		list = append(list, record)
	}
	return list
}

// volumeRecord tells of the volume that was staged for a disk.
func volumeRecord(ova string, staged *ingest.StagedOVA, system, id string) api.OVADisk {
	for _, d := range staged.Disks {
		if d.System == system && d.ID == id {
			return api.OVADisk{
				Volume: diskVolume(ova, len(staged.Plan.Systems), d.System, d.ID), Size: api.Size(d.Size), SourceFormat: d.Format,
				Member: ovf.Clean(d.Member), SHA256: d.SHA256, Manifest: api.Verdict(d.State),
			}
		}
	}
	return api.OVADisk{}
}

func configurations(list []ovf.Configuration) []api.Configuration {
	var all []api.Configuration
	for _, c := range list {
		all = append(all, api.Configuration{
			ID: ovf.Clean(c.ID), Label: short(c.Label), Description: short(c.Description), Default: c.Default,
		})
	}
	return all
}

func products(list []ovf.ProductPlan) []api.Product {
	var all []api.Product
	for _, p := range list {
		product := api.Product{Name: short(p.Name), Vendor: short(p.Vendor), Version: short(p.Version)}
		for _, v := range p.Properties[:min(len(p.Properties), maxProperties)] {
			product.Properties = append(product.Properties, api.Property{
				Key: ovf.Clean(v.Key), Type: short(v.Type), Label: short(v.Label), Settable: v.Settable,
				Password: v.Password, Lacks: v.Lacks, Value: short(v.Value),
			})
		}
		all = append(all, product)
	}
	return all
}

func startup(steps []ovf.StartStep) []api.Startup {
	var all []api.Startup
	for _, s := range steps {
		all = append(all, api.Startup{
			ID: ovf.Clean(s.ID), System: s.Key, Order: s.Order,
			StartDelay: s.StartDelay, StopDelay: s.StopDelay, WaitGuest: s.WaitGuest,
		})
	}
	return all
}

func warnings(list []ovf.Warning) []string {
	var texts []string
	for _, w := range list {
		text := ovf.Clean(w.Text)
		if w.Line > 0 {
			text = fmt.Sprintf("line %d: %s", w.Line, text)
		}
		texts = append(texts, text)
	}
	return texts
}

func cleaned(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, ovf.Clean(text))
	}
	return all
}

// unlisted warns of properties that a record has no place for.
func unlisted(list []ovf.ProductPlan) []string {
	var texts []string
	for _, p := range list {
		if n := len(p.Properties); n > maxProperties {
			texts = append(texts, fmt.Sprintf("only the first %d of %d properties of %s are listed; all can be set", maxProperties, n, ovf.Display(p.Name)))
		}
	}
	return texts
}

// short is a text cleaned and cut to what a record keeps of it.
func short(text string) string {
	text = ovf.Clean(text)
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}

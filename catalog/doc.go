// Package catalog is the daemon's side of every change to what is kept: names
// reserved, the intent written, a worker driven, the record committed, or
// everything rolled back.
//
// A change is made in steps of which each is durable before the next begins:
//
//	import   intent → staged volumes → intent with final names → final volumes
//	         → record (the commit point) → no intent
//	removal  intent (the commit point) → no record → no volumes → no intent
//
// What goes along with an OVA that is removed, its system templates and profiles,
// stands in the removal's intent and goes in one batch with the record.
//
// Entries (templates, profiles, userdata, scripts) are one file each, and change
// in one step without a job or an intent; see CreateEntry.
//
// Failure, cancel and crash all take one path, reconcile: it looks at the intent
// and at whether the record is there, and completes or undoes the rest. What
// can't be reconciled at once, because the storage doesn't answer, is tried
// again until it can; meanwhile its name stays reserved, unless all that is left
// are staging volumes.
package catalog

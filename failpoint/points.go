package failpoint

// A Point is a step of the work. Import, Make, Removal and Unmake list them.
type Point string

// The points of an import, in the order in which it gets to them.
const (
	IntentWritten    Point = "intent.written"     // daemon: the intent is durable, nothing else is done
	WorkerStarted    Point = "worker.started"     // daemon: the worker runs, it has no task yet
	StageCreated     Point = "stage.created"      // worker: a staging volume is there
	StageWritten     Point = "stage.written"      // worker: its data is written, not flushed
	StageFlushed     Point = "stage.flushed"      // worker: it is flushed and closed
	StageAnswered    Point = "stage.answered"     // daemon: all volumes are staged
	CommitIntent     Point = "commit.intent"      // daemon: the intent names the final volumes
	CommitMetadata   Point = "commit.metadata"    // worker: a volume carries its metadata
	CommitRenamed    Point = "commit.renamed"     // worker: it has its final name
	CommitSnapshot   Point = "commit.snapshot"    // worker: it has its snapshot
	CommitAnswered   Point = "commit.answered"    // daemon: all volumes are in place, there is no record
	DomainDefined    Point = "domain.defined"     // worker: libvirt knows the VM's domain, it doesn't run
	DomainStarted    Point = "domain.started"     // worker: it runs
	DomainAnswered   Point = "domain.answered"    // daemon: the VM is whole, there is no record
	RecordWritten    Point = "record.written"     // daemon: the record is durable, the intent still there
	ImportIntentGone Point = "import.intent-gone" // daemon: the intent is removed, the job's record not final
)

// The points of a removal, in the order in which it gets to them.
const (
	RemoveIntent     Point = "remove.intent"      // daemon: the intent is durable
	DomainGone       Point = "remove.domain-gone" // daemon: libvirt knows the VM no more, its record and volumes are there
	RecordGone       Point = "remove.record-gone" // daemon: the record is removed, the volumes are there
	VolumeGone       Point = "remove.volume-gone" // worker: a volume is removed
	VolumesGone      Point = "remove.answered"    // daemon: all volumes are removed
	RemoveIntentGone Point = "remove.intent-gone" // daemon: the intent is removed, the job's record not final
)

// Make lists the points of making a VM whose volumes are clones.
func Make() []Point {
	return []Point{
		IntentWritten, WorkerStarted, StageCreated, StageAnswered, CommitIntent, CommitMetadata, CommitRenamed,
		CommitAnswered, DomainDefined, DomainStarted, DomainAnswered, RecordWritten, ImportIntentGone,
	}
}

// Unmake lists the points of a VM's removal.
func Unmake() []Point {
	return []Point{RemoveIntent, DomainGone, RecordGone, VolumeGone, VolumesGone, RemoveIntentGone}
}

// Import lists the points of an import.
func Import() []Point {
	return []Point{
		IntentWritten, WorkerStarted, StageCreated, StageWritten, StageFlushed, StageAnswered,
		CommitIntent, CommitMetadata, CommitRenamed, CommitSnapshot, CommitAnswered, RecordWritten, ImportIntentGone,
	}
}

// Removal lists the points of a removal.
func Removal() []Point {
	return []Point{RemoveIntent, RecordGone, VolumeGone, VolumesGone, RemoveIntentGone}
}

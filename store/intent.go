package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"spliced/store/strictyaml"
)

const (
	// batchKind is the folder of intents: no collection's.
	batchKind = "batches"
	intentExt = ".yaml"
	// maxIntent bounds an intent's file: some 10,000 steps.
	maxIntent = 1 << 20
)

// An intent says what is to be done to complete a batch. While its file exists,
// no other change is made, so that doing a step again does no harm.
type intent struct {
	file  string // its path
	Steps []step `yaml:"steps"`
}

// A step renames Temp to File, or removes File when Temp is empty, both in the
// folder of Kind.
type step struct {
	Kind string `yaml:"kind"`
	File string `yaml:"file"`
	Temp string `yaml:"temp,omitempty"`
}

func encodeIntent(in intent) ([]byte, error) {
	codec, err := strictyaml.For[intent]()
	if err != nil {
		return nil, err
	}
	data, err := codec.Marshal(in)
	if err == nil && len(data) > maxIntent {
		err = fmt.Errorf("a batch of %d changes: %w", len(in.Steps), ErrTooLarge)
	}
	return data, err
}

func decodeIntent(data []byte) (intent, error) {
	codec, err := strictyaml.For[intent]()
	if err != nil {
		return intent{}, err
	}
	in, err := codec.Unmarshal(data, strictyaml.Options{Limit: maxIntent, WantEnd: true})
	if err != nil {
		return intent{}, err
	}
	for _, st := range in.Steps {
		name, _, _ := strings.Cut(st.File, "/")
		if !kindGrammar.MatchString(st.Kind) || name != st.File || strings.HasPrefix(name, ".") || name == "" ||
			st.Temp != "" && !tempGrammar.MatchString(st.Temp) {
			return intent{}, fmt.Errorf("the step for %q of %q is none of ours", st.File, st.Kind)
		}
	}
	return in, nil
}

// finish takes the steps of an intent and removes it. It can be called again
// after any failure, also by another process.
func (s *Store) finish(in intent) error {
	if err := s.place(in); err != nil {
		return err
	}
	if err := s.disk.unlink(in.file); err != nil {
		return fmt.Errorf("cannot remove %s: %w", in.file, err)
	}
	// From here on other changes may be made: the intent must never come back.
	return s.disk.syncFolder(filepath.Dir(in.file))
}

// place takes an intent's steps where no reader looks, then makes them durable.
func (s *Store) place(in intent) error {
	s.visible.Lock()
	defer s.visible.Unlock()
	// An intent that was found, or whose fsync failed, may not be durable yet; its
	// steps must not be before it is.
	folders := map[string]bool{}
	for _, st := range in.Steps {
		if err := s.take(st); err != nil {
			return err
		}
		folders[st.Kind] = true
	}
	for kind := range folders {
		if err := s.disk.syncFolder(filepath.Join(s.dir, kind)); err != nil {
			return err
		}
	}
	return nil
}

// take does one step. A temporary file that isn't there was renamed before.
func (s *Store) take(st step) error {
	path := filepath.Join(s.dir, st.Kind, st.File)
	if st.Temp == "" {
		if err := s.disk.unlink(path); err != nil {
			return fmt.Errorf("cannot remove %s: %w", path, err)
		}
		return nil
	}
	err := s.disk.rename(filepath.Join(s.dir, st.Kind, st.Temp), path, 0)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("cannot put %s in place: %w", path, err)
	}
	return nil
}

// suspend keeps readers and writers away until the batch is completed.
func (s *Store) suspend(in intent) {
	s.visible.Lock()
	defer s.visible.Unlock()
	s.unfinished = append(s.unfinished, in)
}

// finishAll completes what is unfinished. The caller holds s.writing.
func (s *Store) finishAll() error {
	for len(s.unfinished) > 0 {
		in := s.unfinished[0]
		err := s.disk.syncFolder(filepath.Dir(in.file))
		if err == nil {
			err = s.finish(in)
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUnfinished, err)
		}
		s.visible.Lock()
		s.unfinished = s.unfinished[1:]
		s.visible.Unlock()
	}
	return nil
}

// recover completes the batches that a process before us left, before anybody
// can look. What can't be read becomes a problem, not a failure.
func (s *Store) recover() error {
	path := filepath.Join(s.dir, batchKind)
	entries, err := s.disk.sys.readDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("cannot list the folder %s: %w", path, err)
	}
	for _, e := range entries {
		name, ours := strings.CutSuffix(e.Name(), intentExt)
		if !ours || !tempGrammar.MatchString("."+name) {
			continue
		}
		file := filepath.Join(path, e.Name())
		in, err := s.readIntent(file)
		if err != nil {
			s.problems = append(s.problems, &CorruptError{Kind: batchKind, Name: name, Path: file, Err: err})
			continue
		}
		s.unfinished = append(s.unfinished, in)
	}
	if err := s.finishAll(); err != nil {
		return err
	}
	if s.mayRemoveTemps() {
		return s.disk.sweep(path)
	}
	return nil
}

func (s *Store) readIntent(file string) (intent, error) {
	data, _, err := s.disk.read(file, maxIntent)
	if err != nil {
		return intent{}, err
	}
	in, err := decodeIntent(data)
	in.file = file
	return in, err
}

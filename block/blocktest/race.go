package blocktest

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"syscall"

	"spliced/block"
)

const (
	racers = 12
	rounds = 4
)

// raceCases have several callers want the same at once, half of them from a
// second pool where the driver has one.
func raceCases() []testCase {
	return []testCase{
		{"create races create", createRace},
		{"rename races rename to one name", renameToRace},
		{"rename races rename of one volume", renameFromRace},
		{"create races rename", createRenameRace},
		{"clone races remove", cloneRemoveRace},
	}
}

// race runs what once for each racer, all at once, and returns their answers.
func (s *suite) race(what func(i int, p block.Pool) error) []error {
	s.Helper()
	pools := []block.Pool{s.pool, s.other()}
	answers := make([]error, racers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			<-start
			answers[i] = what(i, pools[i%len(pools)])
		})
	}
	close(start)
	wg.Wait()
	return answers
}

// oneWinner returns the one that got no refusal; all others must have lost
// with one of the given.
func (s *suite) oneWinner(answers []error, lost ...error) int {
	s.Helper()
	winner := -1
	for i, err := range answers {
		switch {
		case err == nil && winner >= 0:
			s.Fatalf("both %d and %d won", winner, i)
		case err == nil:
			winner = i
		case !slices.ContainsFunc(lost, func(want error) bool { return errors.Is(err, want) }):
			s.Errorf("%d lost with %v, want one of %v", i, err, lost)
		}
	}
	if winner < 0 {
		s.Fatalf("nobody won: %v", answers)
	}
	return winner
}

// mark makes a closed volume with its number as its content and size.
func (s *suite) mark(p block.Pool, name string, number int) error {
	v, err := p.Create(s.ctx(), name, int64(100+number))
	if err != nil {
		return err
	}
	s.keep(v)
	_, err = v.WriteAt(pattern(int64(number+1), 0, 100+number), 0)
	return err
}

// marked complains unless the volume is the one that mark made.
func (s *suite) marked(name string, number int) {
	s.Helper()
	v := s.openVolume(name)
	s.sizedAs(v, int64(100+number))
	s.holds(v, int64(number+1), 0, 100+number)
	s.closeVolume(v)
}

func (s *suite) closeOpened() {
	s.Helper()
	for _, v := range slices.Clone(s.opened) {
		s.closeVolume(v)
	}
}

func createRace(s *suite) {
	for round := range rounds {
		name := fmt.Sprintf("disk%d", round)
		answers := s.race(func(i int, p block.Pool) error { return s.mark(p, name, i) })
		s.marked(name, s.oneWinner(answers, fs.ErrExist))
		s.closeOpened()
	}
	if got := s.list(); len(got) != rounds {
		s.Errorf("List() = %q", got)
	}
}

func renameToRace(s *suite) {
	staging := func(round, i int) string { return fmt.Sprintf("staging.%d.%d", round, i) }
	for round := range rounds {
		for i := range racers {
			s.ok(s.mark(s.pool, staging(round, i), i), "Create")
		}
		s.closeOpened()
		name := fmt.Sprintf("final%d", round)
		answers := s.race(func(i int, p block.Pool) error { return p.Rename(s.ctx(), staging(round, i), name) })
		winner := s.oneWinner(answers, fs.ErrExist)
		s.marked(name, winner)
		for i := range racers {
			if i == winner {
				s.gone(staging(round, i))
				continue
			}
			s.marked(staging(round, i), i)
		}
	}
}

func renameFromRace(s *suite) {
	for round := range rounds {
		from := fmt.Sprintf("staging%d", round)
		s.ok(s.mark(s.pool, from, round), "Create")
		s.closeOpened()
		to := func(i int) string { return fmt.Sprintf("final.%d.%d", round, i) }
		answers := s.race(func(i int, p block.Pool) error { return p.Rename(s.ctx(), from, to(i)) })
		s.marked(to(s.oneWinner(answers, fs.ErrNotExist)), round)
	}
	if got := s.list(); len(got) != rounds {
		s.Errorf("List() = %q, want one name for each round", got)
	}
}

func createRenameRace(s *suite) {
	for round := range rounds {
		staging := func(i int) string { return fmt.Sprintf("staging.%d.%d", round, i) }
		for i := 0; i < racers; i += 4 {
			s.ok(s.mark(s.pool, staging(i), i), "Create")
		}
		s.closeOpened()
		name := fmt.Sprintf("final%d", round)
		answers := s.race(func(i int, p block.Pool) error {
			if i%4 == 0 {
				return p.Rename(s.ctx(), staging(i), name)
			}
			return s.mark(p, name, i)
		})
		s.marked(name, s.oneWinner(answers, fs.ErrExist))
		s.closeOpened()
	}
}

// cloneRemoveRace removes a volume while it is being cloned: never do both
// succeed, and what is there afterwards is whole.
func cloneRemoveRace(s *suite) {
	const size = mib
	for round := range rounds {
		parent, clone := fmt.Sprintf("base%d", round), fmt.Sprintf("copy%d", round)
		s.golden(parent, size)
		answers := s.race(func(i int, p block.Pool) error {
			switch i {
			case 0:
				return p.Clone(s.ctx(), parent, "base", clone)
			case 1:
				return p.Remove(s.ctx(), parent)
			}
			return nil
		})
		cloned, removed := answers[0], answers[1]
		switch {
		case cloned == nil && removed == nil:
			s.Fatal("a volume was removed under its new clone")
		case cloned == nil:
			if !errors.Is(removed, block.ErrHasClones) && !errors.Is(removed, syscall.EBUSY) {
				s.Errorf("Remove lost with %v", removed)
			}
			s.isGolden(s.openVolume(clone), size)
		default:
			s.is(cloned, fs.ErrNotExist, "Clone that lost")
			s.gone(clone)
		}
		if removed == nil {
			s.gone(parent)
		} else {
			s.isGolden(s.openVolume(parent), size)
		}
		s.closeOpened()
	}
}

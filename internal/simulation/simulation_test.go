package simulation

import (
	"flag"
	"runtime"
	"sync/atomic"
	"testing"
)

var (
	oneSeed = flag.Uint64("seed", 0, "run this seed only, and print what happens in it")
	seeds   = flag.Int("seeds", 300, "how many seeds to run, from 1 on")
)

// failedSeeds are those that once found a fault, or have a rare course. They
// are run each time, for ever.
var failedSeeds = []uint64{}

// TestSimulation runs histories and fails at the first in which a rule is
// broken.
func TestSimulation(t *testing.T) {
	t.Parallel()
	if *oneSeed != 0 {
		replay(t, *oneSeed)
		return
	}
	list := append([]uint64(nil), failedSeeds...)
	for i := range *seeds / thinned {
		list = append(list, uint64(i)+1)
	}
	runAll(t, list)
}

// runAll runs seeds, as many at a time as there are processors.
func runAll(t *testing.T, list []uint64) {
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			db, err := openDatabase()
			if err != nil {
				t.Fatal(err)
			}
			for {
				i := next.Add(1) - 1
				if i >= int64(len(list)) || t.Failed() {
					return
				}
				if _, broken := simulate(t, db, list[i], false); broken != nil {
					next.Store(int64(len(list)))
					t.Errorf("seed %d: %v\nsee it with: go test ./internal/simulation -run 'TestSimulation$' -v -seed %d", list[i], broken, list[i])
				}
			}
		})
	}
}

// replay runs one seed and prints its trace.
func replay(t *testing.T, seed uint64) {
	db, err := openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	trace, broken := simulate(t, db, seed, true)
	t.Logf("\n%s", trace)
	if broken != nil {
		t.Errorf("seed %d: %v", seed, broken)
	}
}

// TestSameSeedSameHistory runs seeds twice, on databases that have seen other
// things before: every event and every stored value must be the same.
func TestSameSeedSameHistory(t *testing.T) {
	t.Parallel()
	first, err := openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	second, err := openDatabase()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(60 / thinned) {
		one, _ := simulate(t, first, seed+1, false)
		simulate(t, second, seed+1000, false)
		two, _ := simulate(t, second, seed+1, false)
		if one.sum() != two.sum() {
			t.Fatalf("seed %d: %x the first time, %x the second", seed+1, one.sum(), two.sum())
		}
	}
}

//go:build race

package simulation

// thinned is how many of the seeds are run, one in so many: the race detector
// makes the database ten times slower.
const thinned = 15

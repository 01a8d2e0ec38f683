//go:build race

package engine_test

// thinned is how many of the places for a crash are tried, one in so many: the
// race detector makes the database ten times slower.
const thinned = 12

//go:build !race

package simulation

const thinned = 1

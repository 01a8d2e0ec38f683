// Package test holds the tests of the whole programs: processes that are
// started, used through real clients, killed and started again.
package test

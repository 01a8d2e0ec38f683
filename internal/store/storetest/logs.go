package storetest

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func testHostLogs(t *testing.T, s *store.Store) {
	add := func(target, event string, start int64, text string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.AppendLog("d-1", target, event, deploy.LogPiece{Start: start, Text: text}, 1000)
		}
	}
	pieces := func(after int64, limit int) func(*store.Tx) ([]deploy.LogPiece, error) {
		return func(tx *store.Tx) ([]deploy.LogPiece, error) {
			return tx.LogPieces("d-1", "a", "Install", after, limit)
		}
	}
	do(t, s, insert(deployment("d-1", "g1", 1)))
	equal(t, "no logs", read(t, s, func(tx *store.Tx) ([]deploy.LogSize, error) { return tx.LogSizes("d-1") }), nil)
	do(t, s, add("a", "Install", 0, "one\n"), add("b", "Install", 0, "other\n"))
	do(t, s, add("a", "Install", 0, "one\n"), add("a", "Install", 0, "one\ntwo\x00\n"), add("a", "AfterInstall", 0, "x\n"))
	one, two := deploy.LogPiece{Start: 0, Text: "one\n"}, deploy.LogPiece{Start: 4, Text: "two\x00\n"}
	equal(t, "whole", read(t, s, pieces(0, 10)), []deploy.LogPiece{one, two})
	equal(t, "one piece", read(t, s, pieces(0, 1)), []deploy.LogPiece{one})
	equal(t, "from within the second", read(t, s, pieces(6, 10)), []deploy.LogPiece{two})
	equal(t, "from its end", len(read(t, s, pieces(9, 10))), 0)
	equal(t, "sizes", read(t, s, func(tx *store.Tx) ([]deploy.LogSize, error) { return tx.LogSizes("d-1") }), []deploy.LogSize{
		{TargetID: "a", Event: "AfterInstall", Size: 2}, {TargetID: "a", Event: "Install", Size: 9}, {TargetID: "b", Event: "Install", Size: 6},
	})
}

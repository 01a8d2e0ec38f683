package deploy

import (
	"testing"
)

// TestLogPiecesJoin: whatever is sent again, a log has each byte once, and no
// more than its limit.
func TestLogPiecesJoin(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		what  string
		piece LogPiece
		size  int64
		want  LogPiece
		adds  bool
	}{
		{"the first", LogPiece{0, "abc"}, 0, LogPiece{0, "abc"}, true},
		{"the next", LogPiece{3, "def"}, 3, LogPiece{3, "def"}, true},
		{"sent again", LogPiece{0, "abc"}, 3, LogPiece{}, false},
		{"sent again with more", LogPiece{0, "abcdef"}, 3, LogPiece{3, "def"}, true},
		{"after a lost one", LogPiece{5, "f"}, 3, LogPiece{5, "f"}, true},
		{"up to the limit", LogPiece{3, "defghij"}, 3, LogPiece{3, "defghij"}, true},
		{"over the limit", LogPiece{3, "defghijk"}, 3, LogPiece{3, "defghij" + logCut}, true},
		{"of a full log", LogPiece{10, "k"}, 10, LogPiece{}, false},
		{"far behind the limit", LogPiece{20, "k"}, 3, LogPiece{}, false},
		{"empty", LogPiece{3, ""}, 3, LogPiece{}, false},
		{"from before the start", LogPiece{-1, "abc"}, 0, LogPiece{}, false},
	} {
		got, adds := tc.piece.Join(tc.size, 10)
		if got != tc.want || adds != tc.adds {
			t.Errorf("%s: %+v, %v; want %+v, %v", tc.what, got, adds, tc.want, tc.adds)
		}
	}
}

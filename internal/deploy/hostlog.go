package deploy

// LogPiece is a part of what the scripts of one lifecycle event printed on one
// host.
type LogPiece struct {
	Start int64  `json:"start"` // bytes of the log before it
	Text  string `json:"text"`
}

// End is where the next piece starts.
func (p LogPiece) End() int64 { return p.Start + int64(len(p.Text)) }

// LogSize says how much there is of a log, in bytes.
type LogSize struct {
	TargetID string
	Event    string
	Size     int64
}

// logCut ends a log that was too long to be kept whole.
const logCut = "\n[slipway] the log is too long to be kept here: the rest is in scripts.log on the host\n"

// Join returns what a piece adds to a log that has size bytes and may have
// limit: nothing where the piece was sent again, or the log is full.
func (p LogPiece) Join(size, limit int64) (LogPiece, bool) {
	if size >= limit || p.End() <= size || p.Start < 0 {
		return LogPiece{}, false
	}
	if p.Start < size {
		p.Text, p.Start = p.Text[size-p.Start:], size
	}
	if p.Start >= limit { // pieces before it were lost, and with them the place for it
		return LogPiece{}, false
	}
	if p.End() > limit {
		p.Text = p.Text[:limit-p.Start] + logCut
	}
	return p, true
}

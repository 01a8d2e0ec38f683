package setup

import (
	"fmt"

	"github.com/slipwayhq/slipway/internal/agent"
)

// archives tells what the revisions take that are kept for what may have to be
// run of them again, and to save downloads.
func archives(c agent.Config) Finding {
	const check = "archives"
	usage, err := agent.Kept(c.Root)
	text := fmt.Sprintf("%d kept revisions take %d MB", usage.Revisions, usage.Bytes>>20)
	switch {
	case err != nil:
		return found(check, Warn, "repeat this as the user that the agent runs as, with sudo as a rule", "cannot tell what the kept revisions take: %v", err)
	case c.MaxArchiveSize == 0:
		return found(check, OK, "", "%s; there is no max_archive_size", text)
	case usage.Bytes > c.MaxArchiveSize:
		return found(check, Warn, "raise max_archive_size: what is over it at the next deployment is in use, or goes then",
			"%s, which is more than max_archive_size (%d MB)", text, c.MaxArchiveSize>>20)
	}
	return found(check, OK, "", "%s of the %d MB of max_archive_size", text, c.MaxArchiveSize>>20)
}

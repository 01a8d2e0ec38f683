package setup

import (
	"fmt"

	"github.com/slipwayhq/slipway/internal/agent"
)

// archives tells what the kept revisions take on disk, against their budget.
func archives(c agent.Config) Finding {
	const check = "archives"
	usage, err := agent.Kept(c.Root)
	text := fmt.Sprintf("kept revisions: %d, with %d MB", usage.Revisions, usage.Bytes>>20)
	switch {
	case err != nil:
		return found(check, Warn, "repeat this as the user that the agent runs as, with sudo as a rule", "cannot tell what the kept revisions take: %v", err)
	case c.MaxArchiveSize == 0:
		return found(check, OK, "", "%s; there is no max_archive_size", text)
	case usage.Bytes > c.MaxArchiveSize:
		return found(check, Warn, "wait for the next deployment, which removes what it can; if that is too little, raise max_archive_size",
			"%s, which is more than max_archive_size (%d MB)", text, c.MaxArchiveSize>>20)
	}
	return found(check, OK, "", "%s of the %d MB of max_archive_size", text, c.MaxArchiveSize>>20)
}

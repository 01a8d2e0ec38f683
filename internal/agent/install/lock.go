package install

import (
	"errors"
	"fmt"
	"os"
)

var errBusy = errors.New("another installation of this deployment group is under way on this host; try again when it has ended")

// lock keeps two processes, the agent and a local deployment perhaps, from
// installing for one group at a time.
func lock(cleanup string) (unlock func(), err error) {
	f, err := os.OpenFile(cleanup+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the books of the deployment group: %w", err)
	}
	if busy, err := takeFile(f); err != nil {
		f.Close()
		if busy {
			return nil, errBusy
		}
		return nil, fmt.Errorf("cannot lock the books of the deployment group: %w", err)
	}
	return func() {
		giveFile(f) // closing is not enough: a process that is being started may have a copy
		f.Close()
	}, nil
}

package agent

import (
	"sync"

	"github.com/slipwayhq/slipway/internal/protocol"
)

// knownDeployments remembers the specifications of the deployments that this
// host is in the middle of, so that they are asked for and verified once, and
// not for each event.
type knownDeployments struct {
	mu          sync.Mutex
	byExecution map[string]knownDeployment
}

// knownDeployment is a verified specification, which nobody changes, and the
// host's place in the deployment.
type knownDeployment struct {
	spec  *protocol.Specification
	index *int
}

// mostKnown is more than any host is in the middle of.
const mostKnown = 16

func (k *knownDeployments) of(execution string) (knownDeployment, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.byExecution[execution]
	return d, ok
}

func (k *knownDeployments) keep(execution string, d knownDeployment) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byExecution == nil || len(k.byExecution) == mostKnown {
		k.byExecution = map[string]knownDeployment{}
	}
	k.byExecution[execution] = d
}

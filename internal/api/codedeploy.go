package api

import (
	"maps"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/wire"
)

// codeDeploy handles the operations of the CodeDeploy API: it turns their
// inputs into what package control asks for, and its answers into outputs. All
// rules are control's. The operations are in one file per noun, each with its
// part of the table.
type codeDeploy struct {
	control *control.Control
	pager   Pager
}

// CodeDeploy returns the service of the CodeDeploy API.
func CodeDeploy(c *control.Control, pager Pager) Service {
	h := &codeDeploy{c, pager}
	operations := Table{}
	for _, part := range []Table{
		h.applications(), h.revisions(), h.configs(), h.groups(), h.deployments(), h.targets(), h.instances(),
		h.tags(), h.gitHub(),
	} {
		maps.Copy(operations, part)
	}
	for name, op := range operations {
		op.needs = h.withTags(op.needs)
		operations[name] = op
	}
	return Service{
		Prefixes:   []string{wire.TargetPrefix},
		Scopes:     map[string]string{codeDeployScope: codeDeployScope},
		Operations: operations,
	}
}

// page returns one page of names as the API shows it: never null, and with a
// token only when there is more.
func (h *codeDeploy) page(call *Call, filter any, p control.Page) ([]string, *string) {
	if p.Next == "" {
		return orEmpty(p.Items), nil
	}
	return p.Items, new(h.pager.Token(call, filter, p.Next))
}

package faultproxy

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Invocation is what a hook is invoked with.
type Invocation struct {
	Function     string `json:"-"`
	DeploymentID string `json:"DeploymentId"`
	ExecutionID  string `json:"LifecycleEventHookExecutionId"`
}

// The answers of hooks.
const (
	Succeeded = "Succeeded"
	Failed    = "Failed"
)

// invoke answers for a function: a hook that calls back, or that is waited
// for. (moto runs functions in containers only, or not at all.)
func (p *Proxy) invoke(r *http.Request, name string, payload []byte) reply {
	in := Invocation{Function: name}
	if err := json.Unmarshal(payload, &in); err != nil {
		return refusal(lambda, http.StatusBadRequest, "InvalidRequestContentException", err.Error())
	}
	p.mu.Lock()
	answer, known := p.story.Hooks[name]
	callBack := p.story.CallBack
	p.mu.Unlock()
	switch {
	case !known:
		return refusal(lambda, http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+name)
	case r.Header.Get("X-Amz-Invocation-Type") == "Event":
		p.functions.Go(func() { callBack(p.running, in, answer) })
		return reply{status: http.StatusAccepted}
	case answer == Failed:
		return reply{
			status: http.StatusOK, header: http.Header{"X-Amz-Function-Error": {"Unhandled"}},
			body: fmt.Appendf(nil, `{"errorMessage":%q,"errorType":"Error"}`, name+" has failed"),
		}
	}
	return reply{status: http.StatusOK, body: []byte("null")}
}

// alias passes on a call about an alias. It keeps the alias's RevisionId, which
// moto never changes and never looks at: a write with an old one is refused.
func (p *Proxy) alias(r *http.Request, c *Call, body []byte) (reply, error) {
	p.aliases.Lock()
	defer p.aliases.Unlock()
	if c.Fault == Stale {
		p.revisions[c.Object]++
	}
	if c.Writes {
		var in aliasState
		if err := json.Unmarshal(body, &in); err != nil {
			return reply{}, err
		}
		if in.RevisionID != "" && in.RevisionID != revision(p.revisions[c.Object]) {
			return refusal(lambda, http.StatusPreconditionFailed, "PreconditionFailedException",
				"The Revision Id provided does not match the latest Revision Id."), nil
		}
	}
	out, err := p.forward(r, body)
	if err != nil || out.status >= http.StatusMultipleChoices {
		return out, err
	}
	if c.Writes {
		p.revisions[c.Object]++
	}
	var state map[string]any
	if err := json.Unmarshal(out.body, &state); err != nil {
		return reply{}, err
	}
	state["RevisionId"] = revision(p.revisions[c.Object])
	out.body, err = json.Marshal(state)
	return out, err
}

func revision(n int) string { return fmt.Sprintf("revision-%d", n) }

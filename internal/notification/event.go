package notification

import (
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// event is one of EventBridge's shape: what CodeDeploy puts on the bus.
type event struct {
	Version    string    `json:"version"`
	ID         string    `json:"id"`
	Source     string    `json:"source"`
	Account    string    `json:"account"`
	Region     string    `json:"region"`
	Time       time.Time `json:"time"` // in whole seconds
	DetailType string    `json:"detail-type"`
	Resources  []string  `json:"resources"`
	Detail     detail    `json:"detail"`
}

type detail struct {
	GroupID     string `json:"instanceGroupId"`
	Region      string `json:"region"`
	Application string `json:"application"`
	Deployment  string `json:"deploymentId"`
	State       string `json:"state"`
	Group       string `json:"deploymentGroup"`
	Instance    string `json:"instanceId,omitempty"`
}

func deploymentEvent(d deploy.Deployment, state string, at time.Time) event {
	return event{
		Version: "0", ID: uuid(d.ID, "event", state), Source: "aws.codedeploy", Account: d.Account, Region: d.Region,
		Time:       at.UTC().Truncate(time.Second),
		DetailType: "CodeDeploy Deployment State-change Notification",
		Resources:  []string{d.ApplicationARN(d.ApplicationName), d.GroupARN(d.ApplicationName, d.GroupName)},
		Detail: detail{
			GroupID: d.GroupID, Region: d.Region, Application: d.ApplicationName,
			Deployment: d.ID, State: state, Group: d.GroupName,
		},
	}
}

func instanceEvent(d deploy.Deployment, t deploy.Target, state string, at time.Time) event {
	e := deploymentEvent(d, state, at)
	e.ID = uuid(d.ID, "event", t.ID, state)
	e.DetailType = "CodeDeploy Instance State-change Notification"
	e.Resources = append(e.Resources, t.ARN)
	e.Detail.Instance = t.ID
	return e
}

// event makes the messages that carry an event. The event has the same id for
// everybody.
func (r Routes) event(d draft, e event) []Message {
	var out []Message
	for _, route := range r.Events {
		m := d.message(route, e.ID)
		m.Body = encode(e)
		out = append(out, m)
	}
	return out
}

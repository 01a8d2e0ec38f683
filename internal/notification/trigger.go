package notification

import (
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// The messages to triggers are in the form that CodeDeploy sends, which is not
// the one it documents: times are texts, and what has structure is a text that
// holds JSON.

type deploymentBody struct {
	Region        string  `json:"region"`
	Account       string  `json:"accountId"`
	Trigger       string  `json:"eventTriggerName"`
	Application   string  `json:"applicationName"`
	Deployment    string  `json:"deploymentId"`
	Group         string  `json:"deploymentGroupName"`
	CreateTime    string  `json:"createTime"`
	CompleteTime  *string `json:"completeTime"`
	Overview      string  `json:"deploymentOverview,omitempty"`
	Status        string  `json:"status"`
	Error         string  `json:"errorInformation,omitempty"`
	RollbackState string  `json:"rollbackInformation,omitempty"`
}

// overviewBody has no Ready, as in CodeDeploy.
type overviewBody struct{ Succeeded, Failed, Skipped, InProgress, Pending int }

type errorBody struct {
	ErrorCode    deploy.ErrorCode
	ErrorMessage string
}

type rollbackBody struct {
	RollbackMessage              string `json:",omitempty"`
	RollbackTriggeringDeployment string `json:"RollbackTriggeringDeploymentId,omitempty"`
}

func deploymentMessage(d deploy.Deployment, status, trigger string) deploymentBody {
	b := deploymentBody{
		Region: d.Region, Account: d.Account, Trigger: trigger,
		Application: d.ApplicationName, Deployment: d.ID, Group: d.GroupName,
		CreateTime: date(d.CreatedAt), Status: status,
	}
	ended := d.Status.Terminal() && status == reached[d.Status].status
	if ended {
		complete := date(*d.CompletedAt)
		b.CompleteTime = &complete
		var o deploy.Overview
		if d.Overview != nil {
			o = *d.Overview
		}
		b.Overview = encode(overviewBody{o.Succeeded, o.Failed, o.Skipped, o.InProgress, o.Pending})
	}
	if ended && d.Error != nil {
		b.Error = encode(errorBody{d.Error.Code, d.Error.Message})
	}
	switch {
	case d.Creator == deploy.CreatorRollback:
		b.RollbackState = encode(rollbackBody{d.Rollback.Message, d.Rollback.TriggeringID})
	case ended && d.Status != deploy.Succeeded:
		b.RollbackState = "{}" // CodeDeploy does not know of a rollback yet
	}
	return b
}

type instanceBody struct {
	Region      string `json:"region"`
	Account     string `json:"accountId"`
	Trigger     string `json:"eventTriggerName"`
	Deployment  string `json:"deploymentId"`
	Instance    string `json:"instanceId"` // its ARN
	LastUpdated string `json:"lastUpdatedAt"`
	Status      string `json:"instanceStatus"`
	Events      string `json:"lifecycleEvents"`
}

type lifecycleBody struct {
	LifecycleEvent       string
	LifecycleEventStatus deploy.EventStatus
	StartTime            string `json:",omitempty"`
	EndTime              string `json:",omitempty"`
}

func instanceMessage(d deploy.Deployment, t deploy.Target, status, trigger string) instanceBody {
	events := make([]lifecycleBody, len(t.Events))
	for i, e := range t.Events {
		events[i] = lifecycleBody{e.Name, e.Status, dateOf(e.StartedAt), dateOf(e.EndedAt)}
	}
	return instanceBody{
		Region: d.Region, Account: d.Account, Trigger: trigger, Deployment: d.ID, Instance: t.ARN,
		LastUpdated: date(t.UpdatedAt), Status: status, Events: encode(events),
	}
}

// date writes a time as CodeDeploy's messages do: Fri Oct 14 08:46:19 UTC 2022.
func date(t time.Time) string { return t.UTC().Format("Mon Jan 02 15:04:05 MST 2006") }

func dateOf(t *time.Time) string {
	if t == nil {
		return ""
	}
	return date(*t)
}

type testBody struct {
	Region      string `json:"region"`
	Account     string `json:"accountId"`
	Trigger     string `json:"eventTriggerName"`
	Application string `json:"applicationName"`
	Group       string `json:"deploymentGroupName"`
	Status      string `json:"status"`
	Message     string `json:"message"`
}

// Saved returns the messages that try out those of a group's triggers that it
// did not have before, or not with that topic. (CodeDeploy sends a test, too,
// when a trigger is saved; its text is not documented, this one is ours.)
func (r Routes) Saved(application string, before, after deploy.Group, at time.Time) []Message {
	topics := map[string]string{}
	for _, t := range before.Triggers {
		topics[t.Name] = t.TargetARN
	}
	var out []Message
	for _, t := range after.Triggers {
		if topics[t.Name] == t.TargetARN {
			continue
		}
		for _, route := range r.Triggers {
			out = append(out, testMessage(route, application, after, t, at))
		}
	}
	return out
}

func testMessage(route Route, application string, g deploy.Group, t deploy.Trigger, at time.Time) Message {
	m := Message{
		ID:      uuid(g.ID, "test", t.Name, t.TargetARN, at.Format(time.RFC3339Nano), route.Name),
		Account: g.Account, Region: g.Region, Destination: route.Name, Lane: g.ID + " " + route.Name, At: at,
		Trigger: t.Name, TargetARN: t.TargetARN,
		Subject: "TEST: AWS CodeDeploy trigger in " + g.Region,
		Body: encode(testBody{
			Region: g.Region, Account: g.Account, Trigger: t.Name, Application: application, Group: g.Name, Status: "TEST",
			Message: "The trigger " + t.Name + " was saved. This message shows that notifications of it arrive.",
		}),
	}
	if route.PerTopic {
		m.Lane += " " + t.TargetARN
	}
	return m
}

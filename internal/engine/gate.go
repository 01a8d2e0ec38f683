package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// limits are the times after which the gate closes.
type limits struct {
	run   time.Duration // of a deployment
	alarm time.Duration // of alarms that cannot be read
}

// limits are those of a platform. (CodeDeploy's own: a Lambda deployment may
// shift for two days, and each of its hooks takes an hour; one on ECS may wait
// for five days before it shifts, and for two more before it ends.)
func (e *Engine) limits(p deploy.ComputePlatform) limits {
	l := limits{e.opts.RunLimit, 2 * e.opts.AlarmPeriod}
	switch p {
	case deploy.Lambda:
		l.run = 50 * time.Hour
	case deploy.ECS:
		l.run = (120 + 50 + 48) * time.Hour
	case deploy.Server:
	}
	return l
}

// gate says whether a deployment is to end, and how. An end that was decided
// stays: the first reason wins. Alarms count here once the deployment has
// started; before that they have their place among the checks of its start.
func gate(s deploy.Snapshot, missing *deploy.ErrorInfo, l limits, now time.Time) *deploy.Ending {
	d := s.Deployment
	switch {
	case d.Ending != nil:
		return d.Ending
	case missing != nil:
		return failing(missing.Code, missing.Message)
	case s.Stop != nil:
		return &deploy.Ending{
			Status: deploy.Stopped, Event: deploy.RollbackOnStop, Rollback: s.Stop.AutoRollback,
			Error: deploy.ErrorInfo{Code: deploy.ManualStop, Message: "The deployment was stopped on request."},
		}
	case !d.TargetsKnown():
		return nil
	}
	if ending := alarmed(s, l.alarm, now); ending != nil {
		return ending
	}
	if d.StartedAt != nil && !now.Before(d.StartedAt.Add(l.run)) {
		return failing(deploy.Timeout, fmt.Sprintf("The deployment did not end within %s.", deploy.InWords(l.run)))
	}
	return nil
}

// alarmed says how alarms end the deployment, if they do. Those that cannot be
// read are given the time: one failed poll is no reason to break off a
// deployment of hours. (CodeDeploy stops at once.)
func alarmed(s deploy.Snapshot, patience time.Duration, now time.Time) *deploy.Ending {
	d, r := s.Deployment, s.Alarms
	switch {
	case r == nil || !d.WatchesAlarms():
		return nil
	case len(r.Active) > 0:
		return stoppedByAlarm(deploy.ErrorInfo{Code: deploy.AlarmActive, Message: fmt.Sprintf(
			"The deployment was stopped because these alarms are active: <%s>", strings.Join(r.Active, "> <"))})
	case r.Unreadable == nil || d.Alarms.IgnorePollFailure || now.Before(r.At.Add(patience)):
		return nil
	}
	return stoppedByAlarm(*r.Unreadable)
}

func stoppedByAlarm(e deploy.ErrorInfo) *deploy.Ending {
	return &deploy.Ending{Status: deploy.Stopped, Event: deploy.RollbackOnAlarm, Error: e}
}

// failing is the end of a deployment that fails.
func failing(code deploy.ErrorCode, message string) *deploy.Ending {
	return &deploy.Ending{
		Status: deploy.Failed, Event: deploy.RollbackOnFailure,
		Error: deploy.ErrorInfo{Code: code, Message: message},
	}
}

// endBeforeStart ends a deployment that has no targets yet.
func endBeforeStart(d deploy.Deployment, now time.Time) deploy.Decision {
	d.Error = &d.Ending.Error
	d.Move(d.Ending.Status, now)
	return deploy.Decision{Deployment: d}
}

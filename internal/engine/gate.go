package engine

import (
	"fmt"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// gate says whether a deployment is to end, and how. An end that was decided
// stays: the first reason wins.
func gate(s deploy.Snapshot, missing *deploy.ErrorInfo, runLimit time.Duration, now time.Time) *deploy.Ending {
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
	case unreadable(d):
		return &deploy.Ending{
			Status: deploy.Stopped, Event: deploy.RollbackOnAlarm,
			Error: deploy.ErrorInfo{Code: deploy.AlarmActive, Message: fmt.Sprintf("The state of the alarms <%s> cannot be "+
				"read: this version of Slipway has no source of alarms. Deploy with ignorePollAlarmFailure, or with an "+
				"overrideAlarmConfiguration that is not enabled.", strings.Join(d.Alarms.Names, "> <"))},
		}
	case d.StartedAt != nil && !now.Before(d.StartedAt.Add(runLimit)):
		return failing(deploy.Timeout, fmt.Sprintf("The deployment did not end within %s.", deploy.InWords(runLimit)))
	}
	return nil
}

// unreadable reports whether the deployment depends on alarms that nobody can
// read. Going on as if they were quiet would be a promise that is not kept.
// (Alarms do not apply to a rollback: the one that triggered it still fires.)
func unreadable(d deploy.Deployment) bool {
	return d.Alarms != nil && d.Alarms.Enabled && len(d.Alarms.Names) > 0 &&
		!d.Alarms.IgnorePollFailure && d.Creator != deploy.CreatorRollback
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

package control

import "github.com/slipwayhq/slipway/internal/deploy"

// checkAutoRollback checks the rollback settings of a group or of one
// deployment.
func checkAutoRollback(a *deploy.AutoRollback) error {
	const code = "InvalidAutoRollbackConfigException"
	if a == nil {
		return nil
	}
	if a.Enabled && len(a.Events) == 0 {
		return deploy.Errorf(code, "The automatic rollback is enabled but has no events: add one or disable it")
	}
	for _, event := range a.Events {
		switch event {
		case deploy.RollbackOnFailure, deploy.RollbackOnAlarm, deploy.RollbackOnStop:
		default:
			return deploy.Errorf(code, "%q is not a rollback event. Valid values: %s, %s, %s",
				event, deploy.RollbackOnFailure, deploy.RollbackOnAlarm, deploy.RollbackOnStop)
		}
	}
	return nil
}

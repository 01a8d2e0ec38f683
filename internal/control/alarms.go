package control

import (
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
)

const maxAlarmName = 255

// checkAlarms checks the alarms of a group or of one deployment.
func (c *Control) checkAlarms(alarms *deploy.Alarms) error {
	const code = "InvalidAlarmConfigException"
	if alarms == nil {
		return nil
	}
	if alarms.Enabled && len(alarms.Names) == 0 {
		return deploy.Errorf(code, "The alarm configuration is enabled but names no alarm: add one or disable it")
	}
	seen := map[string]bool{}
	for _, name := range alarms.Names {
		switch {
		case name == "":
			return deploy.Errorf(code, "An alarm has no name")
		case utf8.RuneCountInString(name) > maxAlarmName:
			return deploy.Errorf(code, "The alarm name %q is longer than %d characters", name, maxAlarmName)
		case seen[name]:
			return deploy.Errorf(code, "The alarm %q is given twice", name)
		}
		seen[name] = true
	}
	if len(alarms.Names) > c.quotas.Alarms {
		return deploy.Errorf("AlarmsLimitExceededException",
			"There are %d alarms, %d are allowed", len(alarms.Names), c.quotas.Alarms)
	}
	return nil
}

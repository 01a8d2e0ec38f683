package rollout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// TestShifts: CodeDeploy's own schedules, as minutes:percent from the first
// shift on, and those of configurations that do not divide evenly.
func TestShifts(t *testing.T) {
	t.Parallel()
	linear := func(every int) string {
		var parts []string
		for i := range 10 {
			parts = append(parts, fmt.Sprintf("%d:%d", i*every, (i+1)*10))
		}
		return strings.Join(parts, " ")
	}
	want := map[string]string{
		"LambdaAllAtOnce":                     "0:100",
		"LambdaCanary10Percent5Minutes":       "0:10 5:100",
		"LambdaCanary10Percent10Minutes":      "0:10 10:100",
		"LambdaCanary10Percent15Minutes":      "0:10 15:100",
		"LambdaCanary10Percent30Minutes":      "0:10 30:100",
		"LambdaLinear10PercentEvery1Minute":   linear(1),
		"LambdaLinear10PercentEvery2Minutes":  linear(2),
		"LambdaLinear10PercentEvery3Minutes":  linear(3),
		"LambdaLinear10PercentEvery10Minutes": linear(10),
		"ECSAllAtOnce":                        "0:100",
		"ECSCanary10Percent5Minutes":          "0:10 5:100",
		"ECSCanary10Percent15Minutes":         "0:10 15:100",
		"ECSLinear10PercentEvery1Minutes":     linear(1),
		"ECSLinear10PercentEvery3Minutes":     linear(3),
	}
	seen := 0
	for _, c := range deploy.PredefinedConfigs() {
		name := strings.TrimPrefix(c.Name, deploy.PredefinedPrefix)
		if c.Traffic == nil {
			continue
		}
		seen++
		if got := minutes(Shifts(c.Traffic)); got != want[name] {
			t.Errorf("%s: %s, want %s", name, got, want[name])
		}
	}
	if seen != len(want) {
		t.Errorf("%d configurations, want %d", seen, len(want))
	}
	for in, want := range map[deploy.TrafficRouting]string{
		{Type: deploy.Linear, Percentage: 30, Interval: 4}:   "0:30 4:60 8:90 12:100",
		{Type: deploy.Linear, Percentage: 99, Interval: 5}:   "0:99 5:100",
		{Type: deploy.Linear, Percentage: 50, Interval: 7}:   "0:50 7:100",
		{Type: deploy.Canary, Percentage: 1, Interval: 2880}: "0:1 2880:100",
	} {
		if got := minutes(Shifts(&in)); got != want {
			t.Errorf("%+v: %s, want %s", in, got, want)
		}
	}
	if got := minutes(Shifts(nil)); got != "0:100" {
		t.Errorf("without configuration: %s", got)
	}
}

func minutes(shifts []Shift) string {
	var parts []string
	at := 0
	for _, s := range shifts {
		at += int(s.After.Minutes())
		parts = append(parts, fmt.Sprintf("%d:%d", at, s.Percent))
	}
	return strings.Join(parts, " ")
}

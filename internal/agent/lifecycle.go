package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/appspec"
)

// The events that run no scripts.
const (
	downloadEvent = "DownloadBundle"
	installEvent  = "Install"
)

// checkEvents refuses an AppSpec whose hooks the deployment never runs. all
// are the events that it runs; without them nothing is checked.
func checkEvents(document *appspec.Spec, all []string) error {
	if len(all) == 0 {
		return nil
	}
	var unknown []string
	for name := range document.Hooks {
		if !slices.Contains(all, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("the AppSpec file contains unknown lifecycle events: %s; this deployment runs %s", strings.Join(unknown, ", "), strings.Join(all, ", "))
	}
	for _, name := range all {
		_, has := document.Hooks[name]
		if !has && name != downloadEvent && name != installEvent && !slices.Contains(appspec.Hooks[:], name) {
			return fmt.Errorf("the lifecycle event %s is not a default one and doesn't exist in the AppSpec file", name)
		}
	}
	return nil
}

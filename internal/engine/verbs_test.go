package engine_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// setPace changes how fast a deployment goes by an option of create, and
// reports whether it is one.
func setPace(c *deploy.Config, key, value string) bool {
	zonal := c.Zonal
	if zonal == nil {
		zonal = &deploy.ZonalConfig{}
	}
	number, _ := strconv.Atoi(value) // 0 stands out in the transcript
	duration, _ := time.ParseDuration(value)
	seconds := int64(duration / time.Second)
	switch key {
	case "count":
		c.Name, c.MinimumHealthy = "custom", &deploy.MinimumHealthy{Type: deploy.HostCount, Value: number}
		return true
	case "percent":
		c.Name, c.MinimumHealthy = "custom", &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: number}
		return true
	case "zones":
	case "zone-count":
		zonal.MinimumHealthyPerZone = &deploy.MinimumHealthy{Type: deploy.HostCount, Value: number}
	case "zone-percent":
		zonal.MinimumHealthyPerZone = &deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: number}
	case "monitor":
		zonal.MonitorSeconds = &seconds
	case "first-monitor":
		zonal.FirstZoneMonitorSeconds = &seconds
	default:
		return false
	}
	c.Zonal = zonal
	return true
}

// changeGroup changes the group: change-group silent-timeout DURATION, or
// change-group selects LIST..., where a LIST is KEY=VALUE,KEY=VALUE.
func (w *world) changeGroup(args []string) {
	switch args[0] {
	case "silent-timeout":
		w.group.Tags = []deploy.Tag{{Key: deploy.SilentTimeoutTag, Value: args[1]}}
	case "selects":
		w.group.OnPremisesFilters, w.group.OnPremisesSet = nil, nil
		for _, list := range args[1:] {
			var filters []deploy.TagFilter
			for _, tag := range strings.Split(list, ",") {
				key, value, _ := strings.Cut(tag, "=")
				filters = append(filters, deploy.TagFilter{Type: deploy.KeyAndValue, Key: key, Value: value})
			}
			w.group.OnPremisesSet = append(w.group.OnPremisesSet, filters)
		}
	default:
		w.t.Fatalf("unknown change of the group %q", args[0])
	}
	w.update(func(tx *store.Tx) error { return tx.SaveGroup(w.group) })
}

// setClock sets the time of day.
func (w *world) setClock(text string) {
	t, err := time.Parse("15:04:05.000", text)
	if err != nil {
		w.t.Fatal(err)
	}
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	w.now = w.now.Truncate(24 * time.Hour).Add(t.Sub(midnight))
}

// newestTarget returns a host's target in the newest deployment.
func (w *world) newestTarget(host string) deploy.Target {
	var t deploy.Target
	w.view(func(tx *store.Tx) error {
		d, err := tx.LastAttempted(w.group.ID)
		if err != nil {
			return err
		}
		t, err = tx.Target(d.ID, host)
		return err
	})
	return t
}

// times lists the events of a host's newest target with their start and end.
func (w *world) times(host string) string {
	t := w.newestTarget(host)
	var out strings.Builder
	for _, e := range t.Events {
		fmt.Fprintf(&out, "  %s %s %s %s\n", e.Name, e.Status, timeOf(e.StartedAt), timeOf(e.EndedAt))
	}
	fmt.Fprintf(&out, "  %s %s\n", t.ID, t.Status)
	return out.String()
}

func timeOf(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.Format("15:04:05.000")
}

// says lists what the events of a host's newest target say besides Succeeded.
func (w *world) says(host string) string {
	var out strings.Builder
	for _, e := range w.newestTarget(host).Events {
		if e.Diagnostics != nil && e.Diagnostics.ErrorCode != "Success" {
			fmt.Fprintf(&out, "  %s %s: %s (%s)\n", e.Name, e.Status, e.Diagnostics.Message, e.Diagnostics.ErrorCode)
		}
	}
	if out.Len() == 0 {
		return "  nothing\n"
	}
	return out.String()
}

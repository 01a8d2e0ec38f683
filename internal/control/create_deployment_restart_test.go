package control_test

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
)

// restart is the least that a restart of "shop" takes.
func restart() control.CreateDeployment {
	return control.CreateDeployment{Application: "shop", Group: "prod", Mode: new("RESTART")}
}

// TestRestartRunsTheLastGoodRevision: not the newest one, which failed; and a
// restart can be restarted.
func TestRestartRunsTheLastGoodRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.shop()
	_, err := w.CreateDeployment(t.Context(), ns, restart())
	refused(t, "CreateDeployment", err, "RevisionDoesNotExist", "nothing to restart")

	standard := deployment()
	standard.Mode = new("STANDARD")
	good := w.deploy(standard)
	if d := must(w.GetDeployment(t.Context(), ns, good))(t); d.RestartOf != "" {
		t.Errorf("a STANDARD deployment restarts %s", d.RestartOf)
	}
	w.end(good, deploy.Succeeded)
	bad := deployment()
	bad.Revision = bundle("shop-8.zip")
	w.end(w.deploy(bad), deploy.Failed)

	of := good
	for range 2 {
		id := w.deploy(restart())
		d := must(w.GetDeployment(t.Context(), ns, id))(t)
		if d.Revision.S3 == nil || d.Revision.S3.Key != "shop-7.zip" || d.RestartOf != of {
			t.Errorf("restarts %s with %v, want %s with shop-7.zip", d.RestartOf, d.Revision, of)
		}
		w.wantDue(id)
		w.end(id, deploy.Succeeded)
		of = id
	}
}

func TestRestartFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, control.Quotas{})
	w.threeApplications()
	w.group(prod())
	w.group(lambdaGroup())
	w.group(ecsGroup())
	replaced := prod()
	replaced.Name, replaced.Style = "replaced", new(both())
	replaced.LoadBalancer = &deploy.LoadBalancerInfo{ClassicELBs: []string{"elb"}}
	replaced.BlueGreen = &control.BlueGreen{Ready: timed("CONTINUE_DEPLOYMENT", 0), Terminate: timed("KEEP_ALIVE", 0)}
	w.group(replaced)
	w.end(w.deploy(deployment()), deploy.Succeeded)
	type D = control.CreateDeployment
	wantDeploymentFaults(t, w, restart, []deploymentFault{
		{"InvalidInput", "PAUSE", func(d *D) { d.Mode = new("PAUSE") }},
		{"InvalidInput", "restart", func(d *D) { d.Mode = new("restart") }},
		{"InvalidRevision", "leave the revision out", func(d *D) { d.Revision = bundle("shop-7.zip") }},
		{"RevisionRequired", "", func(d *D) { d.Mode = nil }},
		{"RevisionRequired", "", func(d *D) { d.Mode = new("STANDARD") }},
		{"InvalidUpdateOutdatedInstancesOnlyValue", "RESTART", func(d *D) { d.UpdateOutdatedInstancesOnly = true }},
		{"InvalidComputePlatform", "Lambda", func(d *D) { d.Application, d.Group = "pay", "live" }},
		{"InvalidComputePlatform", "ECS", func(d *D) { d.Application, d.Group = "boxes", "web" }},
		{"InvalidInput", "blue/green", func(d *D) { d.Group = "replaced" }},
		{"InvalidTargetInstances", "", func(d *D) { d.TargetInstances = &deploy.TargetInstances{} }},
	})
}

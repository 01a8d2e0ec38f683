package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/loadbalancer/mem"
	"github.com/slipwayhq/slipway/internal/store"
)

// What transcripts can say of the life of deployments: queue, alarms, what
// changes around them.

// outside is what surrounds the server. A crash does not change it.
type outside struct {
	maxActive    int
	maxInstances int
	strictRoles  bool
	alarms       map[string]deploy.AlarmState
	alarmsFail   error
	noAlarms     bool          // there is no source at all
	balancer     *mem.Balancer // nil: there is none
	away         bool          // the server does not run
}

func (w *world) alarmSource() alarm.Source {
	if w.outside.noAlarms {
		return nil
	}
	return scriptedAlarms{w}
}

// scriptedAlarms is a source of alarms that says what the transcript does.
type scriptedAlarms struct{ w *world }

func (s scriptedAlarms) States(context.Context, deploy.Namespace, []string) (map[string]deploy.AlarmState, error) {
	return maps.Clone(s.w.outside.alarms), s.w.outside.alarmsFail
}

func (w *world) serviceRole(tx *store.Tx, g deploy.Group) (*deploy.ErrorInfo, error) {
	if !w.outside.strictRoles {
		return nil, nil
	}
	return control.ServiceRoleFault(tx, g)
}

// lifecycleVerbs are commands of transcripts.
var lifecycleVerbs = map[string]func(w *world, args []string) func() string{
	// alarms [NAME=STATE...] | denied | throttled | broken: what the source
	// says from now on, ten seconds after the last round.
	"alarms": func(w *world, args []string) func() string {
		w.now = w.now.Add(10 * time.Second)
		w.outside.alarms, w.outside.alarmsFail = map[string]deploy.AlarmState{}, nil
		for _, arg := range args {
			name, state, said := strings.Cut(arg, "=")
			if said {
				w.outside.alarms[name] = deploy.AlarmState(state)
				continue
			}
			w.outside.alarmsFail = map[string]error{
				"denied": fmt.Errorf("DescribeAlarms: %w", alarm.ErrDenied), "throttled": alarm.ErrThrottled,
				"broken": errors.New("connection refused"),
			}[arg]
		}
		return nil
	},
	"no-alarm-source": func(w *world, _ []string) func() string {
		w.outside.noAlarms = true
		w.crash()
		return nil
	},
	// limit deployments|instances N: how many may be active, or be deployed to.
	"limit": func(w *world, args []string) func() string {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			w.t.Fatal(err)
		}
		if args[0] == "instances" {
			w.outside.maxInstances = n
		} else {
			w.outside.maxActive = n
		}
		w.crash()
		return nil
	},
	"strict-roles": func(w *world, _ []string) func() string {
		w.outside.strictRoles = true
		w.crash()
		return nil
	},
	// role trusts SERVICE | deleted
	"role": func(w *world, args []string) func() string {
		role := iam.Role{AccountID: ns.Account, ID: "AROA1", Path: "/", Name: "deploy"}
		w.update(func(tx *store.Tx) error {
			if args[0] == "deleted" {
				return tx.DeleteRole(role.AccountID, role.Name)
			}
			role.TrustPolicy = `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"` + args[1] + `"}}}`
			if _, err := tx.Role(role.AccountID, role.Name); err == nil {
				return tx.SaveRole(role)
			}
			return tx.InsertRole(role)
		})
		return nil
	},
	"delete-app": func(w *world, _ []string) func() string {
		w.update(func(tx *store.Tx) error {
			return errors.Join(tx.WakeGroup(w.group.ID, w.now), tx.DeleteApplication(w.app.ID))
		})
		return nil
	},
	// forget KEY: the revision is not registered any more. No API does that; a
	// database that was put back from a backup can.
	"forget": func(w *world, args []string) func() string {
		db, err := sql.Open("sqlite", w.path)
		if err != nil {
			w.t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(w.t.Context(), `DELETE FROM revisions WHERE object_key = $1`, args[0]); err != nil {
			w.t.Fatal(err)
		}
		return nil
	},
	// outdated UPDATE|IGNORE: what the group does with hosts that joined.
	"outdated": func(w *world, args []string) func() string {
		return w.edit(func(g *deploy.Group) { g.OutdatedInstances = args[0] })
	},
	// edit: everything about the group changes that a deployment is frozen with.
	"edit": func(w *world, _ []string) func() string {
		return w.edit(func(g *deploy.Group) {
			g.ConfigName = deploy.PredefinedPrefix + "AllAtOnce"
			g.Style = deploy.Style{Type: deploy.BlueGreenType, Option: deploy.WithTrafficControl}
			g.LoadBalancer = &deploy.LoadBalancerInfo{TargetGroups: []string{"other"}}
			g.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"other"}}
			g.AutoRollback = &deploy.AutoRollback{}
		})
	},
	// leaves HOST: it is not a member of the group any more.
	"leaves": func(w *world, args []string) func() string {
		w.update(func(tx *store.Tx) error {
			i, err := tx.Instance(ns, args[0])
			i.Tags = nil
			return errors.Join(err, tx.PutInstance(i))
		})
		return nil
	},
	// group: what the group remembers.
	"group": func(w *world, _ []string) func() string {
		return w.remembered
	},
}

func (w *world) edit(change func(*deploy.Group)) func() string {
	w.update(func(tx *store.Tx) error {
		g, err := tx.GroupByID(w.group.ID)
		change(&g)
		return errors.Join(err, tx.SaveGroup(g))
	})
	return nil
}

// remembered describes the group between deployments.
func (w *world) remembered() string {
	var out strings.Builder
	w.view(func(tx *store.Tx) error {
		attempted, err := tx.LastAttempted(w.group.ID)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "last attempted %s", attempted.ID)
		if good, err := tx.LastSuccessful(w.group.ID); err == nil {
			fmt.Fprintf(&out, ", last successful %s, target revision %s", good.ID, bundleOf(good.Revision))
		}
		out.WriteString("\n")
		hosts, err := tx.GroupHosts(w.group.ID)
		for _, name := range slices.Sorted(maps.Keys(hosts)) {
			h, health, installed := hosts[name], "unhealthy", "unknown"
			if h.Healthy {
				health = "healthy"
			}
			if h.Installed != nil {
				installed = bundleOf(*h.Installed)
			}
			fmt.Fprintf(&out, "  %s %s, %s\n", name, health, installed)
		}
		return err
	})
	return out.String()
}

// lifecycleOptions are options of "create".
var lifecycleOptions = map[string]func(w *world, d *deploy.Deployment, value string){
	// alarms=NAME,NAME
	"alarms": func(_ *world, d *deploy.Deployment, value string) {
		d.Alarms = &deploy.Alarms{Enabled: true, Names: strings.Split(value, ",")}
	},
	"no-alarms": func(_ *world, d *deploy.Deployment, _ string) { d.Alarms.Enabled = false },
	// own-config=NAME: a configuration that was deleted.
	"own-config": func(_ *world, d *deploy.Deployment, value string) { d.Config.Name = value },
	"bare-blue-green": func(_ *world, d *deploy.Deployment, _ string) {
		d.Style.Type = deploy.BlueGreenType
	},
	"bare-traffic-control": func(_ *world, d *deploy.Deployment, _ string) {
		d.Style.Option = deploy.WithTrafficControl
	},
	"content": func(_ *world, d *deploy.Deployment, _ string) {
		d.Revision = deploy.Revision{Type: deploy.AppSpecRevision, Content: &deploy.Content{Text: "version: 0.0", SHA256: "abc"}}
	},
	// github=TOKEN: the application is linked by a token that is not there.
	"github": func(w *world, d *deploy.Deployment, value string) {
		w.app.GitHubAccountName = value
		w.update(func(tx *store.Tx) error { return tx.SaveApplication(w.app) })
		d.Revision = deploy.Revision{Type: deploy.GitHubRevision, GitHub: &deploy.GitHubLocation{Repository: "acme/shop", CommitID: "c0ffee"}}
	},
	// group=STAGE: another group of the same application.
	"group": func(w *world, d *deploy.Deployment, value string) {
		g := w.group
		g.ID, g.Name = "group-"+value, value
		g.OnPremisesFilters = []deploy.TagFilter{{Type: deploy.KeyAndValue, Key: "stage", Value: value}}
		w.update(func(tx *store.Tx) error {
			_, err := tx.GroupByID(g.ID)
			if errors.Is(err, store.ErrNotFound) {
				err = tx.InsertGroup(g)
			}
			return err
		})
		d.GroupID, d.GroupName = g.ID, g.Name
	},
}

// insert stores a deployment as control does, with queues on.
func (w *world) insert(d deploy.Deployment) {
	w.update(func(tx *store.Tx) error {
		_, err := tx.Application(ns, w.app.Name)
		if err == nil {
			err = tx.PutRevision(deploy.RegisteredRevision{
				Namespace: ns, ApplicationID: w.app.ID, Revision: d.Revision, RegisteredAt: d.CreatedAt,
			})
		}
		if err != nil {
			return err
		}
		if last, err := tx.LastSuccessful(d.GroupID); err == nil {
			d.PreviousRevision = &last.Revision
		}
		active, err := tx.CountActive(ns)
		if err != nil {
			return err
		}
		_, busy := tx.ActiveDeployment(d.GroupID)
		_, others := tx.FirstQueued(d.GroupID)
		if busy == nil || others == nil || w.outside.maxActive > 0 && active >= int64(w.outside.maxActive) {
			d.Status = deploy.Queued
		}
		return tx.InsertDeployment(d)
	})
}

// deploymentOf returns the newest deployment that has the host among its
// targets, else the newest.
func (w *world) deploymentOf(host string) (id string) {
	w.view(func(tx *store.Tx) error {
		keys, err := tx.Deployments(ns, store.DeploymentFilter{}, 100)
		if len(keys) > 0 {
			id = keys[0].ID
		}
		for _, k := range keys {
			if _, err := tx.Target(k.ID, host); err == nil {
				id = k.ID
				return nil
			}
		}
		return err
	})
	return id
}

func bundleOf(r deploy.Revision) string {
	if r.S3 != nil {
		return r.S3.Key
	}
	return r.String()
}

package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/platform/ecs"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/mem"
	"github.com/slipwayhq/slipway/internal/store"
)

// services is ECS: a service or two, each with its load balancer, that
// deployments change, and somebody else.
type services struct {
	*outside
	is  *mem.World
	all []*service
}

// service is one of them. Its group has its name.
type service struct {
	of         *services
	name       string
	prod, test string    // listeners; test may be empty
	pair       [2]string // ARNs of its target groups
	network    bool
	outsiders  int  // task sets that somebody else made
	trap       bool // somebody meddles when an action is about to be carried out
	history    history

	roles  map[string]roles     // by deployment
	steady map[string]bool      // task sets that have been seen steady
	made   map[string][]string  // ARNs, by the deployment that made them
	moved  map[string]time.Time // when the first shift of a deployment was
}

// roles are who is blue and who is green, as they were when a deployment
// looked for the last time before it changed anything.
type roles struct{ blue, blueGroup, greenGroup string }

const (
	cluster       = "c1"
	containerApps = "services" // their application
)

func (s *services) platform() ecs.Platform {
	return ecs.Platform{Containers: s, Functions: s, NewHookID: hookID}
}

// named returns a service by its name.
func (s *services) named(name string) *service {
	return s.all[slices.IndexFunc(s.all, func(o *service) bool { return o.name == name })]
}

// of returns what a deployment is about.
func (s *services) of(d *deployment) *service { return s.named(d.GroupName) }

// meant returns the service that the action of a call is about.
func (s *services) meant(ctx context.Context) *service { return s.of(callerOf(ctx).d) }

func (o *service) taskSets() []container.TaskSet { return o.of.is.SeeService(cluster, o.name).TaskSets }

func (o *service) taskSet(arn string) *container.TaskSet {
	s := o.of.is.SeeService(cluster, o.name)
	return s.TaskSet(arn)
}

// primary is the task set that serves, or nil.
func (o *service) primary() *container.TaskSet {
	sets := o.taskSets()
	i := slices.IndexFunc(sets, func(t container.TaskSet) bool { return t.Status == container.Primary })
	if i < 0 {
		return nil
	}
	return &sets[i]
}

// there reports whether a task set is there, and stays.
func (o *service) there(arn string) bool {
	t := o.taskSet(arn)
	return t != nil && t.Status != container.Draining
}

// routes are those of the listener that forward to the pair, or should.
func (o *service) routes(listener string) []container.Route {
	return slices.DeleteFunc(o.of.is.See(listener), func(r container.Route) bool {
		_, a := r.Weight(o.pair[0])
		_, b := r.Weight(o.pair[1])
		return !a && !b && !r.Default
	})
}

// part is how much of a route's traffic a target group has.
func part(shares []container.Share, group string) float64 {
	mine, all := 0, 0
	for _, s := range shares {
		weight := s.Weight
		if len(shares) == 1 {
			weight = 1 // says nothing
		}
		all += weight
		if s.TargetGroupARN == group {
			mine += weight
		}
	}
	if all == 0 {
		return 0
	}
	return float64(mine) / float64(all)
}

// ---- what the platform asks ----

var errSlow = &container.Fault{Kind: container.ErrThrottled, Service: container.ECS, Code: "ThrottlingException", Status: 400}

// Service reads a service.
func (s *services) Service(ctx context.Context, to container.Scope, cluster, name string) (out container.Service, err error) {
	err = s.call(ctx, errSlow, func() (err error) {
		if out, err = s.is.Service(ctx, to, cluster, name); err == nil {
			s.meant(ctx).seen(callerOf(ctx).d, out)
		}
		return err
	})
	return out, err
}

// seen notes what a deployment saw of the service.
func (o *service) seen(d *deployment, s container.Service) {
	for _, t := range s.TaskSets {
		o.steady[t.ARN] = o.steady[t.ARN] || t.Steady
		if len(d.targets) == 1 && !checked(d.targets[0]) && t.Status == container.Primary {
			o.roles[d.ID] = roles{t.ARN, t.TargetGroupARN, o.partner(t.TargetGroupARN)}
		}
	}
}

// partner is the other one of the pair.
func (o *service) partner(group string) string {
	if group == o.pair[0] {
		return o.pair[1]
	}
	return o.pair[0]
}

// rolesIn are those of a deployment; a rollback has its deployment's.
func (o *service) rolesIn(d *deployment) (id string, is roles) {
	id = d.ID
	if d.Undo != nil {
		id = d.Rollback.TriggeringID
	}
	return id, o.roles[id]
}

// CreateTaskSet adds a task set. Some take long to become steady, or never do.
func (s *services) CreateTaskSet(ctx context.Context, to container.Scope, n container.NewTaskSet) (out container.TaskSet, err error) {
	err = s.call(ctx, errSlow, func() (err error) {
		s.is.SteadyAfter = s.w.upTo(10 * time.Minute)
		if s.w.once(12) {
			s.w.saw("a task set never becomes steady")
			s.is.SteadyAfter = 1000 * time.Hour
		}
		if out, err = s.is.CreateTaskSet(ctx, to, n); err == nil {
			s.w.rules.taskSetMade(s.meant(ctx), callerOf(ctx).d, n, out)
		}
		return err
	})
	return out, err
}

// Promote makes a task set the primary one.
func (s *services) Promote(ctx context.Context, to container.Scope, cluster, name, arn string) error {
	return s.call(ctx, errSlow, func() error {
		before := s.meant(ctx).primary()
		err := s.is.Promote(ctx, to, cluster, name, arn)
		if err == nil {
			s.w.rules.promoted(s.meant(ctx), callerOf(ctx), before, arn)
		}
		return err
	})
}

// DeleteTaskSet removes a task set.
func (s *services) DeleteTaskSet(ctx context.Context, to container.Scope, cluster, name, arn string) error {
	return s.call(ctx, errSlow, func() error {
		before := s.meant(ctx).taskSet(arn)
		err := s.is.DeleteTaskSet(ctx, to, cluster, name, arn)
		if err == nil {
			s.w.rules.taskSetRemoved(s.meant(ctx), callerOf(ctx), *before)
		}
		return err
	})
}

// TargetGroups and Routes read the load balancer.
func (s *services) TargetGroups(ctx context.Context, to container.Scope, names []string) (out []container.TargetGroup, err error) {
	err = s.call(ctx, errSlow, func() (err error) {
		out, err = s.is.TargetGroups(ctx, to, names)
		return err
	})
	return out, err
}

func (s *services) Routes(ctx context.Context, to container.Scope, listener string) (out []container.Route, err error) {
	err = s.call(ctx, errSlow, func() (err error) {
		out, err = s.is.Routes(ctx, to, listener)
		return err
	})
	return out, err
}

// Forward changes a route.
func (s *services) Forward(ctx context.Context, to container.Scope, route container.Route, shares []container.Share) error {
	return s.call(ctx, errSlow, func() error {
		err := s.is.Forward(ctx, to, route, shares)
		if err == nil {
			s.w.rules.forwarded(s.meant(ctx), callerOf(ctx), route, shares)
		}
		return err
	})
}

// ---- how they are made ----

// addServices makes an application, its services and groups, and their users.
func (w *world) addServices() {
	w.services = &services{outside: w.outside, is: &mem.World{Now: time.Now}}
	app := deploy.Application{Namespace: ns, ID: containerApps, Name: containerApps, Platform: deploy.ECS, CreatedAt: time.Now()}
	w.define(func(tx *store.Tx) error { return tx.InsertApplication(app) })
	n := 1
	if w.once(4) {
		n = 2
	}
	for i := range n {
		o := w.services.add(fmt.Sprintf("shop%d", i+1))
		u := &user{w: w, name: "user-of-" + o.name, group: o.name, left: 1 + w.rand.IntN(3), next: (*user).serviceDeployment}
		w.define(func(tx *store.Tx) error { return tx.InsertGroup(u.serviceGroup(o)) })
		w.users = append(w.users, u)
		w.after(w.upTo(time.Minute), u.deploy)
	}
}

// add makes a service with its first task set, and what is in front of it.
func (s *services) add(name string) *service {
	w := s.w
	o := &service{
		of: s, name: name, network: w.once(5), roles: map[string]roles{}, steady: map[string]bool{}, made: map[string][]string{},
		moved: map[string]time.Time{},
	}
	kind := "app"
	if o.network {
		kind = "net"
	}
	const elb = "arn:aws:elasticloadbalancing:us-east-1:000000000000:"
	o.prod = fmt.Sprintf("%slistener/%s/%s/1/80", elb, kind, name)
	if !w.once(3) {
		o.test = fmt.Sprintf("%slistener/%s/%s/1/8080", elb, kind, name)
	}
	for i, letter := range []string{"a", "b"} {
		o.pair[i] = fmt.Sprintf("%stargetgroup/%s-%s/1", elb, name, letter)
		s.is.AddTargetGroup(container.TargetGroup{Name: name + "-" + letter, ARN: o.pair[i]})
	}
	s.is.AddTargetGroup(container.TargetGroup{Name: name + "-x", ARN: o.stranger()})
	s.is.AddService(cluster, name, container.Service{
		ARN: "arn:aws:ecs:us-east-1:000000000000:service/c1/" + name, Status: container.Active, Controller: container.External, Scheduling: "REPLICA",
	})
	s.all = append(s.all, o)
	o.addRoutes()
	o.addTaskSet(o.pair[w.rand.IntN(2)], container.Primary)
	o.repair()
	return o
}

// stranger is a target group that is not of the pair.
func (o *service) stranger() string { return o.pair[0] + "-of-somebody-else" }

// addRoutes makes the listeners, some with rules. One rule forwards to the
// pair, one does not forward at all.
func (o *service) addRoutes() {
	w := o.of.w
	o.route(o.prod, o.prod, o.to(o.pair[0]))
	if !o.network && w.once(3) {
		o.route(o.prod, o.prod+"/rule/1", o.to(o.pair[0]))
		o.route(o.prod, o.prod+"/rule/2", nil)
	}
	if o.test != "" {
		o.route(o.test, o.test, o.to(o.pair[w.rand.IntN(2)]))
		if !o.network && w.once(3) {
			o.route(o.test, o.test+"/rule/1", []container.Share{{TargetGroupARN: o.stranger(), Weight: 1}})
		}
	}
}

// route sets a route from outside.
func (o *service) route(listener, arn string, shares []container.Share) {
	o.of.is.SetRoute(container.Route{
		ARN: arn, ListenerARN: listener, BalancerARN: "lb-" + o.name, Default: arn == listener, Network: o.network, Shares: shares,
	})
}

// to is all traffic at a target group, written in one of the ways there are.
func (o *service) to(group string) []container.Share {
	if !o.network && o.of.w.once(2) {
		return []container.Share{{TargetGroupARN: group, Weight: 100}, {TargetGroupARN: o.partner(group), Weight: 0}}
	}
	return []container.Share{{TargetGroupARN: group, Weight: 1}}
}

// addTaskSet adds a task set from outside.
func (o *service) addTaskSet(group, status string) {
	o.outsiders++
	id := fmt.Sprintf("ecs-svc/of-somebody-%d", o.outsiders)
	o.of.is.AddTaskSet(cluster, o.name, container.TaskSet{
		ARN: o.name + "/" + id, ID: id, Status: status, TargetGroupARN: group, Desired: 3,
		Placement: container.Placement{LaunchType: "FARGATE"},
	})
	o.history.note(somebody)
}

// repair is a person who brings all traffic to the primary task set, or makes
// one if there is none, and removes what other people have made.
func (o *service) repair() {
	if o.primary() == nil {
		o.addTaskSet(o.pair[0], container.Primary)
	}
	for _, t := range o.taskSets() {
		if t.Status == container.Active && t.ExternalID == "" {
			o.edit(t.ARN, container.Draining)
		}
	}
	for _, listener := range []string{o.prod, o.test} {
		for _, r := range o.of.is.See(listener) {
			if r.Default || len(r.Shares) > 0 && part(r.Shares, o.stranger()) == 0 {
				o.route(listener, r.ARN, o.to(o.primary().TargetGroupARN))
			}
		}
	}
	o.history.note(somebody)
}

// ---- its user ----

// serviceGroup is the group of a service, with the waits that it has today.
func (u *user) serviceGroup(o *service) deploy.Group {
	w := u.w
	pair := deploy.TargetGroupPair{TargetGroups: []string{o.name + "-a", o.name + "-b"}, ProdListeners: []string{o.prod}}
	if o.test != "" {
		pair.TestListeners = []string{o.test}
	}
	waits := deploy.BlueGreen{TerminateAction: "TERMINATE", ReadyAction: "CONTINUE_DEPLOYMENT"}
	if !w.once(3) {
		waits.TerminationWait = w.rand.IntN(90)
	}
	if w.once(6) {
		waits.TerminateAction = "KEEP_ALIVE"
	}
	if w.once(3) {
		waits.ReadyAction, waits.ReadyWait = "STOP_DEPLOYMENT", 1+w.rand.IntN(120)
	}
	return deploy.Group{
		Namespace: ns, ID: o.name, ApplicationID: containerApps, Name: o.name, CreatedAt: time.Now(),
		ConfigName: "CodeDeployDefault.ECSAllAtOnce", ServiceRoleARN: "arn:aws:iam::000000000000:role/deploy",
		Style:     deploy.Style{Type: deploy.BlueGreenType, Option: deploy.WithTrafficControl},
		BlueGreen: &waits, AutoRollback: u.autoRollback(), Alarms: w.alarmSetting(),
		ECSServices:  []deploy.ECSService{{Cluster: cluster, Service: o.name}},
		LoadBalancer: &deploy.LoadBalancerInfo{TargetGroupPairs: []deploy.TargetGroupPair{pair}},
	}
}

// serviceDeployment is the next deployment to a service. Somebody may meddle
// with it, and the service may be scaled.
func (u *user) serviceDeployment() control.CreateDeployment {
	w := u.w
	o := w.services.named(u.group)
	if !w.model.activeIn(u.group) && !w.once(4) {
		o.repair()
	}
	if w.once(2) {
		w.define(func(tx *store.Tx) error { return tx.SaveGroup(u.serviceGroup(o)) })
	}
	for range 2 {
		if w.once(5) {
			w.after(w.upTo(90*time.Minute), o.meddle)
		}
	}
	o.trap = w.once(4)
	if w.once(5) {
		w.after(w.upTo(time.Hour), o.scale)
	}
	spec := fmt.Sprintf("version: 0.0\nResources: [{TargetService: {Type: \"AWS::ECS::Service\", Properties: "+
		"{TaskDefinition: \"arn:aws:ecs:us-east-1:000000000000:task-definition/shop:%d\", "+
		"LoadBalancerInfo: {ContainerName: web, ContainerPort: 8080}}}}]\nHooks: [%s]\n", 1+w.rand.IntN(9),
		w.someHooks(deploy.BeforeInstall, deploy.AfterInstall, deploy.AfterAllowTestTraffic, deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic))
	configs := []string{"AllAtOnce", "Canary10Percent5Minutes", "Linear10PercentEvery1Minutes", "Linear10PercentEvery3Minutes"}
	config := configs[w.rand.IntN(len(configs))]
	if o.network && !w.once(8) {
		config = configs[0]
	}
	return control.CreateDeployment{
		Application: containerApps, Group: u.group, ConfigName: "CodeDeployDefault.ECS" + config,
		Revision: &control.Revision{Type: deploy.AppSpecRevision, AppSpec: &deploy.Content{Text: spec}},
	}
}

// perhapsGoOn ends a wait of a deployment to ECS, and now and then one that it
// does not have.
func (u *user) perhapsGoOn(d deploy.Deployment) {
	switch {
	case d.Platform != deploy.ECS:
	case d.Status == deploy.Ready && u.w.once(2), u.w.once(30):
		u.goOn(d.ID, "READY_WAIT")
	case d.TerminationWaitAt != nil && u.w.once(4), u.w.once(30):
		u.goOn(d.ID, "TERMINATION_WAIT")
	}
}

func (u *user) goOn(id, wait string) {
	u.do("ends the wait "+wait+" of "+id, func(c *control.Control) error {
		err := c.ContinueDeployment(context.Background(), ns, id, &wait)
		if err == nil {
			u.w.saw("somebody ends the wait " + wait)
		}
		return err
	})
}

// scale changes the size of the service, which takes its tasks a while.
func (o *service) scale() {
	w := o.of.w
	w.saw("a service is scaled")
	w.log("world", "somebody scales %s", o.name)
	o.of.is.SteadyAfter = w.upTo(8 * time.Minute)
	o.of.is.Scale(cluster, o.name, 1+w.rand.IntN(9))
}

// meddle is somebody else at work on the service or its load balancer.
func (o *service) meddle() {
	w := o.of.w
	sets := o.taskSets()
	var set container.TaskSet // one of them
	if len(sets) > 0 {
		set = sets[w.rand.IntN(len(sets))]
	}
	what := ""
	switch n := w.rand.IntN(6); {
	case n == 0 && !o.network:
		what = "somebody else divides the traffic of a service"
		o.route(o.prod, o.prod, []container.Share{{TargetGroupARN: o.pair[0], Weight: 37}, {TargetGroupARN: o.pair[1], Weight: 63}})
	case n <= 1:
		what = "somebody else takes the traffic of a service"
		groups := []string{o.pair[0], o.pair[1], o.stranger()}
		o.route(o.prod, o.prod, []container.Share{{TargetGroupARN: groups[w.rand.IntN(len(groups))], Weight: 1}})
	case n == 2 && o.test != "":
		what = "somebody else moves the test traffic of a service"
		o.route(o.test, o.test, o.to(o.pair[w.rand.IntN(2)]))
	case n == 3 && set.ARN != "":
		what = "a task set vanishes"
		o.edit(set.ARN, container.Draining)
	case n == 4 && set.Status == container.Active:
		what = "somebody else promotes a task set"
		if p := o.primary(); p != nil {
			o.edit(p.ARN, container.Active)
		}
		o.edit(set.ARN, container.Primary)
	default:
		what = "somebody else makes a task set"
		o.addTaskSet(o.pair[w.rand.IntN(2)], container.Active)
	}
	w.saw(what)
	w.log("world", "%s (%s)", what, o)
	o.history.note(somebody)
}

// aboutTo lets somebody meddle at the worst moment: between two actions of a
// deployment.
func (o *service) aboutTo() {
	if o.trap && o.of.w.once(6) {
		o.trap = false
		o.of.w.after(o.of.w.upTo(2*time.Millisecond), o.meddle)
	}
}

// edit changes the status of a task set from outside. One that drains is not
// there any more when somebody looks next.
func (o *service) edit(arn, status string) {
	o.of.is.EditTaskSets(cluster, o.name, func(t *container.TaskSet) {
		if t.ARN == arn {
			t.Status = status
		}
	})
}

// String is how the service is now, for the trace.
func (o *service) String() string {
	var b strings.Builder
	b.WriteString(o.name)
	for _, listener := range []string{o.prod, o.test} {
		for _, r := range o.routes(listener) {
			fmt.Fprintf(&b, " %g/%g", part(r.Shares, o.pair[0]), part(r.Shares, o.pair[1]))
		}
		b.WriteString(",")
	}
	for _, t := range o.taskSets() {
		fmt.Fprintf(&b, " %s %s", t.ID, t.Status)
	}
	return b.String()
}

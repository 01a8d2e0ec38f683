package test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/sigv4"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/store/pgtest"
)

// BenchmarkHandOut measures from the commit of a command to its arrival at the
// host, whose poll was waiting for it: finding and leasing it, its way through
// HTTP, and the client's reading. An agent that polls once a second, as the
// official one does when its server does not hold polls, needs 500 ms on
// average.
//
// The store, the use cases and the edge are the server's own; there is no
// engine, so that nothing but the hand-out is measured.
func BenchmarkHandOut(b *testing.B) {
	for _, hosts := range []int{1, 100} {
		b.Run(fmt.Sprintf("waiting=%d", hosts), func(b *testing.B) {
			o := newHandOut(b, hosts)
			var latencies []time.Duration
			b.ResetTimer()
			for i := range b.N {
				b.StopTimer()
				host := o.hosts[i%hosts]
				<-host.waiting
				command := o.command(host, i)
				b.StartTimer()
				if err := o.save(command); err != nil {
					b.Fatal(err)
				}
				saved := time.Now()
				got := <-host.got
				latencies = append(latencies, got.at.Sub(saved))
				b.StopTimer()
				if got.id != command.ID {
					b.Fatalf("the host got %q (%v), want %q", got.id, got.err, command.ID)
				}
				o.cancel(b, command)
				host.again <- struct{}{}
				b.StartTimer()
			}
			b.StopTimer()
			slices.Sort(latencies)
			at := func(share float64) float64 {
				return float64(latencies[int(share*float64(len(latencies)-1))].Microseconds()) / 1000
			}
			b.ReportMetric(at(0.50), "p50-ms")
			b.ReportMetric(at(0.99), "p99-ms")
		})
	}
}

// handOut is a server without an engine, and hosts that poll it.
type handOut struct {
	store      *store.Store
	namespace  deploy.Namespace
	deployment string
	hosts      []*pollingHost
}

type pollingHost struct {
	name, identifier string
	waiting          chan struct{} // its poll is held
	got              chan polled
	again            chan struct{}
}

type polled struct {
	id  string
	at  time.Time
	err error
}

func newHandOut(b *testing.B, hosts int) *handOut {
	ctx := b.Context()
	st, err := store.OpenSQLite(ctx, filepath.Join(b.TempDir(), "slipway.db"), seal.NewBox(seal.Key{}))
	check(b, err)
	b.Cleanup(func() { check(b, st.Close()) })
	root := iam.AccessKey{ID: iam.NewAccessKeyID(), Secret: iam.Secret(iam.NewSecretAccessKey()), AccountID: "000000000000"}
	edge := httptest.NewServer(api.New(api.Config{
		Access: &api.Access{Root: root, Identity: control.NewIdentity(st)},
		Log:    slog.New(slog.DiscardHandler),
		Services: []api.Service{
			api.CodeDeploy(control.New(st, control.Options{}), api.NewPager(make([]byte, 32))),
			api.HostCommands(control.New(st, control.Options{})),
		},
	}))
	b.Cleanup(edge.Close)
	o := &handOut{
		store: st, deployment: "d-BENCHMARK",
		namespace: deploy.Namespace{Account: "000000000000", Region: "us-east-1"},
	}
	check(b, st.Update(ctx, func(tx *store.Tx) error {
		return tx.InsertDeployment(deploy.Deployment{
			Namespace: o.namespace, ID: o.deployment, GroupID: "group", CreatedAt: time.Now(), Status: deploy.InProgress,
		})
	}))
	// What polls is stopped before the server is.
	polls, stop := context.WithCancel(ctx)
	b.Cleanup(stop)
	rootKey := sigv4.Credentials{AccessKeyID: root.ID, SecretAccessKey: string(root.Secret)}
	for i := range hosts {
		o.hosts = append(o.hosts, newPollingHost(b, polls, edge.URL, rootKey, fmt.Sprintf("host-%d", i)))
	}
	return o
}

func newPollingHost(b *testing.B, ctx context.Context, url string, root sigv4.Credentials, name string) *pollingHost {
	identity, err := agent.Enroll(ctx, agent.Enrolment{
		Name: name, Endpoint: url, Region: "us-east-1", Credentials: agent.StaticCredentials(root),
	})
	check(b, err)
	key, err := identity.Credentials()(ctx)
	check(b, err)
	h := &pollingHost{
		name: name, identifier: identity.HostIdentifier(),
		waiting: make(chan struct{}), got: make(chan polled), again: make(chan struct{}),
	}
	go h.run(ctx, newRawClient(url, key))
	return h
}

// run polls. It tells when the server has taken the poll (see waitingPoll) and
// then leaves it a moment to begin to wait.
func (h *pollingHost) run(ctx context.Context, client *rawClient) {
	client.http.Transport.(*http.Transport).ExpectContinueTimeout = patience
	body := must(json.Marshal(protocol.PollHostCommandInput{HostIdentifier: h.identifier}))
	const moment = 5 * time.Millisecond
	for ctx.Err() == nil {
		taken := func() {
			time.AfterFunc(moment, func() {
				select {
				case h.waiting <- struct{}{}:
				case <-ctx.Done():
				}
			})
		}
		r := client.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got100Continue: taken}), commandTarget+"PollHostCommand", body)
		r.Header.Set("Expect", "100-continue")
		var out protocol.PollHostCommandOutput
		answer, err := do(client.http, r)
		p := polled{at: time.Now(), err: err}
		if err == nil {
			if p.err = json.Unmarshal(answer.body, &out); out.HostCommand != nil {
				p.id = out.HostCommand.HostCommandIdentifier
			}
		}
		select {
		case h.got <- p:
		case <-ctx.Done():
			return
		}
		select {
		case <-h.again:
		case <-ctx.Done():
		}
	}
}

func (o *handOut) command(h *pollingHost, i int) deploy.HostCommand {
	return deploy.HostCommand{
		Namespace: o.namespace, ID: deploy.CommandID(o.deployment, h.name, fmt.Sprint(i)), DeploymentID: o.deployment,
		TargetID: h.name, HostIdentifier: h.identifier, Event: "BeforeInstall",
		State: deploy.CommandReady, CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
}

func (o *handOut) save(c deploy.HostCommand) error {
	return o.store.Update(context.Background(), func(tx *store.Tx) error { return tx.InsertCommand(c) })
}

func (o *handOut) cancel(b *testing.B, c deploy.HostCommand) {
	check(b, o.store.Update(b.Context(), func(tx *store.Tx) error { return tx.CancelCommand(c.ID) }))
}

// BenchmarkGetDeployment asks a server process for a deployment, with two
// clients per processor. moto answers 299 requests a second on such a
// machine, without checking a signature.
func BenchmarkGetDeployment(b *testing.B) { onBothDatabases(b, benchmarkGetDeployment) }

func benchmarkGetDeployment(b *testing.B, s *server) {
	s.define(b, "fleet", "CodeDeployDefault.AllAtOnce")
	s.enrolSilentHost(b)
	id := s.create(b, "fleet", "site.tgz")
	client := newRawClient(s.url, s.key)
	parallel(b, func() error {
		return client.call(b.Context(), deployTarget+"GetDeployment", map[string]string{"deploymentId": id}, nil)
	})
}

// BenchmarkCreateDeployment creates deployments, each in a group of its own.
// Each is on disk before its answer, and the engine takes them up meanwhile.
// moto answers 312 requests a second, without checking a signature or storing
// anything.
func BenchmarkCreateDeployment(b *testing.B) { onBothDatabases(b, benchmarkCreateDeployment) }

func benchmarkCreateDeployment(b *testing.B, s *server) {
	s.enrolSilentHost(b)
	client := newRawClient(s.url, s.key)
	bodies := make([]map[string]any, b.N)
	const perApplication = 1000 // the quota
	for i := range bodies {
		app, group := fmt.Sprintf("app-%d", i/perApplication), fmt.Sprintf("group-%d", i)
		if i%perApplication == 0 {
			check(b, client.call(b.Context(), deployTarget+"CreateApplication", map[string]any{"applicationName": app}, nil))
		}
		check(b, client.call(b.Context(), deployTarget+"CreateDeploymentGroup", map[string]any{
			"applicationName": app, "deploymentGroupName": group, "serviceRoleArn": "arn:aws:iam::000000000000:role/slipway",
			"onPremisesInstanceTagFilters": []any{map[string]string{"Key": "stage", "Value": "fleet", "Type": "KEY_AND_VALUE"}},
		}, nil))
		bodies[i] = map[string]any{
			"applicationName": app, "deploymentGroupName": group,
			"revision": map[string]any{"revisionType": "S3", "s3Location": map[string]string{
				"bucket": bucket, "key": "site.tgz", "bundleType": "tgz",
			}},
		}
	}
	var next atomic.Int64
	parallel(b, func() error {
		return client.call(b.Context(), deployTarget+"CreateDeployment", bodies[next.Add(1)-1], nil)
	})
}

// enrolSilentHost makes a host that has no agent: deployments to it wait.
func (s *server) enrolSilentHost(b *testing.B) {
	_, err := agent.Enroll(b.Context(), agent.Enrolment{
		Name: "silent", Tags: map[string]string{"stage": "fleet"}, Endpoint: s.url, Region: "us-east-1",
		Credentials: agent.StaticCredentials(s.key),
	})
	check(b, err)
}

// parallel makes the requests of a benchmark and reports how many there were a
// second.
func parallel(b *testing.B, request func() error) {
	b.SetParallelism(2)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := request(); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// onBothDatabases runs a benchmark with a server on SQLite and with one on
// PostgreSQL, where there is that. Both write to the same disk and wait for it.
func onBothDatabases(b *testing.B, run func(*testing.B, *server)) {
	b.Run("SQLite", func(b *testing.B) { run(b, startServer(b)) })
	b.Run("Postgres", func(b *testing.B) {
		run(b, &newSite(b, 1, pgtest.Start(b).Database(b)).server)
	})
}

// BenchmarkAllAtOnce deploys to 100 hosts at once. Their agents do nothing but
// take their commands, of seven events each, and report: it measures the
// server.
func BenchmarkAllAtOnce(b *testing.B) {
	onBothDatabases(b, func(b *testing.B, s *server) {
		const hosts, events = 100, 7
		s.define(b, "fleet", "CodeDeployDefault.AllAtOnce")
		s.put(b, "site.tgz", folder{"appspec.yml": "version: 0.0\nos: linux\n"}.pack(b))
		for i := range hosts {
			s.startQuickAgent(b, fmt.Sprintf("host-%d", i), "fleet")
		}
		for b.Loop() {
			s.succeed(b, s.create(b, "fleet", "site.tgz"), 4*patience)
		}
		b.ReportMetric(float64(b.N)*hosts*events/b.Elapsed().Seconds(), "events/s")
	})
}

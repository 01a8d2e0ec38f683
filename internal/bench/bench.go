// Package bench puts a load on a server and measures it from outside: simulated
// hosts that speak the agents' protocol over HTTP, each with an identity of its
// own, and deployments to all of them.
//
// A simulated host does what an agent does but for the work: it polls,
// acknowledges, fetches the specification once per deployment, takes as long
// as it is told, and reports. What the server itself used is read from its
// /metrics.
package bench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// Credentials are an access key.
type Credentials = sigv4.Credentials

// Config says what is measured.
type Config struct {
	Endpoint    string
	Region      string
	Credentials Credentials // of somebody who may enrol hosts and deploy
	Hosts       int
	Deployments int           // one after the other, each to all hosts
	Hook        time.Duration // how long a host takes for an event
	ConfigName  string        // deployment configuration; default CodeDeployDefault.AllAtOnce
	Idle        time.Duration // how long the hosts only poll before the first deployment
	// Progress is told what is going on; part of total is done.
	// It may be called from several goroutines.
	Progress func(what string, part, total int)
}

// Run enrols the hosts, lets them poll, deploys and reports. The hosts stay
// registered; give it a server that nobody else uses.
func Run(ctx context.Context, c Config) (*Report, error) {
	if c.ConfigName == "" {
		c.ConfigName = "CodeDeployDefault.AllAtOnce"
	}
	if c.Progress == nil {
		c.Progress = func(string, int, int) {}
	}
	b := &bench{Config: c, name: fmt.Sprintf("bench-%x", time.Now().UnixNano()), seen: newLatencies()}
	b.transport = http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented
	b.transport.MaxIdleConns, b.transport.MaxIdleConnsPerHost = 0, c.Hosts+enrolling
	defer b.transport.CloseIdleConnections()
	b.sdk = codedeploy.New(codedeploy.Options{
		Region: c.Region, BaseEndpoint: &c.Endpoint, RetryMaxAttempts: 20, HTTPClient: &http.Client{Transport: b.transport},
		Credentials: credentials.NewStaticCredentialsProvider(c.Credentials.AccessKeyID, c.Credentials.SecretAccessKey, c.Credentials.SessionToken),
	})
	if err := b.define(ctx); err != nil {
		return nil, err
	}
	if err := b.enrol(ctx); err != nil {
		return nil, err
	}
	return b.measure(ctx)
}

// bench is one run.
type bench struct {
	Config
	name      string // of the application, the group and the hosts' tag
	transport *http.Transport
	sdk       *codedeploy.Client
	hosts     []*host
	seen      *latencies
}

// define makes the application and its group.
func (b *bench) define(ctx context.Context) error {
	if _, err := b.sdk.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: &b.name}); err != nil {
		return fmt.Errorf("cannot make the application: %w", err)
	}
	_, err := b.sdk.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: &b.name, DeploymentGroupName: &b.name, DeploymentConfigName: &b.ConfigName,
		ServiceRoleArn:               aws.String("arn:aws:iam::000000000000:role/slipway-bench"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{Key: &b.name, Type: types.TagFilterTypeKeyOnly}},
	})
	if err != nil {
		return fmt.Errorf("cannot make the deployment group: %w", err)
	}
	return nil
}

// enrolling is how many hosts are enrolled at one time.
const enrolling = 16

// enrol registers the hosts, and ends with the first failure.
func (b *bench) enrol(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b.hosts = make([]*host, b.Hosts)
	var next, enrolled atomic.Int64
	var done sync.WaitGroup
	for range enrolling {
		done.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.Hosts) && ctx.Err() == nil; i = next.Add(1) - 1 {
				h, err := b.enrolHost(ctx, fmt.Sprintf("%s-%05d", b.name, i))
				if err != nil {
					cancel(err)
					return
				}
				b.hosts[i] = h
				b.Progress("enrolling hosts", int(enrolled.Add(1)), b.Hosts)
			}
		})
	}
	done.Wait()
	return context.Cause(ctx)
}

func (b *bench) enrolHost(ctx context.Context, name string) (*host, error) {
	identity, err := agent.Enroll(ctx, agent.Enrolment{
		Name: name, Tags: map[string]string{b.name: "yes"}, Endpoint: b.Endpoint, Region: b.Region,
		Credentials: agent.StaticCredentials(b.Credentials), Transport: b.transport,
	})
	if err != nil {
		return nil, err
	}
	key, err := identity.Credentials()(ctx)
	if err != nil {
		return nil, err
	}
	return &host{
		identifier: identity.HostIdentifier(), key: key, endpoint: b.Endpoint, region: b.Region,
		hook: b.Hook, seen: b.seen, client: &http.Client{Transport: b.transport},
	}, nil
}

// measure runs the hosts and the deployments.
func (b *bench) measure(ctx context.Context) (*Report, error) {
	running, stop := context.WithCancel(ctx)
	defer stop()
	r := &Report{Hosts: b.Hosts, Deployments: b.Deployments, Hook: b.Hook, ConfigName: b.ConfigName}
	alone, err := b.usage(ctx)
	if err != nil {
		return nil, err
	}
	var polling sync.WaitGroup
	for _, h := range b.hosts {
		polling.Go(func() { h.run(running) })
	}
	defer polling.Wait()
	defer stop()
	if err := b.allPolling(ctx); err != nil {
		return nil, err
	}
	idle, err := b.idle(ctx)
	if err != nil {
		return nil, err
	}
	r.Alone, r.Idle, r.IdleFor = alone, idle[1].since(idle[0]), b.Idle
	r.Idle.Memory = idle[1].Memory
	for i := range b.Deployments {
		if err := b.deploy(ctx, i, r); err != nil {
			return nil, err
		}
	}
	after, err := b.usage(ctx)
	if err != nil {
		return nil, err
	}
	r.Server = after.since(idle[1])
	r.Server.Memory = after.Memory
	r.Latencies = b.seen.percentiles()
	r.Errors = b.seen.errors()
	return r, nil
}

// allPolling waits until the server holds a poll of every host.
func (b *bench) allPolling(ctx context.Context) error {
	for begun := time.Now(); ; {
		u, err := b.usage(ctx)
		if err != nil {
			return err
		}
		b.Progress("hosts begin to poll", int(u.Polls), b.Hosts)
		if u.Polls >= float64(b.Hosts) {
			return nil
		}
		if time.Since(begun) > 2*time.Minute {
			return fmt.Errorf("only %d of %d hosts poll; %s", int(u.Polls), b.Hosts, b.seen.lastError())
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// idle measures the server while its hosts only poll.
func (b *bench) idle(ctx context.Context) (both [2]Usage, err error) {
	if both[0], err = b.usage(ctx); err != nil {
		return both, err
	}
	for left := b.Idle; left > 0; left -= time.Second {
		b.Progress("hosts poll and there is nothing to do", int((b.Idle - left).Seconds()), int(b.Idle.Seconds()))
		if err := sleep(ctx, min(left, time.Second)); err != nil {
			return both, err
		}
	}
	both[1], err = b.usage(ctx)
	return both, err
}

// deploy runs one deployment to its end.
func (b *bench) deploy(ctx context.Context, i int, r *Report) error {
	begun := time.Now()
	created, err := b.sdk.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: &b.name, DeploymentGroupName: &b.name,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
			Bucket: aws.String("bench"), Key: aws.String(fmt.Sprint(i)), BundleType: types.BundleTypeTarGZip,
		}},
	})
	if err != nil {
		return fmt.Errorf("cannot deploy: %w", err)
	}
	for {
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
		got, err := b.sdk.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: created.DeploymentId})
		if err != nil {
			return fmt.Errorf("cannot look at the deployment %s: %w", aws.ToString(created.DeploymentId), err)
		}
		info := got.DeploymentInfo
		if o := info.DeploymentOverview; o != nil {
			b.Progress(fmt.Sprintf("deployment %d of %d", i+1, b.Deployments), int(o.Succeeded), b.Hosts)
		}
		switch info.Status {
		case types.DeploymentStatusSucceeded:
			took := time.Since(begun)
			if info.CompleteTime != nil && info.CreateTime != nil {
				took = info.CompleteTime.Sub(*info.CreateTime) // we look only now and then
			}
			r.Took = append(r.Took, took)
			r.Events += b.Hosts * eventsPerHost
			return nil
		case types.DeploymentStatusFailed, types.DeploymentStatusStopped:
			why := ""
			if info.ErrorInformation != nil {
				why = aws.ToString(info.ErrorInformation.Message)
			}
			return fmt.Errorf("the deployment %s ended as %s: %s", aws.ToString(created.DeploymentId), info.Status, why)
		}
	}
}

// eventsPerHost is how many lifecycle events a host works through.
const eventsPerHost = 7

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// latencies collects how long hosts waited for their next command.
type latencies struct {
	mu     sync.Mutex
	waits  []time.Duration
	failed int
	last   error
}

func newLatencies() *latencies { return &latencies{} }

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waits = append(l.waits, d)
}

func (l *latencies) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed++
	l.last = err
}

func (l *latencies) errors() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

func (l *latencies) lastError() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		return "none has an error"
	}
	return "the last error: " + l.last.Error()
}

func (l *latencies) percentiles() Percentiles {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waits) == 0 {
		return Percentiles{}
	}
	slices.Sort(l.waits)
	at := func(share float64) time.Duration { return l.waits[int(share*float64(len(l.waits)-1))] }
	return Percentiles{P50: at(0.5), P95: at(0.95), P99: at(0.99), Max: at(1)}
}

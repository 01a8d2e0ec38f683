package test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/store/pgtest"
)

// TestReplicas kills servers and restarts their database while twenty
// deployments go to fifty hosts: three replicas on PostgreSQL behind a
// balancer, then one server on SQLite.
func TestReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	t.Run("Postgres", func(t *testing.T) {
		cluster := pgtest.Start(t, "fsync=off")
		newSite(t, 3, cluster.Database(t)).survive(t, func() {
			cluster.Down(t)
			time.Sleep(time.Second)
			cluster.Up(t)
		})
	})
	t.Run("SQLite", func(t *testing.T) { newSite(t, 1, "").survive(t, func() {}) })
}

// site is a number of servers behind a balancer. Its own clients go through
// that.
type site struct {
	server
	replicas []*server
}

func newSite(t testing.TB, replicas int, database string) *site {
	t.Helper()
	s := &site{}
	dir := t.TempDir()
	var addresses []string
	for i := range replicas {
		r := &server{data: filepath.Join(dir, fmt.Sprintf("data-%d", i))}
		if database != "" {
			first := filepath.Join(dir, "data-0")
			r.flags = []string{"--database", database, "--objects", filepath.Join(first, "objects")}
			if i > 0 {
				r.flags = append(r.flags, "--key-file", filepath.Join(first, "secret.key"))
			}
		}
		r.startOn(t, "127.0.0.1:0")
		s.replicas = append(s.replicas, r)
		addresses = append(addresses, strings.TrimPrefix(r.url, "http://"))
	}
	s.url = "http://" + startBalancer(t, addresses).Addr().String()
	s.data = s.replicas[0].data
	s.connect(t)
	return s
}

const (
	siteHosts, siteGroups, siteRounds = 50, 4, 5
	// siteRest is what passes between two kills.
	siteRest = 2 * time.Second
)

// survive deploys to all groups, several times, while servers are killed.
func (s *site) survive(t *testing.T, restartDatabase func()) {
	hosts := make([][]string, siteGroups) // folders, by group
	for g := range siteGroups {
		s.defineGroup(t, g)
	}
	events := []string{"BeforeInstall", "AfterInstall"}
	s.put(t, "site.tgz", inDeployments(logged(events...)).pack(t))
	// Patient, as agents are: a download is given up after some attempts, and
	// a busy machine takes a while to have its database back.
	retry := backoff.Policy{Initial: 500 * time.Millisecond, Max: 10 * time.Second}
	for i := range siteHosts {
		g := i % siteGroups
		hosts[g] = append(hosts[g], s.startAgentHere(t, fmt.Sprintf("host-%d", i), groupName(g), retry))
	}

	begun := time.Now()
	ids := make([][]string, siteGroups)
	var rounds atomic.Int32
	var running sync.WaitGroup
	for g := range siteGroups {
		running.Go(func() {
			for round := range siteRounds {
				id, err := s.deployRound(t.Context(), g, round)
				if err != nil {
					t.Errorf("round %d of %s: %v", round, groupName(g), err)
					return
				}
				ids[g] = append(ids[g], id)
				rounds.Add(1)
			}
		})
	}
	ended := make(chan struct{})
	go func() { running.Wait(); close(ended) }()
	kills := s.kills(t, ended, func() bool { return rounds.Load() >= siteGroups*siteRounds/2 }, restartDatabase)
	t.Logf("%d deployments in %v; %d servers killed", rounds.Load(), time.Since(begun).Round(time.Second), kills)

	for g := range siteGroups {
		var want strings.Builder
		for _, id := range ids[g] {
			for _, e := range events {
				fmt.Fprintf(&want, "begin %s %s\nend %s %s\n", id, e, id, e)
			}
			s.wantAllSucceeded(t, id, len(hosts[g]))
		}
		for _, dir := range hosts[g] {
			if diff := cmp.Diff(want.String(), read(t, filepath.Join(dir, "hooks.log"))); diff != "" {
				t.Errorf("%s: each hook must run once, in order (-want +got):\n%s", groupName(g), diff)
			}
		}
	}
}

// kills kills a server every now and then until ended, and restarts the
// database once, as soon as it is time. Every third server is asked to stop.
func (s *site) kills(t *testing.T, ended <-chan struct{}, halfway func() bool, restartDatabase func()) (n int) {
	for restarted := false; ; n++ {
		select {
		case <-ended:
			if !restarted {
				t.Error("the database was not restarted")
			}
			return n
		case <-time.After(siteRest/2 + rand.N(siteRest)):
		}
		victim := s.replicas[rand.N(len(s.replicas))]
		if n%3 == 2 {
			_ = victim.cmd.Process.Signal(syscall.SIGTERM) // it runs
			if err := victim.wait(t, patience); err != nil {
				t.Errorf("a server that was asked to stop: %v", err)
			}
		} else {
			victim.kill()
		}
		if !restarted && halfway() {
			restarted = true
			restartDatabase()
		}
		victim.restart(t)
	}
}

func groupName(g int) string { return fmt.Sprintf("group-%d", g) }

// defineGroup makes a group of the hosts with its tag, and before the first
// one what all have in common.
func (s *site) defineGroup(t *testing.T, g int) {
	t.Helper()
	const config = "CodeDeployDefault.HalfAtATime"
	if g == 0 {
		s.define(t, groupName(g), config)
		return
	}
	name := groupName(g)
	_, err := s.deploy.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &name,
		DeploymentConfigName: aws.String(config), ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/slipway"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{Key: aws.String("stage"), Value: &name, Type: types.TagFilterTypeKeyAndValue}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// inDeployments makes a logged bundle write down the deployment too.
func inDeployments(f folder) folder {
	f["hook.sh"] = strings.ReplaceAll(f["hook.sh"], "$LIFECYCLE_EVENT", "$DEPLOYMENT_ID $LIFECYCLE_EVENT")
	return f
}

// deployRound deploys to a group and waits for the good end, however often the
// servers are away meanwhile.
func (s *site) deployRound(ctx context.Context, g, round int) (string, error) {
	id, err := s.createOnce(ctx, groupName(g), fmt.Sprint("round ", round))
	if err != nil {
		return "", err
	}
	for {
		var got *codedeploy.GetDeploymentOutput
		err := persist(func() (err error) {
			got, err = s.deploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id})
			return err
		})
		switch {
		case err != nil:
			return "", err
		case got.DeploymentInfo.Status == types.DeploymentStatusSucceeded:
			return id, nil
		case got.DeploymentInfo.CompleteTime != nil:
			return "", fmt.Errorf("%s ended as %s: %+v", id, got.DeploymentInfo.Status, got.DeploymentInfo.ErrorInformation)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// createOnce creates a deployment. When the answer of an attempt was lost, the
// group may have the deployment: its description tells.
func (s *site) createOnce(ctx context.Context, group, description string) (id string, err error) {
	key := "site.tgz"
	err = persist(func() error {
		created, err := s.deploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
			ApplicationName: aws.String(application), DeploymentGroupName: &group, Description: &description,
			Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
				Bucket: aws.String(bucket), Key: &key, BundleType: "tgz",
			}},
		})
		var busy *types.DeploymentLimitExceededException
		if !errors.As(err, &busy) {
			if err == nil {
				id = aws.ToString(created.DeploymentId)
			}
			return err
		}
		list, err := s.deploy.ListDeployments(ctx, &codedeploy.ListDeploymentsInput{
			ApplicationName: aws.String(application), DeploymentGroupName: &group,
		})
		if err != nil {
			return err
		}
		newest, err := s.deploy.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &list.Deployments[0]})
		if err != nil {
			return err
		}
		if aws.ToString(newest.DeploymentInfo.Description) != description {
			return fmt.Errorf("%s is busy with another deployment: %w", group, busy)
		}
		id = list.Deployments[0]
		return nil
	})
	return id, err
}

// persist repeats a call until it is answered: with success, or with an error
// that is not the server's.
func persist(call func() error) error {
	deadline := time.Now().Add(patience)
	for {
		err := call()
		var answered smithy.APIError
		if err == nil || time.Now().After(deadline) || errors.As(err, &answered) && answered.ErrorFault() == smithy.FaultClient {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// wantAllSucceeded checks that a deployment's targets and their events all
// succeeded.
func (s *site) wantAllSucceeded(t *testing.T, id string, hosts int) {
	t.Helper()
	targets := s.targets(t, id)
	if len(targets) != hosts {
		t.Errorf("%s has %d targets, want %d", id, len(targets), hosts)
	}
	for _, target := range targets {
		for _, e := range target.LifecycleEvents {
			if e.Status != types.LifecycleEventStatusSucceeded {
				t.Errorf("%s: %s of %s is %s", id, aws.ToString(e.LifecycleEventName), aws.ToString(target.TargetId), e.Status)
			}
		}
	}
}

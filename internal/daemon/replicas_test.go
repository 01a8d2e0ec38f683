package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
	"github.com/slipwayhq/slipway/internal/store/pgtest"
)

// TestReplicas: two daemons on one database are one service.
func TestReplicas(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t, "fsync=off").Database(t)
	first, second := t.TempDir(), t.TempDir()
	a := start(t, Config{Data: first, Database: url})
	defer stop(t, a)
	for want, c := range map[string]Config{
		"sealed with another key":        {Data: t.TempDir(), Database: url},
		"all servers of a database need": {Data: t.TempDir(), Database: url, KeyFile: filepath.Join(first, keyFile)},
	} {
		c.Listen = "127.0.0.1:0"
		if _, err := Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	b := start(t, Config{
		Data: second, Database: url, KeyFile: filepath.Join(first, keyFile), Objects: filepath.Join(first, "objects"),
	})
	defer stop(t, b)

	if a.Root != b.Root || a.Root.ID == "" {
		t.Error("the daemons have two root keys")
	}
	if known, err := readRootFile(filepath.Join(second, rootFile)); err != nil || known.ID != a.Root.ID {
		t.Errorf("the second daemon's file has %q, %v", known.ID, err)
	}
	name := aws.String("shop")
	if _, err := codedeploy.NewFromConfig(awsConfig(a, a.Root.ID, string(a.Root.Secret))).
		CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := codedeploy.NewFromConfig(awsConfig(b, a.Root.ID, string(a.Root.Secret))).
		GetApplication(t.Context(), &codedeploy.GetApplicationInput{ApplicationName: name}); err != nil {
		t.Error("what one made the other does not know:", err)
	}
}

// TestReplicasStartTogether: on an empty database one of them makes what all
// need, and none fails because another one was faster.
func TestReplicasStartTogether(t *testing.T) {
	t.Parallel()
	url, dir := pgtest.Start(t, "fsync=off").Database(t), t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("ab", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	roots := make([]string, 3)
	var starting sync.WaitGroup
	for i := range roots {
		starting.Go(func() {
			d, err := Start(t.Context(), Config{
				Listen: "127.0.0.1:0", Data: filepath.Join(dir, fmt.Sprint(i)), Database: url,
				KeyFile: key, Objects: filepath.Join(dir, "objects"),
			})
			if err != nil {
				t.Error(err)
				return
			}
			roots[i] = d.Root.ID
			stop(t, d)
		})
	}
	starting.Wait()
	if roots[0] == "" || roots[0] != roots[1] || roots[1] != roots[2] {
		t.Errorf("the root keys are %q", roots)
	}
}

// TestPollOnAnotherReplica: a poll that waits on one daemon gets a command that
// another one has issued, long before any of its timers.
func TestPollOnAnotherReplica(t *testing.T) {
	t.Parallel()
	url := pgtest.Start(t, "fsync=off").Database(t)
	dir := t.TempDir()
	a := start(t, Config{Data: filepath.Join(dir, "a"), Database: url})
	defer stop(t, a)
	b := start(t, Config{
		Data: filepath.Join(dir, "b"), Database: url,
		KeyFile: filepath.Join(dir, "a", keyFile), Objects: filepath.Join(dir, "a", "objects"),
	})
	defer stop(t, b)
	ns := deploy.Namespace{Account: "000000000000", Region: "us-east-1"}
	const host = "arn:aws:iam::000000000000:user/web-1"
	err := a.store.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.PutInstance(deploy.Instance{Namespace: ns, Name: "web-1", IAMUserARN: host, RegisteredAt: time.Now()}); err != nil {
			return err
		}
		return tx.InsertDeployment(deploy.Deployment{Namespace: ns, ID: "d-1", Status: deploy.Stopped, CreatedAt: time.Now()})
	})
	if err != nil {
		t.Fatal(err)
	}
	// 45 s is how long a poll is held: with less it cannot be its end.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got := make(chan *deploy.HostCommand, 1)
	go func() {
		cmd, err := a.control.PollHostCommand(ctx, ns, host)
		if err != nil {
			t.Error(err)
		}
		got <- cmd
	}()
	err = b.store.Update(t.Context(), func(tx *store.Tx) error {
		return tx.InsertCommand(deploy.HostCommand{
			Namespace: ns, ID: "c-1", DeploymentID: "d-1", HostIdentifier: host, State: deploy.CommandReady, CreatedAt: time.Now(),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if cmd := <-got; cmd == nil || cmd.ID != "c-1" {
		t.Errorf("the poll got %+v", cmd)
	}
}

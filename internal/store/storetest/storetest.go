// Package storetest is the conformance suite of package store: what control
// and engine rely on, checked on a real database. Each test gets a store of
// its own.
package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// Run runs the suite. Every call of open returns an empty store, and sees to
// it that the store is closed.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	for name, test := range map[string]func(*testing.T, *store.Store){
		"Transactions":  testTransactions,
		"Notifications": testNotifications,
		"Applications":  testApplications,
		"Groups":        testGroups,
		"ECSGroups":     testECSGroups,
		"GroupHosts":    testGroupHosts,
		"Revisions":     testRevisions,
		"ListRevisions": testListingRevisions,
		"Renames":       testRenames,
		"Configs":       testConfigs,
		"ConfigUse":     testConfigUse,
		"GitHubTokens":  testGitHubTokens,
		"Linked":        testLinkedApplications,
		"GroupsAt":      testGroupsAt,
		"Instances":     testInstances,
		"Secrets":       testSecrets,
		"Users":         testUsers,
		"AccessKeys":    testAccessKeys,
		"RenameUser":    testRenameUser,
		"Roles":         testRoles,
		"Inline":        testInlinePolicies,
		"Managed":       testManagedPolicies,
		"Audit":         testAudit,
		"Alarms":        testAlarms,
		"AuditOrder":    testAuditOrder,

		"Deployment":     testDeployment,
		"OneActive":      testOneActive,
		"Conflict":       testConflict,
		"Wake":           testWake,
		"Stop":           testStop,
		"Queue":          testQueue,
		"WakeGroup":      testWakeGroup,
		"AlarmReadings":  testAlarmReadings,
		"LastDeployment": testLastDeployment,
		"Listing":        testListing,
		"History":        testHistory,
		"Targets":        testTargets,
		"Leases":         testLeases,
		"LostLease":      testLostLease,

		"OutboxOrder": testOutboxOrder,
		"OutboxLease": testOutboxLease,
		"OutboxList":  testOutboxList,
		"OutboxTidy":  testOutboxTidy,

		"CommandOrder":  testCommandOrder,
		"CommandLease":  testCommandLease,
		"Reports":       testReports,
		"CancelCommand": testCancelCommand,
		"Presence":      testPresence,
		"Silence":       testSilence,
		"LostCommands":  testLostCommands,

		"HostLogs": testHostLogs,

		"Actions":       testActions,
		"ActionEnds":    testActionEnds,
		"ActionDropped": testActionDropped,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

var (
	ns    = deploy.Namespace{Account: "123456789012", Region: "eu-west-1"}
	other = deploy.Namespace{Account: "123456789012", Region: "us-east-1"}
	start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// at returns a moment n seconds after the start.
func at(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }

func update(t *testing.T, s *store.Store, f func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// do runs changes that must all succeed, in one transaction.
func do(t *testing.T, s *store.Store, changes ...func(*store.Tx) error) {
	t.Helper()
	update(t, s, func(tx *store.Tx) error {
		for _, change := range changes {
			if err := change(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// fails runs a change that must fail with want and leave nothing behind.
func fails(t *testing.T, s *store.Store, want error, change func(*store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), change); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// read returns what f reads.
func read[T any](t *testing.T, s *store.Store, f func(*store.Tx) (T, error)) T {
	t.Helper()
	var v T
	err := s.View(t.Context(), func(tx *store.Tx) (err error) {
		v, err = f(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// missing checks that f finds nothing.
func missing[T any](t *testing.T, s *store.Store, what string, f func(*store.Tx) (T, error)) {
	t.Helper()
	err := s.View(t.Context(), func(tx *store.Tx) error {
		_, err := f(tx)
		return err
	})
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s: error %v, want %v", what, err, store.ErrNotFound)
	}
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

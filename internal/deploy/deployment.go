package deploy

import (
	"fmt"
	"time"
)

// Deployment is one revision on its way to one group. Everything above the
// divider is frozen when it is created; what follows is the engine's.
type Deployment struct {
	Namespace
	ID               string          `json:"id"`
	ApplicationID    string          `json:"applicationId"`
	ApplicationName  string          `json:"applicationName"`
	GroupID          string          `json:"groupId"`
	GroupName        string          `json:"groupName"`
	Platform         ComputePlatform `json:"platform"`
	Revision         Revision        `json:"revision"`
	PreviousRevision *Revision       `json:"previousRevision,omitempty"` // the group's last good one before
	Description      string          `json:"description,omitempty"`
	Creator          Creator         `json:"creator"`
	RootID           string          `json:"rootId,omitempty"`    // of a follow-up: the deployment that it completes
	RestartOf        string          `json:"restartOf,omitempty"` // of a restart: the deployment whose revision it runs again
	CreatedAt        time.Time       `json:"createdAt"`

	Config          Config            `json:"config"`
	Style           Style             `json:"style"`
	BlueGreen       *BlueGreen        `json:"blueGreen,omitempty"`
	LoadBalancer    *LoadBalancerInfo `json:"loadBalancer,omitempty"`
	AutoRollback    *AutoRollback     `json:"autoRollback,omitempty"`
	Alarms          *Alarms           `json:"alarms,omitempty"`        // those that count
	AlarmOverride   *Alarms           `json:"alarmOverride,omitempty"` // as given in the call
	TargetInstances *TargetInstances  `json:"targetInstances,omitempty"`
	Undo            *Target           `json:"undo,omitempty"` // of a rollback that puts traffic back

	IgnoreApplicationStopFailures bool   `json:"ignoreApplicationStopFailures,omitempty"`
	UpdateOutdatedInstancesOnly   bool   `json:"updateOutdatedInstancesOnly,omitempty"`
	FileExistsBehavior            string `json:"fileExistsBehavior"` // DISALLOW, OVERWRITE or RETAIN

	// ---- written by the engine ----

	Status      Status       `json:"status"`
	StartedAt   *time.Time   `json:"startedAt,omitempty"`
	CompletedAt *time.Time   `json:"completedAt,omitempty"`
	Error       *ErrorInfo   `json:"error,omitempty"`
	AppSpec     string       `json:"appSpec,omitempty"`  // Lambda and ECS; absent until it has been fetched
	Overview    *Overview    `json:"overview,omitempty"` // absent until the targets are known
	Rollback    RollbackInfo `json:"rollback,omitzero"`
	FollowUps   []string     `json:"followUps,omitempty"` // ids of the deployments that complete this one
	Messages    []string     `json:"messages,omitempty"`  // what it waits for, for people
	Ending      *Ending      `json:"ending,omitempty"`
	// Zone counts the zones that a zonal deployment is through with: it is the
	// place of the one it is in. BakeUntil is set while it waits behind that one.
	Zone      int        `json:"zone,omitempty"`
	BakeUntil *time.Time `json:"bakeUntil,omitempty"`
	// Balancers says how far the check of the load balancers is.
	Balancers BalancerCheck `json:"balancers,omitempty"`
	// TerminationWaitAt is when the wait began that ends with the removal of
	// what was replaced.
	TerminationWaitAt *time.Time `json:"terminationWaitAt,omitempty"`
}

// BalancerCheck says whether the load balancers of a deployment to servers have
// been found to be there, before the first host is touched.
type BalancerCheck string

// The steps of the check. A deployment without traffic control needs none.
const (
	BalancersAsked BalancerCheck = "asked"
	BalancersKnown BalancerCheck = "known"
)

// Creator says what made a deployment.
type Creator string

// The creators. Exactly these spellings are on the wire.
const (
	CreatorUser        Creator = "user"
	CreatorAutoScaling Creator = "autoscaling"
	CreatorTermination Creator = "autoscalingTermination"
	CreatorRollback    Creator = "codeDeployRollback"
	CreatorAutoUpdate  Creator = "CodeDeployAutoUpdate"
)

// Exclusive reports whether a group may have only one active deployment of
// this creator. Those that Auto Scaling makes run beside others.
func (c Creator) Exclusive() bool { return c != CreatorAutoScaling && c != CreatorTermination }

// ErrorInfo says why a deployment failed or stopped. Code is one of the API's
// deployment error codes.
type ErrorInfo struct {
	Code    ErrorCode `json:"code"`
	Message string    `json:"message"`
}

// Error returns the message: an ErrorInfo can be the error that an action
// fails with.
func (e *ErrorInfo) Error() string { return e.Message }

// ErrorCode is a deployment error code of the API.
type ErrorCode string

// The error codes that this version can produce.
const (
	AlarmActive              ErrorCode = "ALARM_ACTIVE"
	ApplicationMissing       ErrorCode = "APPLICATION_MISSING"
	BlueGreenMissing         ErrorCode = "MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION"
	DeploymentGroupMissing   ErrorCode = "DEPLOYMENT_GROUP_MISSING"
	ECSUpdateError           ErrorCode = "ECS_UPDATE_ERROR"
	GitHubTokenMissing       ErrorCode = "MISSING_GITHUB_TOKEN"
	HealthConstraints        ErrorCode = "HEALTH_CONSTRAINTS"
	HealthConstraintsInvalid ErrorCode = "HEALTH_CONSTRAINTS_INVALID"
	HookFailure              ErrorCode = "HOOK_EXECUTION_FAILURE"
	InternalError            ErrorCode = "INTERNAL_ERROR"
	InvalidECSService        ErrorCode = "INVALID_ECS_SERVICE"
	InvalidELBInstance       ErrorCode = "ELB_INVALID_INSTANCE"
	InvalidFunction          ErrorCode = "INVALID_LAMBDA_FUNCTION"
	InvalidFunctionConfig    ErrorCode = "INVALID_LAMBDA_CONFIGURATION"
	InvalidRevision          ErrorCode = "INVALID_REVISION"
	LoadBalancerMissing      ErrorCode = "MISSING_ELB_INFORMATION"
	LoadBalancingInvalid     ErrorCode = "ELASTIC_LOAD_BALANCING_INVALID"
	ManualStop               ErrorCode = "MANUAL_STOP"
	NoInstances              ErrorCode = "NO_INSTANCES"
	OverMaxInstances         ErrorCode = "OVER_MAX_INSTANCES"
	ResourceMissing          ErrorCode = "CODEDEPLOY_RESOURCE_CANNOT_BE_FOUND"
	RevisionMissing          ErrorCode = "REVISION_MISSING"
	RoleMissing              ErrorCode = "IAM_ROLE_MISSING"
	RolePermissions          ErrorCode = "IAM_ROLE_PERMISSIONS"
	Throttled                ErrorCode = "THROTTLED"
	Timeout                  ErrorCode = "TIMEOUT"
)

// RollbackInfo links a deployment with its rollback, on both sides.
type RollbackInfo struct {
	RollbackID   string `json:"rollbackId,omitempty"`   // on the one that was rolled back
	TriggeringID string `json:"triggeringId,omitempty"` // on the rollback
	Message      string `json:"message,omitempty"`
}

// Overview counts targets by status. A target of status Unknown has no
// counter.
type Overview struct {
	Pending    int `json:"pending"`
	InProgress int `json:"inProgress"`
	Succeeded  int `json:"succeeded"`
	Failed     int `json:"failed"`
	Skipped    int `json:"skipped"`
	Ready      int `json:"ready"`
}

// TargetInstances names the replacement fleet of a blue/green deployment.
type TargetInstances struct {
	TagFilters        []TagFilter   `json:"tagFilters,omitempty"`
	AutoScalingGroups []string      `json:"autoScalingGroups,omitempty"`
	EC2Set            [][]TagFilter `json:"ec2Set,omitempty"`
}

// StopRequest is the fact that somebody asked a deployment to stop.
// AutoRollback overrides the deployment's own configuration when it is set.
type StopRequest struct {
	At           time.Time `json:"at"`
	AutoRollback *bool     `json:"autoRollback,omitempty"`
}

// Ending is how a deployment will end once the host commands that still run
// have ended: from here on no new event starts.
type Ending struct {
	Status   Status        `json:"status"`
	Error    ErrorInfo     `json:"error"`
	Event    RollbackEvent `json:"event"`              // the rollback event that this end is
	Rollback *bool         `json:"rollback,omitempty"` // set: decides instead of the configuration
}

// Move changes the status. An illegal move is a bug and panics: the tables in
// status.go are the specification.
func (d *Deployment) Move(next Status, now time.Time) {
	if !d.Status.To(next) {
		panic(fmt.Sprintf("deployment %s cannot move from %s to %s", d.ID, d.Status, next)) //nolint:forbidigo // a broken invariant
	}
	d.Status = next
	d.Messages = nil // what it waited for is there
	if next == InProgress && d.StartedAt == nil {
		d.StartedAt = &now
	}
	if next.Terminal() {
		d.CompletedAt = &now
	}
}

// TargetsKnown reports whether the deployment's targets have been resolved.
func (d *Deployment) TargetsKnown() bool { return d.Overview != nil }

// RolledBackAfter reports whether the deployment's configuration, or the end
// that was decided for it, asks for a rollback after e. A rollback is never
// rolled back, and a follow-up of the engine's own neither.
func (d *Deployment) RolledBackAfter(e RollbackEvent, decided *bool) bool {
	if d.Creator != CreatorUser {
		return false
	}
	if decided != nil {
		return *decided
	}
	return d.AutoRollback.Covers(e)
}

// WatchesAlarms reports whether alarms can stop the deployment. (Not a
// rollback: the alarm that triggered it still fires.)
func (d *Deployment) WatchesAlarms() bool {
	return d.Alarms != nil && d.Alarms.Enabled && len(d.Alarms.Names) > 0 && d.Creator != CreatorRollback
}

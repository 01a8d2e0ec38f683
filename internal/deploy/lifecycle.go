package deploy

import "time"

// The lifecycle events of a server target, in the order of an in-place
// deployment behind a load balancer.
const (
	BeforeBlockTraffic = "BeforeBlockTraffic"
	BlockTraffic       = "BlockTraffic"
	AfterBlockTraffic  = "AfterBlockTraffic"
	ApplicationStop    = "ApplicationStop"
	DownloadBundle     = "DownloadBundle"
	BeforeInstall      = "BeforeInstall"
	Install            = "Install"
	AfterInstall       = "AfterInstall"
	ApplicationStart   = "ApplicationStart"
	ValidateService    = "ValidateService"
	BeforeAllowTraffic = "BeforeAllowTraffic"
	AllowTraffic       = "AllowTraffic"
	AfterAllowTraffic  = "AfterAllowTraffic"
)

// The lifecycle events that only ECS deployments with a test listener have.
const (
	AllowTestTraffic      = "AllowTestTraffic"
	AfterAllowTestTraffic = "AfterAllowTestTraffic"
)

// LifecycleEvent is one step of a target. Its name, status and times are the
// API's.
type LifecycleEvent struct {
	Name        string       `json:"name"`
	Status      EventStatus  `json:"status"`
	StartedAt   *time.Time   `json:"startedAt,omitempty"`
	EndedAt     *time.Time   `json:"endedAt,omitempty"`
	Diagnostics *Diagnostics `json:"diagnostics,omitempty"`
}

// Diagnostics says how an event ended. ErrorCode is one of the API's names
// (Success, ScriptFailed, ...); LogTail is at most 4 KB, its newest part.
type Diagnostics struct {
	ErrorCode  string `json:"errorCode"`
	ScriptName string `json:"scriptName"`
	Message    string `json:"message"`
	LogTail    string `json:"logTail"`
}

// MaxLogTail is how much of a log the API shows, in bytes.
const MaxLogTail = 4096

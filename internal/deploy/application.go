package deploy

import "time"

// ComputePlatform is what an application runs on. It never changes.
type ComputePlatform string

// The compute platforms.
const (
	Server ComputePlatform = "Server"
	Lambda ComputePlatform = "Lambda"
	ECS    ComputePlatform = "ECS"
)

// Valid reports whether p is one of the platforms.
func (p ComputePlatform) Valid() bool { return p == Server || p == Lambda || p == ECS }

// Tag is a key with a value, on a resource or on an on-premises instance.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Application is a name for what is deployed. Groups, revisions and
// deployments belong to it by its ID, so that it can be renamed.
type Application struct {
	Namespace
	ID                string          `json:"id"`
	Name              string          `json:"name"`
	Platform          ComputePlatform `json:"platform"`
	CreatedAt         time.Time       `json:"createdAt"`
	Tags              []Tag           `json:"tags,omitempty"`
	GitHubAccountName string          `json:"gitHubAccountName,omitempty"`
}

package protocol

// Specification is the document a host gets for a deployment: what to install
// and under which names. Members that are not set are left out.
type Specification struct {
	DeploymentID         string                `json:"DeploymentId"`
	DeploymentGroupID    string                `json:"DeploymentGroupId"`
	DeploymentGroupName  string                `json:"DeploymentGroupName"`
	ApplicationName      string                `json:"ApplicationName"`
	DeploymentCreator    string                `json:"DeploymentCreator,omitempty"` // default "user"
	DeploymentType       string                `json:"DeploymentType,omitempty"`    // default "IN_PLACE"
	AppSpecFilename      string                `json:"AppSpecFilename,omitempty"`   // default "appspec.yml"
	AgentActionOverrides *AgentActionOverrides `json:"AgentActionOverrides,omitempty"`
	Revision             *Revision             `json:"Revision"`
	GitHubAccessToken    string                `json:"GitHubAccessToken,omitempty"`
	// ReuseArchiveFromDeploymentID names a deployment of the same group whose
	// bundle is this one's; hosts that still have it download nothing.
	ReuseArchiveFromDeploymentID string `json:"ReuseArchiveFromDeploymentId,omitempty"`
	// AllPossibleLifecycleEvents must never be sent to the official agent 1.x,
	// whose Install fails on any value. The local CLI sets it.
	AllPossibleLifecycleEvents []string `json:"AllPossibleLifecycleEvents,omitempty"`

	// What follows is Slipway's, for the variables of scripts. The official
	// agents ignore members that they do not know.

	// PreviousDeploymentID and PreviousRevision are the group's last deployment
	// that succeeded.
	PreviousDeploymentID string    `json:"PreviousDeploymentId,omitempty"`
	PreviousRevision     *Revision `json:"PreviousRevision,omitempty"`
	// TargetCount is how many hosts are deployed to.
	TargetCount int `json:"TargetCount,omitempty"`
	// Variables are those of the deployment group.
	Variables map[string]string `json:"Variables,omitempty"`
}

// AgentActionOverrides carries what CreateDeployment overrides on the host.
type AgentActionOverrides struct {
	AgentOverrides AgentOverrides `json:"AgentOverrides"`
}

// AgentOverrides holds the overrides themselves. FileExistsBehavior is
// DISALLOW (the default), OVERWRITE or RETAIN.
type AgentOverrides struct {
	FileExistsBehavior string `json:"FileExistsBehavior,omitempty"`
}

// Revision says where the bundle is. RevisionType names the member that is set.
type Revision struct {
	RevisionType   string          `json:"RevisionType"`
	S3Revision     *S3Revision     `json:"S3Revision,omitempty"`
	GitHubRevision *GitHubRevision `json:"GitHubRevision,omitempty"`
	LocalRevision  *LocalRevision  `json:"LocalRevision,omitempty"`
}

// The revision types.
const (
	RevisionS3             = "S3"
	RevisionGitHub         = "GitHub"
	RevisionLocalFile      = "Local File"
	RevisionLocalDirectory = "Local Directory"
)

// S3Revision is a bundle in an S3 bucket. BundleType is tar, tgz or zip.
type S3Revision struct {
	Bucket     string `json:"Bucket"`
	Key        string `json:"Key"`
	BundleType string `json:"BundleType"`
	Version    string `json:"Version,omitempty"`
	ETag       string `json:"ETag,omitempty"`
}

// GitHubRevision is a commit of a GitHub repository.
type GitHubRevision struct {
	Account    string `json:"Account"`
	Repository string `json:"Repository"`
	CommitID   string `json:"CommitId"`
	BundleType string `json:"BundleType,omitempty"`
}

// LocalRevision is a bundle that already lies on the host. BundleType is tar,
// tgz, zip or directory.
type LocalRevision struct {
	Location   string `json:"Location"`
	BundleType string `json:"BundleType"`
}

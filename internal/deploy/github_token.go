package deploy

import "time"

// GitHubToken lets hosts fetch revisions from private repositories. Its name
// is what the API calls the name of a GitHub account.
type GitHubToken struct {
	Namespace
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
	Token     string    `json:"-"` // the store seals it; nothing else may keep it
}

package store

import "github.com/slipwayhq/slipway/internal/deploy"

// gitHubToken is a token as it is stored: the domain hides it from encoders.
type gitHubToken struct {
	deploy.GitHubToken
	Sealed string `json:"sealed"`
}

// PutGitHubToken adds a token or replaces the one of its name.
func (t *Tx) PutGitHubToken(token deploy.GitHubToken) error {
	row := gitHubToken{token, t.seal(gitHubTokens, sealName(token.Namespace, token.Name), token.Token)}
	_, err := t.exec(`INSERT INTO github_tokens (account, region, name, doc) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, region, name) DO UPDATE SET doc = excluded.doc`,
		token.Account, token.Region, token.Name, doc(row))
	return err
}

// GitHubToken returns the token of that name.
func (t *Tx) GitHubToken(ns deploy.Namespace, name string) (deploy.GitHubToken, error) {
	row, err := one[gitHubToken](t, `SELECT doc FROM github_tokens WHERE account = $1 AND region = $2 AND name = $3`,
		ns.Account, ns.Region, name)
	if err == nil {
		row.Token, err = t.open(gitHubTokens, sealName(ns, name), row.Sealed)
	}
	return row.GitHubToken, err
}

// gitHubTokens is what a sealed token is bound to, beside whose it is.
const gitHubTokens = "github-token"

func sealName(ns deploy.Namespace, name string) string {
	return ns.Account + "/" + ns.Region + "/" + name
}

// HasGitHubToken reports whether there is a token of that name. It needs no
// key.
func (t *Tx) HasGitHubToken(ns deploy.Namespace, name string) (bool, error) {
	n, err := t.number(`SELECT COUNT(*) FROM github_tokens WHERE account = $1 AND region = $2 AND name = $3`,
		ns.Account, ns.Region, name)
	return n > 0, err
}

// GitHubTokenNames returns up to limit names behind after, in order.
func (t *Tx) GitHubTokenNames(ns deploy.Namespace, after string, limit int) ([]string, error) {
	return t.texts(`SELECT name FROM github_tokens WHERE account = $1 AND region = $2 AND name > $3
		ORDER BY name LIMIT $4`, ns.Account, ns.Region, after, limit)
}

// CountGitHubTokens returns how many tokens there are.
func (t *Tx) CountGitHubTokens(ns deploy.Namespace) (int64, error) {
	return t.number(`SELECT COUNT(*) FROM github_tokens WHERE account = $1 AND region = $2`, ns.Account, ns.Region)
}

// DeleteGitHubToken removes a token.
func (t *Tx) DeleteGitHubToken(ns deploy.Namespace, name string) error {
	_, err := t.exec(`DELETE FROM github_tokens WHERE account = $1 AND region = $2 AND name = $3`,
		ns.Account, ns.Region, name)
	return err
}

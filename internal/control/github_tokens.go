package control

import (
	"context"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// PutGitHubAccountToken asks for a token to be kept under a name. With an
// application, that one fetches its revisions with it from then on.
type PutGitHubAccountToken struct {
	Name        string
	Token       string
	Application string
}

// PutGitHubAccountToken keeps a token, in the place of one of the same name.
func (c *Control) PutGitHubAccountToken(ctx context.Context, ns deploy.Namespace, in PutGitHubAccountToken) error {
	if err := checkTokenName(in.Name); err != nil {
		return err
	}
	if in.Application != "" {
		if err := checkApplicationName(in.Application); err != nil {
			return err
		}
	}
	if in.Token == "" || strings.ContainsAny(in.Token, " \t\r\n") {
		return deploy.Errorf("InvalidInputException", "The token is empty or has blanks: give exactly what GitHub shows")
	}
	return c.update(ctx, func(tx *store.Tx) error {
		if err := c.checkTokenRoom(tx, ns, in.Name); err != nil {
			return err
		}
		if in.Application != "" {
			app, err := findApplication(tx, ns, in.Application)
			if err != nil {
				return err
			}
			app.GitHubAccountName = in.Name
			if err := tx.SaveApplication(app); err != nil {
				return err
			}
		}
		return tx.PutGitHubToken(deploy.GitHubToken{Namespace: ns, Name: in.Name, Token: in.Token, CreatedAt: c.now()})
	})
}

// checkTokenRoom checks that there may be one more token, unless the one of
// the name is replaced.
func (c *Control) checkTokenRoom(tx *store.Tx, ns deploy.Namespace, name string) error {
	known, err := tx.HasGitHubToken(ns, name)
	if err != nil || known {
		return err
	}
	count, err := tx.CountGitHubTokens(ns)
	if err == nil && count >= int64(c.quotas.GitHubTokens) {
		return deploy.Errorf("InvalidInputException", "There are %d GitHub tokens already, which is the limit: delete one", count)
	}
	return err
}

// ListGitHubAccountTokenNames returns the names of up to limit tokens behind
// after, in order.
func (c *Control) ListGitHubAccountTokenNames(ctx context.Context, ns deploy.Namespace, after string, limit int) (Page, error) {
	return view(ctx, c, func(tx *store.Tx) (Page, error) {
		names, err := tx.GitHubTokenNames(ns, after, limit+1)
		return pageOf(names, limit), err
	})
}

// DeleteGitHubAccountToken deletes a token. Applications that used it do
// without from then on.
func (c *Control) DeleteGitHubAccountToken(ctx context.Context, ns deploy.Namespace, name string) error {
	if err := checkTokenName(name); err != nil {
		return err
	}
	return c.update(ctx, func(tx *store.Tx) error {
		known, err := tx.HasGitHubToken(ns, name)
		if err != nil {
			return err
		}
		if !known {
			return deploy.Errorf("GitHubAccountTokenDoesNotExistException", "No GitHub account token found for name: %s", name)
		}
		linked, err := tx.LinkedApplications(ns, name)
		if err != nil {
			return err
		}
		for _, app := range linked {
			app.GitHubAccountName = ""
			if err := tx.SaveApplication(app); err != nil {
				return err
			}
		}
		return tx.DeleteGitHubToken(ns, name)
	})
}

func checkTokenName(name string) error {
	if name == "" {
		return deploy.Errorf("GitHubAccountTokenNameRequiredException", "The name of the GitHub account token is missing")
	}
	if !deploy.ValidName(name) {
		return deploy.Errorf("InvalidGitHubAccountTokenNameException", "%q cannot name a GitHub account token: %s", name, nameRule)
	}
	return nil
}

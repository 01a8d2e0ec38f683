package storetest

import (
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func testGitHubTokens(t *testing.T, s *store.Store) {
	get := func(tx *store.Tx) (deploy.GitHubToken, error) { return tx.GitHubToken(ns, "acme") }
	has := func(tx *store.Tx) (bool, error) { return tx.HasGitHubToken(ns, "acme") }
	put := func(space deploy.Namespace, name, token string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			return tx.PutGitHubToken(deploy.GitHubToken{Namespace: space, Name: name, Token: token, CreatedAt: at(1)})
		}
	}
	missing(t, s, "before", get)
	equal(t, "has it before", read(t, s, has), false)
	do(t, s, put(ns, "acme", "old"), put(ns, "zoo", "z"), put(other, "acme", "theirs"), put(ns, "acme", "new"))
	equal(t, "token", read(t, s, get), deploy.GitHubToken{Namespace: ns, Name: "acme", Token: "new", CreatedAt: at(1)})
	equal(t, "has it", read(t, s, has), true)
	equal(t, "names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.GitHubTokenNames(ns, "", 1) }), []string{"acme"})
	equal(t, "next names", read(t, s, func(tx *store.Tx) ([]string, error) { return tx.GitHubTokenNames(ns, "acme", 9) }), []string{"zoo"})
	equal(t, "count", read(t, s, func(tx *store.Tx) (int64, error) { return tx.CountGitHubTokens(ns) }), 2)
	do(t, s, func(tx *store.Tx) error { return tx.DeleteGitHubToken(ns, "acme") })
	missing(t, s, "after it was deleted", get)
}

func testLinkedApplications(t *testing.T, s *store.Store) {
	linked := func(id, name, token string) deploy.Application {
		a := named(shop, ns, id, name)
		a.GitHubAccountName = token
		return a
	}
	do(t, s, insertApplication(shop), insertApplication(linked("app-2", "b", "ac_me")), insertApplication(linked("app-3", "a", "ac_me")),
		insertApplication(linked("app-4", "c", "acXme")))
	apps := read(t, s, func(tx *store.Tx) ([]deploy.Application, error) { return tx.LinkedApplications(ns, "ac_me") })
	equal(t, "linked", apps, []deploy.Application{linked("app-3", "a", "ac_me"), linked("app-2", "b", "ac_me")})
}

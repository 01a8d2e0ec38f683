package agent

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/bundle"
	"github.com/slipwayhq/slipway/internal/agent/kept"
)

// Deployments on one host that deploy the same revision share its bundle: it
// is downloaded once, and bundle.tar of the others is a hard link. There is no
// store beside the deployments' folders: what is kept there is what can be
// shared, and what is pruned there is gone. (See docs/decisions/0025.)

// provenance says of a bundle what it is, in a file beside it that is written
// when all of the bundle is there. What else lies in bundle.tar (of an older
// agent, or half of something) is not shared.
type provenance struct {
	Source string `json:"source"` // of sourceOf
	ETag   string `json:"etag,omitempty"`
	Sum    string `json:"sum,omitempty"` // see bundle.Fetched
	// Size and Modified are those of the file when it was stored: somebody who
	// wrote into it since has made another bundle of it.
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	// Boot is the run of the machine in which the bundle was stored. What was
	// not yet on disk when the machine went down may be lost without a trace in
	// its size.
	Boot string `json:"boot,omitempty"`
}

func provenanceFile(deployment string) string { return filepath.Join(deployment, "bundle.json") }

func readProvenance(deployment string) (p provenance, ok bool) {
	text, err := os.ReadFile(provenanceFile(deployment))
	return p, err == nil && json.Unmarshal(text, &p) == nil && p.Source != ""
}

// keep notes what the bundle of a deployment is. A bundle without that note is
// as good as any other, but not shared.
func (a *Agent) keep(ctx context.Context, deployment string, p provenance) {
	info, err := os.Stat(bundleFile(deployment))
	if err == nil {
		p.Size, p.Modified, p.Boot = info.Size(), info.ModTime(), bootID()
		var text []byte
		if text, err = json.Marshal(p); err == nil {
			err = replaceFile(provenanceFile(deployment), text, 0o600)
		}
	}
	if err != nil {
		a.config.Log.WarnContext(ctx, "the bundle cannot be shared with other deployments", "error", err)
	}
}

// sourceOf names where bundles come from, so that the same name means the same
// bundle or another state of it. It is a hash because a token may be among the
// words.
func sourceOf(words ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", words))
	return fmt.Sprintf("%x", sum)
}

// fromS3 gets the bundle of a revision in S3: from another deployment of this
// host if the bucket says that it has not changed since, and else from the
// bucket.
func (a *Agent) fromS3(ctx context.Context, e *event) error {
	s3 := e.spec.Revision.S3Revision
	object := bundle.Object{Bucket: s3.Bucket, Key: s3.Key, Version: s3.Version, ETag: s3.ETag}
	source := sourceOf("S3", a.config.S3Endpoint, s3.Bucket, s3.Key, s3.Version)
	return a.shared(ctx, e, source, strings.Trim(s3.ETag, `"`), func(have *provenance) (provenance, error) {
		etag := ""
		if have != nil {
			etag = have.ETag
		}
		got, err := a.bucket.FetchUnless(ctx, object, etag, bundleFile(e.dir))
		return provenance{ETag: got.ETag, Sum: got.Sum}, err
	})
}

// fullCommit is the name of a commit that cannot come to mean another one.
var fullCommit = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

// fromGitHub gets the bundle of a commit, which needs no question: a commit
// does not change. Who has another token, or none, has to show that it will
// do.
func (a *Agent) fromGitHub(ctx context.Context, e *event) error {
	g := e.spec.Revision.GitHubRevision
	commit := bundle.Commit{Account: g.Account, Repository: g.Repository, ID: g.CommitID, Token: e.spec.GitHubAccessToken}
	source := ""
	if fullCommit.MatchString(g.CommitID) {
		source = sourceOf("GitHub", a.config.GitHubEndpoint, g.Account, g.Repository, strings.ToLower(g.CommitID), gitHubType(g), commit.Token)
	}
	return a.shared(ctx, e, source, "", func(have *provenance) (provenance, error) {
		if have != nil {
			return provenance{}, bundle.ErrUnchanged
		}
		return provenance{}, a.github.Fetch(ctx, commit, gitHubType(g), bundleFile(e.dir))
	})
}

// shared gives the deployment a bundle by fetch, which is told what the host
// has from the source already (nil: nothing) and answers ErrUnchanged if that
// will do. Deployments that want the same at one time wait for the first of
// them.
func (a *Agent) shared(ctx context.Context, e *event, source, etag string, fetch func(*provenance) (provenance, error)) error {
	if a.config.NoReuse || source == "" {
		_, err := fetch(nil)
		return err
	}
	unlock, err := a.fetches.lock(ctx, source)
	if err != nil {
		return err
	}
	defer unlock()
	borrowed := bundleFile(e.dir) + ".shared"
	defer os.Remove(borrowed) //nolint:errcheck // it is gone when it was taken
	have, from := a.borrow(ctx, e.dir, source, etag, borrowed)
	got, err := fetch(have)
	switch {
	case err == nil:
		got.Source = source
		a.keep(ctx, e.dir, got)
		return nil
	case have == nil || !errors.Is(err, bundle.ErrUnchanged):
		return err
	}
	if err := os.Rename(borrowed, bundleFile(e.dir)); err != nil {
		return fmt.Errorf("cannot store the bundle: %w", err)
	}
	a.keep(ctx, e.dir, *have)
	e.note("The deployment %s has the bundle already; nothing was downloaded.", from)
	return nil
}

// borrow links a bundle of the source that the host has to the file to, so
// that nobody can prune it meanwhile. An etag that is not empty says which
// state is wanted; else it is the one that was stored last. Without one that
// is still what it was, it returns nil.
func (a *Agent) borrow(ctx context.Context, own, source, etag, to string) (have *provenance, from string) {
	_ = os.Remove(to) // of an event that was repeated
	_ = os.Remove(provenanceFile(own))
	var newest time.Time
	revisions, _ := kept.List(a.layout.root, taken...) // what cannot be listed is not shared
	for _, r := range revisions {
		p, ok := readProvenance(r.Dir)
		info, err := os.Stat(provenanceFile(r.Dir))
		if !ok || err != nil || p.Source != source || (etag != "" && p.ETag != etag) || info.ModTime().Before(newest) {
			continue
		}
		newest, have, from = info.ModTime(), &p, r.Dir
	}
	if have == nil || os.Link(bundleFile(from), to) != nil || !a.intact(ctx, to, *have) {
		return nil, ""
	}
	return have, filepath.Base(from)
}

// intact reports whether a file is still the bundle that was stored.
func (a *Agent) intact(ctx context.Context, file string, p provenance) bool {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() != p.Size || !info.ModTime().Equal(p.Modified) {
		return false
	}
	if boot := bootID(); boot != "" && boot == p.Boot {
		return true
	}
	return bundle.HasSum(ctx, file, p.Sum)
}

// bootID names this run of the machine; empty where nothing does.
var bootID = sync.OnceValue(func() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // Linux only
	return strings.TrimSpace(string(text))
})

package control

import (
	"cmp"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// ListApplicationRevisions asks for revisions that fit all that is given. Nil
// members were not given.
type ListApplicationRevisions struct {
	Application string
	SortBy      *string // registerTime, firstUsedTime or lastUsedTime
	SortOrder   *string // ascending or descending
	Bucket      *string // exactly
	KeyPrefix   *string
	Deployed    *string // include, exclude or ignore: target revisions of groups
	After       string  // the Next of the page before
	Limit       int
}

// RevisionPage is one page of revisions. Next is as in [Page].
type RevisionPage struct {
	Revisions []deploy.Revision
	Next      string
}

// The values of the parameters that order and select.
const (
	byRegistration = "registerTime"
	byFirstUse     = "firstUsedTime"
	byLastUse      = "lastUsedTime"
	ascending      = "ascending"
	descending     = "descending"
	deployedOnly   = "include"
	deployedNot    = "exclude"
	deployedAny    = "ignore"
)

// ListApplicationRevisions returns up to Limit revisions of an application
// behind After. One that was never used comes before those that were.
func (c *Control) ListApplicationRevisions(ctx context.Context, ns deploy.Namespace, in ListApplicationRevisions) (RevisionPage, error) {
	if err := cmp.Or(checkApplicationName(in.Application), checkRevisionList(in)); err != nil {
		return RevisionPage{}, err
	}
	filter, err := in.filter()
	if err != nil {
		return RevisionPage{}, err
	}
	return view(ctx, c, func(tx *store.Tx) (RevisionPage, error) {
		app, err := findApplication(tx, ns, in.Application)
		if err != nil {
			return RevisionPage{}, err
		}
		targets, err := tx.TargetRevisions(app.ID)
		if err != nil {
			return RevisionPage{}, err
		}
		switch valueOf(in.Deployed) {
		case deployedOnly:
			if len(targets) == 0 {
				return RevisionPage{}, nil
			}
			filter.Only = targets
		case deployedNot:
			filter.Except = targets
		}
		revisions, err := tx.Revisions(app.ID, filter, in.Limit+1)
		return pageOfRevisions(filter.Order, revisions, in.Limit), err
	})
}

// filter is what the store selects and sorts by, as far as it is in the
// request.
func (in ListApplicationRevisions) filter() (store.RevisionFilter, error) {
	filter := store.RevisionFilter{
		Order:      store.ByRegistration,
		Descending: valueOf(in.SortOrder) == descending,
		Bucket:     valueOf(in.Bucket),
		KeyPrefix:  valueOf(in.KeyPrefix),
	}
	switch valueOf(in.SortBy) {
	case byFirstUse:
		filter.Order = store.ByFirstUse
	case byLastUse:
		filter.Order = store.ByLastUse
	}
	if in.After == "" {
		return filter, nil
	}
	if err := json.Unmarshal([]byte(in.After), &filter.After); err != nil {
		return filter, deploy.Errorf("InvalidNextTokenException", "The next token is not one of this list")
	}
	return filter, nil
}

func pageOfRevisions(order store.RevisionOrder, revisions []deploy.RegisteredRevision, limit int) RevisionPage {
	var page RevisionPage
	for i, r := range revisions {
		if i == limit {
			next, _ := json.Marshal(order.PlaceOf(revisions[i-1])) // a number and a text always marshal
			page.Next = string(next)
			break
		}
		page.Revisions = append(page.Revisions, r.Revision)
	}
	return page
}

var bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

const maxKeyPrefix = 1024 // bytes, as of the keys of objects

// checkRevisionList checks the form of the parameters.
func checkRevisionList(in ListApplicationRevisions) error {
	return cmp.Or(
		checkChoice("InvalidSortByException", "sortBy", in.SortBy, byRegistration, byFirstUse, byLastUse),
		checkChoice("InvalidSortOrderException", "sortOrder", in.SortOrder, ascending, descending),
		checkBucketFilter(in),
		checkChoice("InvalidDeployedStateFilterException", "deployed", in.Deployed, deployedOnly, deployedNot, deployedAny),
		checkSorted(in),
	)
}

func checkSorted(in ListApplicationRevisions) error {
	if in.SortOrder != nil && in.SortBy == nil {
		return deploy.Errorf("InvalidSortByException", "sortOrder is given without sortBy: say by what to sort")
	}
	return nil
}

func checkBucketFilter(in ListApplicationRevisions) error {
	if in.Bucket != nil && !bucketPattern.MatchString(*in.Bucket) {
		return deploy.Errorf("InvalidBucketNameFilterException", "%q is not the name of a bucket", *in.Bucket)
	}
	if in.KeyPrefix == nil {
		return nil
	}
	if n := len(*in.KeyPrefix); n == 0 || n > maxKeyPrefix {
		return deploy.Errorf("InvalidKeyPrefixFilterException", "s3KeyPrefix has %d bytes: it has 1 to %d", n, maxKeyPrefix)
	}
	if in.Bucket == nil {
		return deploy.Errorf("BucketNameFilterRequiredException", "s3KeyPrefix is given without s3Bucket: say in which bucket")
	}
	return nil
}

// checkChoice checks a parameter that has one of a few values, if it is given.
func checkChoice(code, name string, value *string, choices ...string) error {
	if value != nil && !slices.Contains(choices, *value) {
		return deploy.Errorf(code, "%q is not a %s. Valid values: %s", *value, name, strings.Join(choices, ", "))
	}
	return nil
}

// Package provider holds what deployments need from outside, one folder per
// need with one driver per folder below it; here is what the drivers share.
package provider

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Parameters returns the query of a driver's URL, which may have each of the
// known parameters once, and no others.
func Parameters(u *url.URL, known ...string) (map[string]string, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("the parameters of the %s URL cannot be read: write & between them, and %%26 for one in a value", u.Scheme)
	}
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("the %s URL has an unknown parameter %q; there are: %s", u.Scheme, name, strings.Join(known, ", "))
		}
		if len(query[name]) > 1 {
			return nil, fmt.Errorf("the %s URL has the parameter %q twice", u.Scheme, name)
		}
		values[name] = query.Get(name)
	}
	return values, nil
}

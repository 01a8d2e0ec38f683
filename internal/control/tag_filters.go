package control

import "github.com/slipwayhq/slipway/internal/deploy"

// normalFilters returns the filters with their types filled in, or an error
// with the code of the kind of tag they are for. A filter without a type is of
// the type that its parts suggest.
func normalFilters(code string, filters []deploy.TagFilter) ([]deploy.TagFilter, error) {
	if filters == nil {
		return nil, nil
	}
	out := make([]deploy.TagFilter, len(filters))
	for i, f := range filters {
		if f.Type == "" {
			f.Type = suggestedType(f)
		}
		if err := checkFilter(code, f); err != nil {
			return nil, err
		}
		out[i] = f
	}
	return out, nil
}

func suggestedType(f deploy.TagFilter) deploy.FilterType {
	switch {
	case f.Value == "":
		return deploy.KeyOnly
	case f.Key == "":
		return deploy.ValueOnly
	}
	return deploy.KeyAndValue
}

func checkFilter(code string, f deploy.TagFilter) error {
	var wantKey, wantValue bool
	switch f.Type {
	case deploy.KeyOnly:
		wantKey = true
	case deploy.ValueOnly:
		wantValue = true
	case deploy.KeyAndValue:
		wantKey, wantValue = true, true
	default:
		return deploy.Errorf(code, "%q is not a type of tag filter: it is KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE", f.Type)
	}
	if err := checkFilterPart(code, f, "key", f.Key, wantKey); err != nil {
		return err
	}
	if err := checkFilterPart(code, f, "value", f.Value, wantValue); err != nil {
		return err
	}
	return checkTagLength(code, f.Key, f.Value)
}

func checkFilterPart(code string, f deploy.TagFilter, part, text string, want bool) error {
	switch {
	case want && text == "":
		return deploy.Errorf(code, "A tag filter of type %s has no %s", f.Type, part)
	case !want && text != "":
		return deploy.Errorf(code, "A tag filter of type %s has the %s %q: leave it out or change the type", f.Type, part, text)
	}
	return nil
}

// checkedFilters is normalFilters for a list that a group or a deployment
// stores, which has a limit.
func (c *Control) checkedFilters(code string, filters []deploy.TagFilter) ([]deploy.TagFilter, error) {
	if len(filters) > c.quotas.TagFilters {
		return nil, deploy.Errorf(code, "There are %d tag filters in one list, %d are allowed", len(filters), c.quotas.TagFilters)
	}
	return normalFilters(code, filters)
}

// checkedSet checks each list of a tag set and returns it without empty lists,
// which would match nothing and nobody means.
func (c *Control) checkedSet(code string, set [][]deploy.TagFilter) ([][]deploy.TagFilter, error) {
	var out [][]deploy.TagFilter
	for _, list := range set {
		if len(list) == 0 {
			continue
		}
		list, err := c.checkedFilters(code, list)
		if err != nil {
			return nil, err
		}
		out = append(out, list)
	}
	return out, nil
}

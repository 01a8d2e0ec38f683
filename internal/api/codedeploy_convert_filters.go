package api

import (
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// The API has two shapes for the same thing: filters of EC2 tags and filters
// of on-premises tags.

func domainEC2Filter(f wire.EC2TagFilter) deploy.TagFilter {
	return deploy.TagFilter{Type: deploy.FilterType(wire.Value(f.Type)), Key: wire.Value(f.Key), Value: wire.Value(f.Value)}
}

func domainFilter(f wire.TagFilter) deploy.TagFilter {
	return deploy.TagFilter{Type: deploy.FilterType(wire.Value(f.Type)), Key: wire.Value(f.Key), Value: wire.Value(f.Value)}
}

func ec2TagFilter(f deploy.TagFilter) wire.EC2TagFilter {
	return wire.EC2TagFilter{Key: ifSet(f.Key), Value: ifSet(f.Value), Type: new(wire.EC2TagFilterType(f.Type))}
}

func tagFilter(f deploy.TagFilter) wire.TagFilter {
	return wire.TagFilter{Key: ifSet(f.Key), Value: ifSet(f.Value), Type: new(wire.TagFilterType(f.Type))}
}

func domainEC2Set(set *wire.EC2TagSet) [][]deploy.TagFilter {
	if set == nil {
		return nil
	}
	return each(set.EC2TagSetList, func(list []wire.EC2TagFilter) []deploy.TagFilter { return each(list, domainEC2Filter) })
}

func domainOnPremisesSet(set *wire.OnPremisesTagSet) [][]deploy.TagFilter {
	if set == nil {
		return nil
	}
	return each(set.OnPremisesTagSetList, func(list []wire.TagFilter) []deploy.TagFilter { return each(list, domainFilter) })
}

func ec2TagSet(set [][]deploy.TagFilter) *wire.EC2TagSet {
	if len(set) == 0 {
		return nil
	}
	return &wire.EC2TagSet{EC2TagSetList: each(set, func(list []deploy.TagFilter) []wire.EC2TagFilter {
		return each(list, ec2TagFilter)
	})}
}

func onPremisesTagSet(set [][]deploy.TagFilter) *wire.OnPremisesTagSet {
	if len(set) == 0 {
		return nil
	}
	return &wire.OnPremisesTagSet{OnPremisesTagSetList: each(set, func(list []deploy.TagFilter) []wire.TagFilter {
		return each(list, tagFilter)
	})}
}

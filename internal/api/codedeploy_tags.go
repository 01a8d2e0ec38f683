package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) tags() Table {
	return Table{
		"TagResource": Answers(mayTag, h.tagResource),
		"UntagResource": Answers(onResource(func(in *wire.UntagResourceInput) *string {
			return in.ResourceARN
		}), h.untagResource),
		"ListTagsForResource": Answers(onResource(func(in *wire.ListTagsForResourceInput) *string {
			return in.ResourceARN
		}), h.listTagsForResource),
	}
}

func (h *codeDeploy) tagResource(ctx context.Context, call *Call, in *wire.TagResourceInput) (*wire.TagResourceOutput, error) {
	err := h.control.TagResource(ctx, call.Namespace, wire.Value(in.ResourceARN), each(in.Tags, domainTag))
	return &wire.TagResourceOutput{}, err
}

func (h *codeDeploy) untagResource(ctx context.Context, call *Call, in *wire.UntagResourceInput) (*wire.UntagResourceOutput, error) {
	err := h.control.UntagResource(ctx, call.Namespace, wire.Value(in.ResourceARN), in.TagKeys)
	return &wire.UntagResourceOutput{}, err
}

// listTagsForResource returns all tags on one page: a resource cannot have
// more than fit on it.
func (h *codeDeploy) listTagsForResource(ctx context.Context, call *Call, in *wire.ListTagsForResourceInput) (*wire.ListTagsForResourceOutput, error) {
	tags, err := h.control.ListTagsForResource(ctx, call.Namespace, wire.Value(in.ResourceARN))
	if err != nil {
		return nil, err
	}
	return &wire.ListTagsForResourceOutput{Tags: orEmpty(each(tags, wireTag))}, nil
}

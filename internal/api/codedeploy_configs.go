package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) configs() Table {
	return Table{
		"GetDeploymentConfig": Answers(On(func(call *Call, in *wire.GetDeploymentConfigInput) string {
			return call.Namespace.ConfigARN(wire.Value(in.DeploymentConfigName))
		}), h.getDeploymentConfig),
		"ListDeploymentConfigs": Answers(onEvery[wire.ListDeploymentConfigsInput]("deploymentconfig:*"), h.listDeploymentConfigs),
	}
}

func (h *codeDeploy) getDeploymentConfig(ctx context.Context, call *Call, in *wire.GetDeploymentConfigInput) (*wire.GetDeploymentConfigOutput, error) {
	config, err := h.control.GetDeploymentConfig(ctx, call.Namespace, wire.Value(in.DeploymentConfigName))
	if err != nil {
		return nil, err
	}
	return &wire.GetDeploymentConfigOutput{DeploymentConfigInfo: deploymentConfigInfo(config)}, nil
}

func (h *codeDeploy) listDeploymentConfigs(ctx context.Context, call *Call, in *wire.ListDeploymentConfigsInput) (*wire.ListDeploymentConfigsOutput, error) {
	after, err := h.pager.After(call, nil, in.NextToken)
	if err != nil {
		return nil, err
	}
	page, err := h.control.ListDeploymentConfigs(ctx, call.Namespace, after, PageSize)
	if err != nil {
		return nil, err
	}
	var out wire.ListDeploymentConfigsOutput
	out.DeploymentConfigsList, out.NextToken = h.page(call, nil, page)
	return &out, nil
}

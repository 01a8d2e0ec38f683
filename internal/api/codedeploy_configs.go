package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func (h *codeDeploy) configs() Table {
	return Table{
		"CreateDeploymentConfig": Answers(onConfig(func(in *wire.CreateDeploymentConfigInput) *string {
			return in.DeploymentConfigName
		}), h.createDeploymentConfig),
		"GetDeploymentConfig": Answers(onConfig(func(in *wire.GetDeploymentConfigInput) *string {
			return in.DeploymentConfigName
		}), h.getDeploymentConfig),
		"ListDeploymentConfigs": Answers(onEvery[wire.ListDeploymentConfigsInput]("deploymentconfig:*"), h.listDeploymentConfigs),
		"DeleteDeploymentConfig": Acts(onConfig(func(in *wire.DeleteDeploymentConfigInput) *string {
			return in.DeploymentConfigName
		}), h.deleteDeploymentConfig),
	}
}

func (h *codeDeploy) createDeploymentConfig(ctx context.Context, call *Call, in *wire.CreateDeploymentConfigInput) (*wire.CreateDeploymentConfigOutput, error) {
	id, err := h.control.CreateDeploymentConfig(ctx, call.Namespace, control.CreateDeploymentConfig{
		Name:           wire.Value(in.DeploymentConfigName),
		Platform:       (*deploy.ComputePlatform)(in.ComputePlatform),
		MinimumHealthy: domainMinimum(in.MinimumHealthyHosts),
		Traffic:        domainTraffic(in.TrafficRoutingConfig),
		Zonal:          domainZonal(in.ZonalConfig),
	})
	return &wire.CreateDeploymentConfigOutput{DeploymentConfigID: &id}, err
}

func (h *codeDeploy) deleteDeploymentConfig(ctx context.Context, call *Call, in *wire.DeleteDeploymentConfigInput) error {
	return h.control.DeleteDeploymentConfig(ctx, call.Namespace, wire.Value(in.DeploymentConfigName))
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

package api

import (
	"context"

	"github.com/slipwayhq/slipway/internal/provider/function"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
)

// lambdaAlias is an alias as the API shows it and takes it. A nil member of an
// update stays as it is.
type lambdaAlias struct {
	AliasArn        string `json:",omitempty"`
	Name            string `json:",omitempty"`
	FunctionVersion *string
	Description     *string
	RoutingConfig   *lambdaRouting `json:",omitempty"`
	RevisionID      string         `json:"RevisionId,omitempty"`
}

type lambdaRouting struct {
	AdditionalVersionWeights map[string]float64
}

func (c *lambdaCall) alias(a local.Alias) lambdaAlias {
	out := lambdaAlias{
		AliasArn: c.functionARN(c.name) + ":" + a.Name, Name: a.Name, FunctionVersion: &a.Version, Description: &a.Description,
		RevisionID: a.RevisionID,
	}
	if len(a.Weights) > 0 {
		out.RoutingConfig = &lambdaRouting{a.Weights}
	}
	return out
}

func (in lambdaAlias) apply(a *local.Alias) {
	if in.FunctionVersion != nil {
		a.Version = *in.FunctionVersion
	}
	if in.Description != nil {
		a.Description = *in.Description
	}
	if in.RoutingConfig != nil {
		a.Weights = in.RoutingConfig.AdditionalVersionWeights
	}
}

func (d lambdaDialect) createAlias(_ context.Context, c *lambdaCall) (any, error) {
	var in lambdaAlias
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.FunctionVersion == nil || *in.FunctionVersion == "" {
		return nil, invalidParameter("FunctionVersion is missing: it is the version that the alias routes to")
	}
	a := local.Alias{Name: in.Name, Alias: function.Alias{}}
	in.apply(&a)
	a, err := d.api.Functions.CreateAlias(c.Namespace, c.name, a)
	if err != nil {
		return nil, err
	}
	return c.alias(a), nil
}

func (d lambdaDialect) getAlias(_ context.Context, c *lambdaCall) (any, error) {
	a, err := d.api.Functions.GetAlias(c.Namespace, c.name, d.values["alias"])
	if err != nil {
		return nil, err
	}
	return c.alias(a), nil
}

func (d lambdaDialect) updateAlias(_ context.Context, c *lambdaCall) (any, error) {
	var in lambdaAlias
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	a, err := d.api.Functions.EditAlias(c.Namespace, c.name, d.values["alias"], in.RevisionID, in.apply)
	if err != nil {
		return nil, err
	}
	return c.alias(a), nil
}

func (d lambdaDialect) listAliases(_ context.Context, c *lambdaCall) (any, error) {
	aliases, err := d.api.Functions.Aliases(c.Namespace, c.name, c.query.Get("FunctionVersion"))
	if err != nil {
		return nil, err
	}
	var list []lambdaAlias
	for _, a := range aliases {
		list = append(list, c.alias(a))
	}
	page, next, err := lambdaPage(list, c)
	return struct {
		Aliases    []lambdaAlias
		NextMarker string `json:",omitempty"`
	}{page, next}, err
}

func (d lambdaDialect) deleteAlias(_ context.Context, c *lambdaCall) (any, error) {
	return nil, d.api.Functions.DeleteAlias(c.Namespace, c.name, d.values["alias"])
}

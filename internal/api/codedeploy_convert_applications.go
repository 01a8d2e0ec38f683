package api

import (
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func applicationInfo(app deploy.Application) *wire.ApplicationInfo {
	return &wire.ApplicationInfo{
		ApplicationID:     &app.ID,
		ApplicationName:   &app.Name,
		CreateTime:        wire.At(app.CreatedAt),
		LinkedToGitHub:    new(app.GitHubAccountName != ""),
		GitHubAccountName: ifSet(app.GitHubAccountName),
		ComputePlatform:   new(wire.ComputePlatform(app.Platform)),
	}
}

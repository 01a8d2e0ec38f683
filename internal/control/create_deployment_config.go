package control

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// CreateDeploymentConfig asks for a new configuration. Nil members were not
// given.
type CreateDeploymentConfig struct {
	Name           string
	Platform       *deploy.ComputePlatform // nil: Server
	MinimumHealthy *MinimumHealthy
	Traffic        *TrafficRouting
	Zonal          *ZonalConfig
}

// MinimumHealthy is a minimum as it is asked for. A Value that was not given
// is 0: the AWS SDK for Go leaves zeros out.
type MinimumHealthy struct {
	Type  string
	Value int
}

// TrafficRouting is a traffic configuration as it is asked for: Type names the
// one step that is given.
type TrafficRouting struct {
	Type           string
	Canary, Linear *TrafficStep
}

// TrafficStep is a share of the traffic in percent, and minutes to wait.
type TrafficStep struct {
	Percentage, Interval int
}

// ZonalConfig is a zonal configuration as it is asked for. Durations are in
// seconds.
type ZonalConfig struct {
	Monitor          *int64
	FirstZoneMonitor *int64
	MinimumHealthy   *MinimumHealthy
}

// CreateDeploymentConfig makes a configuration and returns its id.
func (c *Control) CreateDeploymentConfig(ctx context.Context, ns deploy.Namespace, in CreateDeploymentConfig) (string, error) {
	config := deploy.Config{
		Namespace: ns,
		ID:        deploy.NewUUID(),
		Name:      in.Name,
		Platform:  deploy.Server,
		CreatedAt: c.now(),
	}
	if in.Platform != nil {
		config.Platform = *in.Platform
	}
	if err := cmp.Or(requireConfigName(in.Name), checkUnreserved(in.Name), checkPlatform(config.Platform)); err != nil {
		return "", err
	}
	var err error
	if config.MinimumHealthy, err = minimumHealthy(config.Platform, in.MinimumHealthy); err != nil {
		return "", err
	}
	if config.Traffic, err = c.trafficRouting(config.Platform, in.Traffic); err != nil {
		return "", err
	}
	if config.Zonal, err = zonal(config.Platform, in.Zonal); err != nil {
		return "", err
	}
	return config.ID, c.update(ctx, func(tx *store.Tx) error { return c.insertConfig(tx, config) })
}

func checkUnreserved(name string) error {
	if strings.HasPrefix(name, deploy.PredefinedPrefix) {
		return deploy.Errorf("InvalidDeploymentConfigNameException",
			"%q cannot name a deployment configuration: names that begin with %s are the service's own", name, deploy.PredefinedPrefix)
	}
	return nil
}

func (c *Control) insertConfig(tx *store.Tx, config deploy.Config) error {
	count, err := tx.CountConfigs(config.Namespace)
	if err != nil {
		return err
	}
	if count >= int64(c.quotas.Configs) {
		return deploy.Errorf("DeploymentConfigLimitExceededException",
			"There are %d deployment configurations already, which is the limit: delete one or raise it", count)
	}
	switch _, err := tx.Config(config.Namespace, config.Name); {
	case err == nil:
		return deploy.Errorf("DeploymentConfigAlreadyExistsException",
			"A deployment configuration named %s exists already", config.Name)
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	return tx.InsertConfig(config)
}

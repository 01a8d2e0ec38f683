package control

import (
	"slices"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

func checkECSServices(services []deploy.ECSService) error {
	for _, s := range services {
		if s.Service == "" || s.Cluster == "" {
			return deploy.Errorf("InvalidECSServiceException",
				"An ECS service needs a serviceName and a clusterName, but they are %q and %q", s.Service, s.Cluster)
		}
	}
	return nil
}

// checkECSServicesFit checks that a group on ECS has its one service and any
// other group none.
func checkECSServicesFit(platform deploy.ComputePlatform, services []deploy.ECSService) error {
	const code = "InvalidECSServiceException"
	switch {
	case platform == deploy.ECS && len(services) != 1:
		return deploy.Errorf(code, "A deployment group on ECS has exactly one ECS service, this one %d", len(services))
	case platform != deploy.ECS && len(services) > 0:
		return deploy.Errorf(code, "The compute platform %s has no ECS services: leave ecsServices out", platform)
	}
	return nil
}

// checkECSMapping checks that no other group deploys to the same service.
func checkECSMapping(tx *store.Tx, group deploy.Group) error {
	if len(group.ECSServices) == 0 {
		return nil
	}
	others, err := tx.ECSGroups(group.Namespace)
	if err != nil {
		return err
	}
	for _, s := range group.ECSServices {
		for _, other := range others {
			if other.ID != group.ID && slices.Contains(other.ECSServices, s) {
				return deploy.Errorf("ECSServiceMappingLimitExceededException",
					"The ECS service %s on the cluster %s belongs to the deployment group %s already: a service can be in one group",
					s.Service, s.Cluster, other.Name)
			}
		}
	}
	return nil
}

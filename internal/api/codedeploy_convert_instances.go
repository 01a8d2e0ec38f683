package api

import (
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

func instanceInfo(i deploy.Instance) *wire.InstanceInfo {
	return &wire.InstanceInfo{
		InstanceName:   &i.Name,
		IAMSessionARN:  ifSet(i.IAMSessionARN),
		IAMUserARN:     ifSet(i.IAMUserARN),
		InstanceARN:    &i.ARN,
		RegisterTime:   wire.At(i.RegisteredAt),
		DeregisterTime: timeIfSet(i.DeregisteredAt),
		Tags:           orEmpty(each(i.Tags, wireTag)),
	}
}

package daemon

import (
	"slices"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/outbox"
	"github.com/slipwayhq/slipway/internal/store"
)

// routes are where messages go.
func (c Config) routes() notification.Routes {
	return notification.Routes{Triggers: routesOf(c.Notifications), Events: routesOf(c.Events)}
}

func routesOf(destinations []outbox.Destination) []notification.Route {
	var out []notification.Route
	for _, d := range destinations {
		out = append(out, d.Route)
	}
	return out
}

// outbox returns what sends the messages of the store.
func (c Config) outbox(s *store.Store) (*outbox.Outbox, error) {
	c.Outbox.Log = c.Log
	return outbox.New(s, slices.Concat(c.Notifications, c.Events), c.Outbox)
}

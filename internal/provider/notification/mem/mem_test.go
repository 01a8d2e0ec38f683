package mem_test

import (
	"errors"
	"testing"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/notification/mem"
	"github.com/slipwayhq/slipway/internal/provider/notification/sendertest"
)

func TestSender(t *testing.T) {
	t.Parallel()
	sendertest.Run(t, func(*testing.T) sendertest.World {
		var s mem.Sender
		return sendertest.World{Sender: &s, Received: s.Received, Break: func(broken bool) {
			s.Fail(func(notification.Message) error {
				if broken {
					return errors.New("broken")
				}
				return nil
			})
		}}
	})
}

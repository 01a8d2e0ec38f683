// Package mem is a destination that keeps messages in memory, for tests.
package mem

import (
	"context"
	"slices"
	"sync"

	"github.com/slipwayhq/slipway/internal/notification"
)

// Sender keeps what it is sent. The zero value is ready for use.
type Sender struct {
	mu       sync.Mutex
	received []notification.Message
	fails    func(notification.Message) error
}

// Fail makes every send ask f first: its error is what the send fails with.
// Nil ends that.
func (s *Sender) Fail(f func(notification.Message) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = f
}

// Received returns the messages that arrived, in order.
func (s *Sender) Received() []notification.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Send keeps a message.
func (s *Sender) Send(ctx context.Context, m notification.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		if err := s.fails(m); err != nil {
			return err
		}
	}
	s.received = append(s.received, m)
	return nil
}

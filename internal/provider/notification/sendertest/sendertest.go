// Package sendertest is the conformance suite of notification senders: what
// the outbox relies on.
package sendertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/notification"
)

// World is a sender and what it sends to.
type World struct {
	Sender notification.Sender
	// Received returns what arrived, in order: of each message at least what
	// it is about (trigger's name or event) and its body. Members that the
	// destination is not told are as [Trigger] and [Event] have them.
	Received func() []notification.Message
	// Break makes the destination refuse messages, or take them again. Nil: it
	// cannot refuse.
	Break func(broken bool)
	// Hang makes the destination not answer at all, until the test ends. Nil:
	// it always does.
	Hang func()
	// Secrets must not be in any error.
	Secrets []string
	// NoEvents says that the sender is for triggers' messages only.
	NoEvents bool
}

// Trigger and Event are the messages that the suite sends.
func Trigger(n int) notification.Message {
	return notification.Message{
		ID: fmt.Sprintf("00000000-0000-8000-8000-%012d", n), Account: "111122223333", Region: "eu-west-2", Destination: "test",
		Lane: "d-ABCDEF123 test", Deployment: "d-ABCDEF123", At: time.Date(2026, 11, 22, 12, 0, n, 5e6, time.UTC),
		Trigger: "t1", TargetARN: "arn:aws:sns:eu-west-2:111122223333:releases",
		Subject: "FAILED: AWS CodeDeploy d-ABCDEF123 in eu-west-2 to shop",
		Body:    fmt.Sprintf(`{"eventTriggerName":"t1","n":%d,"errorInformation":"{\"ErrorMessage\":\"<ä> & \\\"b\\\"\"}"}`, n),
	}
}

// Event is an event like those of EventBridge.
func Event(n int) notification.Message {
	m := Trigger(n)
	m.Trigger, m.TargetARN, m.Subject = "", "", ""
	m.Body = fmt.Sprintf(`{"version":"0","id":"%d","source":"aws.codedeploy","detail":{"state":"START"}}`, n)
	return m
}

// Run runs the suite. Every call of open returns a world of its own.
func Run(t *testing.T, open func(t *testing.T) World) {
	for name, test := range map[string]func(*testing.T, World){
		"Arrives":    arrives,
		"Again":      again,
		"Concurrent": concurrent,
		"Refused":    refused,
		"Hangs":      hangs,
		"Ended":      ended,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// arrives: what is sent arrives as it is, in order.
func arrives(t *testing.T, w World) {
	messages := []notification.Message{Trigger(1), Trigger(2)}
	if !w.NoEvents {
		messages = append(messages, Event(3))
	}
	for _, m := range messages {
		if err := w.Sender.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(messages, w.Received()); diff != "" {
		t.Errorf("received (-want +got)\n%s", diff)
	}
}

// again: a message that is sent again is seen to be the same.
func again(t *testing.T, w World) {
	for range 2 {
		if err := w.Sender.Send(t.Context(), Trigger(1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range w.Received() {
		if m.ID != Trigger(1).ID {
			t.Errorf("received %s, want %s", m.ID, Trigger(1).ID)
		}
	}
}

// concurrent: messages of different lanes are sent at the same time.
func concurrent(t *testing.T, w World) {
	const n = 20
	var sending sync.WaitGroup
	for i := range n {
		sending.Go(func() {
			if err := w.Sender.Send(t.Context(), Trigger(i)); err != nil {
				t.Error(err)
			}
		})
	}
	sending.Wait()
	bodies := map[string]bool{}
	for _, m := range w.Received() {
		bodies[m.Body] = true
	}
	if len(bodies) != n {
		t.Errorf("%d messages arrived whole, want %d", len(bodies), n)
	}
}

// refused: a refusal is an error that is worth another try, tells no secret,
// and is over when the destination takes messages again.
func refused(t *testing.T, w World) {
	if w.Break == nil {
		t.Skip("it cannot refuse")
	}
	w.Break(true)
	err := w.Sender.Send(t.Context(), Trigger(1))
	if err == nil || errors.Is(err, notification.ErrPermanent) {
		t.Errorf("the error is %v, want one that is worth another try", err)
	}
	w.keepsSecrets(t, err)
	if got := w.Received(); len(got) != 0 {
		t.Errorf("refused, and yet received: %v", got)
	}
	w.Break(false)
	if err := w.Sender.Send(t.Context(), Trigger(1)); err != nil {
		t.Error(err)
	}
}

// hangs: a try ends when its time is over.
func hangs(t *testing.T, w World) {
	if w.Hang == nil {
		t.Skip("it always answers")
	}
	w.Hang()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := w.Sender.Send(ctx, Trigger(1))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v, want %v", err, context.DeadlineExceeded)
	}
	w.keepsSecrets(t, err)
}

// ended: nothing is sent when there is no time left.
func ended(t *testing.T, w World) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := w.Sender.Send(ctx, Trigger(1))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want %v", err, context.Canceled)
	}
	w.keepsSecrets(t, err)
	if got := w.Received(); len(got) != 0 {
		t.Errorf("received %v", got)
	}
}

func (w World) keepsSecrets(t *testing.T, err error) {
	t.Helper()
	for _, secret := range w.Secrets {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error %q tells the secret %q", err, secret)
		}
	}
}

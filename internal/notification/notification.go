// Package notification decides what is told of a change, and in which words:
// the messages that a group's triggers ask for, and the events of a change, in
// CodeDeploy's own formats. It is pure. Who sends them is below
// provider/notification.
package notification

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// Message is one thing to be told to one destination.
type Message struct {
	// ID is the same whenever the message is sent again, so that who receives
	// it twice can tell.
	ID          string    `json:"id"`
	Account     string    `json:"account"`
	Region      string    `json:"region"`
	Destination string    `json:"destination"` // the [Route] it takes
	Lane        string    `json:"lane"`        // the messages of a lane are sent one after the other
	Deployment  string    `json:"deploymentId,omitempty"`
	At          time.Time `json:"at"`

	// Of a trigger's message only.
	Trigger   string `json:"trigger,omitempty"`
	TargetARN string `json:"targetArn,omitempty"` // the topic
	Subject   string `json:"subject,omitempty"`   // at most 100 ASCII characters

	Body string `json:"body"` // JSON
}

// Event reports whether the message is an event, and not a trigger's message.
func (m Message) Event() bool { return m.Trigger == "" }

// Sender delivers messages to one destination. An error says that it may not
// have arrived and is worth another try, unless it is [ErrPermanent]. Its text
// is shown to people: it holds no secrets. Send may be called from any
// goroutine, and returns when ctx ends.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrPermanent says that a message will not be taken, however often it is
// sent.
var ErrPermanent = errors.New("the destination will not take it")

// RetryAfterError asks for a pause before the next try.
type RetryAfterError struct {
	Err   error
	After time.Duration
}

func (e *RetryAfterError) Error() string { return e.Err.Error() }

func (e *RetryAfterError) Unwrap() error { return e.Err }

// Route is a destination. Its messages are kept in order for each deployment,
// or, where each topic may fail on its own, for each deployment and topic.
type Route struct {
	Name     string
	PerTopic bool
}

// Routes are where messages go. With none, there are no messages.
type Routes struct {
	Triggers []Route // of the triggers' messages
	Events   []Route // of the events
}

// Empty reports whether nobody is told anything.
func (r Routes) Empty() bool { return len(r.Triggers) == 0 && len(r.Events) == 0 }

// draft is what is told, before it is known to whom.
type draft struct {
	lane       string // what its order is kept for
	key        string // what makes it different from any other
	deployment deploy.Deployment
	at         time.Time
}

// trigger makes the messages for those of the triggers that want the event.
func (r Routes) trigger(d draft, triggers []deploy.Trigger, event, status string, body func(trigger string) any) []Message {
	var out []Message
	for _, t := range triggers {
		if !slices.Contains(t.Events, event) {
			continue
		}
		for _, route := range r.Triggers {
			m := d.message(route, event+" "+t.Name+" "+t.TargetARN)
			m.Trigger, m.TargetARN = t.Name, t.TargetARN
			if route.PerTopic {
				m.Lane += " " + t.TargetARN
			}
			m.Subject = subject(status, d.deployment)
			m.Body = encode(body(t.Name))
			out = append(out, m)
		}
	}
	return out
}

func (d draft) message(route Route, key string) Message {
	return Message{
		ID:      uuid(d.key, key, route.Name),
		Account: d.deployment.Account, Region: d.deployment.Region,
		Destination: route.Name, Lane: d.lane + " " + route.Name,
		Deployment: d.deployment.ID, At: d.at,
	}
}

// maxSubject is what a topic takes.
const maxSubject = 100

// subject is a message's subject, in the words of CodeDeploy.
func subject(status string, d deploy.Deployment) string {
	s := status + ": AWS CodeDeploy " + d.ID + " in " + d.Region + " to " + d.ApplicationName
	if len(s) > maxSubject {
		return s[:maxSubject-3] + "..."
	}
	return s
}

// encode returns v as JSON, for people to read: without < and > written as
// numbers. What is in messages always marshals.
func encode(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) //nolint:forbidigo // a broken invariant
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// uuid returns a UUID (version 8) that is the same for the same parts.
func uuid(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	b := sum[:16]
	b[6] = b[6]&0x0f | 0x80
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

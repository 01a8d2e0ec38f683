package api

import (
	"context"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/wire"
)

// ListNotificationsInput asks for messages that were not delivered, and come
// behind another; without one, for the oldest.
type ListNotificationsInput struct {
	Dead         *bool   `json:"dead,omitzero"`         // only those that were given up
	AfterCreated *int64  `json:"afterCreated,omitzero"` // in milliseconds since 1970
	AfterID      *string `json:"afterId,omitzero"`
}

// ListNotificationsOutput holds messages, oldest first.
type ListNotificationsOutput struct {
	Notifications []Notification `json:"notifications"`
}

// Notification is a message on its way to a destination.
type Notification struct {
	ID          string    `json:"id"`
	Created     int64     `json:"created"` // in milliseconds since 1970
	Destination string    `json:"destination"`
	Deployment  string    `json:"deploymentId,omitempty"`
	Trigger     string    `json:"trigger,omitempty"` // empty: it is an event
	TargetARN   string    `json:"targetArn,omitempty"`
	Subject     string    `json:"subject,omitempty"`
	Body        string    `json:"body"`
	Attempts    int       `json:"attempts"`
	Dead        bool      `json:"dead"`
	Due         time.Time `json:"due"` // when it is sent next, or when it died
	LastError   string    `json:"lastError,omitempty"`
}

// listNotifications answers the root only: bodies tell of everything.
func listNotifications(c *control.Control) Operation {
	return Answers(nil, func(ctx context.Context, call *Call, in *ListNotificationsInput) (*ListNotificationsOutput, error) {
		if call.Principal.Kind != iam.RootKind {
			return nil, denied(call.Principal, "slipway:ListNotifications", "*", iam.ImplicitlyDenied)
		}
		rows, err := c.ListNotifications(ctx, call.Namespace.Account, wire.Value(in.Dead), wire.Value(in.AfterCreated), wire.Value(in.AfterID))
		out := &ListNotificationsOutput{Notifications: []Notification{}}
		for _, row := range rows {
			out.Notifications = append(out.Notifications, Notification{
				ID: row.ID, Created: row.At.UnixMilli(), Destination: row.Destination, Deployment: row.Deployment,
				Trigger: row.Trigger, TargetARN: row.TargetARN, Subject: row.Subject, Body: row.Body,
				Attempts: row.Attempts, Dead: row.Dead, Due: row.Due, LastError: row.LastError,
			})
		}
		return out, err
	})
}

// RetryNotificationsInput names a message to send again, or all that failed.
type RetryNotificationsInput struct {
	ID  *string `json:"id,omitzero"`
	All *bool   `json:"all,omitzero"`
}

// RetryNotificationsOutput says how many messages are sent again.
type RetryNotificationsOutput struct {
	Count int64 `json:"count"`
}

func retryNotifications(c *control.Control) Operation {
	return Answers(nil, func(ctx context.Context, call *Call, in *RetryNotificationsInput) (*RetryNotificationsOutput, error) {
		id, all := wire.Value(in.ID), wire.Value(in.All)
		switch {
		case call.Principal.Kind != iam.RootKind:
			return nil, denied(call.Principal, "slipway:RetryNotifications", "*", iam.ImplicitlyDenied)
		case (id != "") == all:
			return nil, deploy.Errorf("InvalidInputException", "Name either the id of one notification, or all")
		case all:
			n, err := c.RetryNotifications(ctx, call.Namespace.Account)
			return &RetryNotificationsOutput{n}, err
		}
		return &RetryNotificationsOutput{1}, c.RetryNotification(ctx, call.Namespace.Account, id)
	})
}

// Package sns publishes messages to the topics of their triggers, on Amazon
// SNS or a server that speaks its API.
package sns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
)

// Sender publishes.
type Sender struct{ account *amazon.Account }

// New returns a sender. Where the account has no region of its own, each
// topic's is asked.
func New(account *amazon.Account) *Sender { return &Sender{account} }

func (s *Sender) client(topic string) *sns.Client {
	return sns.NewFromConfig(s.account.Config(regionOf(topic), ""), func(o *sns.Options) {
		o.RetryMaxAttempts = 1 // the outbox tries again
	})
}

// idAttribute has the id that is the same when a message is sent again: the
// one that SNS gives it is not.
const idAttribute = "slipway-id"

// Send publishes the message to the topic. FIFO topics keep each deployment's
// messages in order, and drop one that is sent twice.
func (s *Sender) Send(ctx context.Context, m notification.Message) error {
	in := &sns.PublishInput{
		TopicArn: &m.TargetARN, Subject: &m.Subject, Message: &m.Body,
		MessageAttributes: map[string]types.MessageAttributeValue{
			idAttribute: {DataType: aws.String("String"), StringValue: &m.ID},
		},
	}
	if strings.HasSuffix(m.TargetARN, ".fifo") {
		group, _, _ := strings.Cut(m.Lane, " ")
		in.MessageGroupId, in.MessageDeduplicationId = &group, &m.ID
	}
	_, err := s.client(m.TargetARN).Publish(ctx, in)
	var parameter *types.InvalidParameterException
	var value *types.InvalidParameterValueException
	switch {
	case err == nil:
		return nil
	case errors.As(err, &parameter), errors.As(err, &value):
		return fmt.Errorf("%w: %w", err, notification.ErrPermanent)
	}
	// A topic that is not there, or may not be used, can be put right.
	return fmt.Errorf("cannot publish to %s: %w", m.TargetARN, err)
}

// regionOf returns the region of an ARN.
func regionOf(arn string) string {
	if parts := strings.Split(arn, ":"); len(parts) > 3 {
		return parts[3]
	}
	return ""
}

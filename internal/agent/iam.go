package agent

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// iamRegion signs requests to IAM, which has no regions.
const iamRegion = "us-east-1"

// queryClient calls IAM, which speaks the query protocol: a form there, XML
// back.
type queryClient struct {
	endpoint    string
	credentials CredentialSource
	http        *http.Client
	timeout     time.Duration
}

// call sends an action with its parameters and decodes the reply into out. A
// refusal is a *Fault.
func (c *queryClient) call(ctx context.Context, action string, parameters map[string]string, out any) error {
	form := url.Values{"Action": {action}, "Version": {"2010-05-08"}}
	for name, value := range parameters {
		form.Set(name, value)
	}
	body := []byte(form.Encode())
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.endpoint, "/")+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	text, status, err := send(req, c.http, c.credentials, body, iamRegion, "iam")
	if err != nil {
		return fmt.Errorf("cannot call %s: %w", action, err)
	}
	if status != http.StatusOK {
		return iamFault(action, status, text)
	}
	if err := xml.Unmarshal(text, out); err != nil {
		return fmt.Errorf("cannot read the reply to %s: %w", action, err)
	}
	return nil
}

func iamFault(action string, status int, text []byte) *Fault {
	var reply struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	if xml.Unmarshal(text, &reply) != nil || reply.Code == "" {
		return newFault(action, status, text)
	}
	return &Fault{Operation: action, Status: status, Code: reply.Code, Message: cmp.Or(reply.Message, "no reason given")}
}

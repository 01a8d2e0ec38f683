package sns_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/slipwayhq/slipway/internal/notification"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/notification/sendertest"
	"github.com/slipwayhq/slipway/internal/provider/notification/sns"
)

// fake is what of SNS a publisher sees.
type fake struct {
	*httptest.Server
	mu        sync.Mutex
	published []url.Values
	scopes    []string // of the signatures
	fault     string   // the code that publishing fails with
	hang      chan struct{}
}

func newFake(t *testing.T) *fake {
	f := &fake{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := r.ParseForm()
	f.mu.Lock()
	hang, fault := f.hang, f.fault
	if err != nil || r.Form.Get("Action") != "Publish" {
		fault = "InvalidAction"
	}
	if fault == "" {
		f.published = append(f.published, r.Form)
		f.scopes = append(f.scopes, r.Header.Get("Authorization"))
	}
	f.mu.Unlock()
	if hang != nil {
		<-hang
		return
	}
	w.Header().Set("Content-Type", "text/xml")
	if fault != "" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>told</Message></Error><RequestId>r</RequestId></ErrorResponse>`, fault)
		return
	}
	fmt.Fprint(w, `<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`)
}

func (f *fake) fails(code string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = code
}

func (f *fake) forms() []url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.published
}

func config(endpoint, region string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "s3cret", ""),
	}
}

func sender(endpoint, region string) *sns.Sender {
	return sns.New(amazon.New(config(endpoint, region), region, false))
}

func TestSender(t *testing.T) {
	t.Parallel()
	sendertest.Run(t, func(t *testing.T) sendertest.World {
		f := newFake(t)
		return sendertest.World{
			Sender: sender(f.URL, ""), Secrets: []string{"s3cret"}, NoEvents: true,
			Break: func(broken bool) {
				f.fails("")
				if broken {
					f.fails("NotFound") // the topic may be made later
				}
			},
			Hang: func() {
				f.hang = make(chan struct{})
				t.Cleanup(func() { close(f.hang) })
			},
			Received: func() (out []notification.Message) {
				for i, form := range f.forms() {
					m := sendertest.Trigger(i + 1) // a topic is not told the time
					m.TargetARN, m.Subject, m.Body = form.Get("TopicArn"), form.Get("Subject"), form.Get("Message")
					m.ID = form.Get("MessageAttributes.entry.1.Value.StringValue")
					out = append(out, m)
				}
				return out
			},
		}
	})
}

// TestRegion: a topic is asked where it is, unless a region is given.
func TestRegion(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{"": "/eu-west-2/sns/", "us-east-1": "/us-east-1/sns/"} {
		f := newFake(t)
		if err := sender(f.URL, given).Send(t.Context(), sendertest.Trigger(1)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(f.scopes[0], want) {
			t.Errorf("with the region %q the request is signed for %q", given, f.scopes[0])
		}
	}
}

// TestFIFO: topics that keep an order are told which, and what makes a
// message the same.
func TestFIFO(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	m := sendertest.Trigger(1)
	if err := sender(f.URL, "").Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	m.TargetARN += ".fifo"
	if err := sender(f.URL, "").Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][2]string{{"", ""}, {"d-ABCDEF123", m.ID}} {
		form := f.forms()[i]
		if got := [2]string{form.Get("MessageGroupId"), form.Get("MessageDeduplicationId")}; got != want {
			t.Errorf("%s is told the group and id %q, want %q", form.Get("TopicArn"), got, want)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for code, permanent := range map[string]bool{
		"NotFound": false, "AuthorizationError": false, "Throttled": false, "InternalError": false,
		"InvalidParameter": true, "ParameterValueInvalid": true,
	} {
		f := newFake(t)
		f.fails(code)
		err := sender(f.URL, "").Send(t.Context(), sendertest.Trigger(1))
		if err == nil || errors.Is(err, notification.ErrPermanent) != permanent || !strings.Contains(err.Error(), "told") {
			t.Errorf("%s: error %v, want it permanent: %v", code, err, permanent)
		}
	}
}

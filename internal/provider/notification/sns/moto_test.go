package sns_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/slipwayhq/slipway/internal/provider/notification/sendertest"
)

// startMoto starts the emulator of AWS named moto, where it is installed.
func startMoto(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command("python3", "-c", "import moto.server, flask").CombinedOutput(); err != nil {
		t.Skipf("this needs python3 with moto[server]: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command("python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", fmt.Sprint(port))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	endpoint := fmt.Sprintf("http://127.0.0.1:%d", port)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/moto-api/data.json", nil)
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
			return endpoint
		}
		if ctx.Err() != nil {
			t.Fatal("moto does not come up")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestMoto publishes to an emulator that others have written.
func TestMoto(t *testing.T) {
	t.Parallel()
	endpoint := startMoto(t)
	c := config(endpoint, "eu-west-2")
	client := awssns.NewFromConfig(c)
	for _, topic := range []awssns.CreateTopicInput{
		{Name: aws.String("releases")},
		{Name: aws.String("releases.fifo"), Attributes: map[string]string{"FifoTopic": "true"}},
	} {
		made, err := client.CreateTopic(t.Context(), &topic)
		if err != nil {
			t.Fatal(err)
		}
		m := sendertest.Trigger(1)
		m.TargetARN = *made.TopicArn
		if err := sender(endpoint, "").Send(t.Context(), m); err != nil {
			t.Error(err)
		}
		if sent := motoSent(t, endpoint, m.TargetARN); !strings.Contains(sent, m.Subject) || !strings.Contains(sent, `"n":1`) {
			t.Errorf("%s was sent %s", m.TargetARN, sent)
		}
	}
	err := sender(endpoint, "").Send(t.Context(), sendertest.Trigger(1)) // a topic of another account
	if err == nil || !strings.Contains(err.Error(), "NotFound") {
		t.Errorf("publishing to a topic that is not there: %v", err)
	}
}

// motoSent returns what the emulator says was published to a topic.
func motoSent(t *testing.T, endpoint, topic string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/moto-api/data.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var data struct {
		SNS struct {
			Topic []struct {
				ARN  string `json:"arn"`
				Sent any    `json:"sent_notifications"`
			}
		} `json:"sns"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&data); err != nil {
		t.Fatal(err)
	}
	for _, known := range data.SNS.Topic {
		if known.ARN == topic {
			return fmt.Sprint(known.Sent)
		}
	}
	return ""
}

package engine_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/amazon"
	"github.com/slipwayhq/slipway/internal/provider/amazon/mototest"
	"github.com/slipwayhq/slipway/internal/provider/container"
	"github.com/slipwayhq/slipway/internal/provider/container/awsecs"
	"github.com/slipwayhq/slipway/internal/store"
)

// wiretap stands before moto and notes what is changed, and when on the clock
// of the engine.
type wiretap struct {
	mu      sync.Mutex
	now     func() time.Duration
	names   map[string]string // of ARNs, as notes have them
	notes   []string
	lose    string // the next call of this name is answered with an error, after it was done
	refused int
}

func (p *wiretap) start(t *testing.T, moto string) (string, *http.Client) {
	to, err := url.Parse(moto)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }, ModifyResponse: p.answered}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		r.Header.Set("X-Test-Call", p.note(r, string(body)))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, server.Client()
}

// note writes down a call that changes something, and returns its name.
func (p *wiretap) note(r *http.Request, body string) string {
	form, err := url.ParseQuery(body)
	call := form.Get("Action")
	if _, target, json := strings.Cut(r.Header.Get("X-Amz-Target"), "."); json {
		call = target
	}
	if err != nil && call == "" {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := p.now().Round(time.Second).String()
	switch call {
	case "ModifyListener", "ModifyRule":
		prefix, object := "DefaultActions", form.Get("ListenerArn")
		if call == "ModifyRule" {
			prefix, object = "Actions", form.Get("RuleArn")
		}
		var weights []string
		for i := 1; ; i++ {
			tuple := fmt.Sprintf("%s.member.1.ForwardConfig.TargetGroups.member.%d.", prefix, i)
			arn := form.Get(tuple + "TargetGroupArn")
			if arn == "" {
				break
			}
			weights = append(weights, p.names[arn]+"="+form.Get(tuple+"Weight"))
		}
		p.notes = append(p.notes, fmt.Sprint(at, " ", p.names[object], " ", strings.Join(weights, " ")))
	case "CreateTaskSet", "UpdateServicePrimaryTaskSet", "DeleteTaskSet":
		p.notes = append(p.notes, at+" "+call)
	}
	return call
}

// answered loses the reply that is to be lost.
func (p *wiretap) answered(res *http.Response) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if call := res.Request.Header.Get("X-Test-Call"); call != "" && call == p.lose {
		p.lose = ""
		p.refused++
		res.StatusCode, res.Status = http.StatusInternalServerError, "500 lost"
		res.Body.Close()
		res.Body, res.ContentLength = http.NoBody, 0
		res.Header.Set("Content-Length", "0")
	}
	return nil
}

// TestECSAgainstMoto deploys to services of moto, through the driver of AWS:
// what is changed, in which order, and when.
func TestECSAgainstMoto(t *testing.T) {
	t.Parallel()
	moto := mototest.Start(t)
	both := func(at string, a, b int) []string {
		return []string{fmt.Sprintf("%s prod a=%d b=%d", at, a, b), fmt.Sprintf("%s rule a=%d b=%d", at, a, b)}
	}
	begin := append(both("0s", 100, 0), "0s CreateTaskSet", "0s test b=1")
	begin = begin[:len(begin):len(begin)]
	join := func(parts ...[]string) (all []string) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	linear := begin
	for i := range 10 {
		linear = append(linear, both((time.Duration(i)*time.Minute).String(), 90-10*i, 10*i+10)...)
	}
	for name, c := range map[string]struct {
		config string
		lose   string
		stop   time.Duration
		want   []string
		took   time.Duration
	}{
		"all-at-once": {
			"AllAtOnce", "", 0,
			join(begin, both("0s", 0, 100), []string{"0s UpdateServicePrimaryTaskSet", "5m0s DeleteTaskSet"}), 5 * time.Minute,
		},
		"canary": {
			"Canary10Percent5Minutes", "", 0,
			join(begin, both("0s", 90, 10), both("5m0s", 0, 100), []string{"5m0s UpdateServicePrimaryTaskSet", "10m0s DeleteTaskSet"}),
			10 * time.Minute,
		},
		"linear": {
			"Linear10PercentEvery1Minutes", "", 0,
			join(linear, []string{"9m0s UpdateServicePrimaryTaskSet", "14m0s DeleteTaskSet"}), 14 * time.Minute,
		},
		"lost-task-set": {
			"AllAtOnce", "CreateTaskSet", 0,
			join(both("0s", 100, 0), []string{"0s CreateTaskSet", "1s test b=1"}, both("1s", 0, 100),
				[]string{"1s UpdateServicePrimaryTaskSet", "5m1s DeleteTaskSet"}), 5*time.Minute + time.Second,
		},
		"stopped": {
			"Canary10Percent5Minutes", "", 2 * time.Minute,
			join(begin, both("0s", 90, 10), both("2m0s", 100, 0), []string{"2m0s test a=1", "2m0s DeleteTaskSet"}), 2 * time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mototest.ECS(t, moto, name)
			tap := &wiretap{lose: c.lose, names: map[string]string{
				s.GroupARNs[0]: "a", s.GroupARNs[1]: "b", s.Prod: "prod", s.Test: "test", s.Rule: "rule",
			}}
			through, client := tap.start(t, moto)
			config := mototest.Config(through)
			config.HTTPClient = client
			o := awsecs.New(amazon.New(config, "us-east-1", false))
			spec := strings.Replace(ecsSpec, "arn:aws:ecs:eu-west-1:123456789012:task-definition/shop:2", s.Definition, 1)
			w := newECSWorld(t, o, deploy.ECSService{Cluster: s.Cluster, Service: s.Name}, deploy.TargetGroupPair{
				TargetGroups: s.TargetGroups[:], ProdListeners: []string{s.Prod}, TestListeners: []string{s.Test},
			}, spec)
			tap.now = func() time.Duration { return w.now.Sub(w.start) }
			id := w.create(c.config, nil)
			if c.stop > 0 {
				w.run(id, func(deploy.Deployment) bool { return w.target(id).ECS.Shifts == 1 })
				w.now = w.start.Add(c.stop)
				w.update(func(tx *store.Tx) error { return tx.RequestStop(id, deploy.StopRequest{At: w.now}) })
			}
			d := w.run(id, nil)
			want := deploy.Succeeded
			if c.stop > 0 {
				want = deploy.Stopped
				if r := w.run(d.Rollback.RollbackID, nil); r.Status != deploy.Succeeded {
					t.Errorf("the rollback %s %+v", r.Status, r.Error)
				}
			}
			if d.Status != want || d.CompletedAt.Sub(w.start) != c.took {
				t.Errorf("%s %+v after %s, want %s after %s", d.Status, d.Error, d.CompletedAt.Sub(w.start), want, c.took)
			}
			if diff := cmp.Diff(c.want, tap.notes); diff != "" {
				t.Errorf("what was changed (-want +got):\n%s", diff)
			}
			if c.lose != "" && tap.refused != 1 {
				t.Errorf("%d replies were lost", tap.refused)
			}
			service, err := o.Service(t.Context(), container.Scope{Namespace: ns}, s.Cluster, s.Name)
			if err != nil || len(service.TaskSets) != 1 || service.TaskSets[0].Status != container.Primary {
				t.Errorf("the service is %+v, %v", service, err)
			}
			if c.stop == 0 {
				t.Run("back", func(t *testing.T) { again(t, w, s, tap) })
			}
		})
	}
}

// again deploys once more: the target groups have changed their roles.
func again(t *testing.T, w *ecsWorld, s mototest.Service, tap *wiretap) {
	tap.notes, w.start = nil, w.now
	w.spec = strings.Replace(w.spec, s.Definition, strings.TrimSuffix(s.Definition, "2")+"1", 1)
	d := w.run(w.create("AllAtOnce", nil), nil)
	if d.Status != deploy.Succeeded {
		t.Fatalf("%s %+v", d.Status, d.Error)
	}
	want := []string{
		"0s CreateTaskSet", "0s test a=1", "0s prod b=0 a=100", "0s rule b=0 a=100", "0s UpdateServicePrimaryTaskSet", "5m0s DeleteTaskSet",
	}
	if diff := cmp.Diff(want, tap.notes); diff != "" {
		t.Errorf("what was changed (-want +got):\n%s", diff)
	}
}

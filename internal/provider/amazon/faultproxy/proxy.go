// Package faultproxy is what tests put before moto: a proxy that notes what
// drivers ask of Lambda, ECS and Elastic Load Balancing, and lets calls fail as
// AWS and networks do. It also is what moto is not: it answers for hooks, and
// refuses writes to aliases that come with an old RevisionId.
package faultproxy

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Proxy stands before a moto.
type Proxy struct {
	URL string

	t         testing.TB
	moto      string
	client    *http.Client
	running   context.Context // of the functions, which outlive the calls that invoke them
	functions sync.WaitGroup

	aliases   sync.Mutex     // held while one is read or written
	revisions map[string]int // of aliases

	mu    sync.Mutex
	story Story
	names map[string]string
	calls []*Call
	made  int // task sets
}

// Story is what a proxy does for a while.
type Story struct {
	// Names are how things are called in what is noted, by their ARN, or as in
	// function:alias. Task sets that are made get the names made-1, made-2, ...
	Names map[string]string
	// Hooks are the functions that there are, and what each answers: Succeeded
	// or Failed. CallBack brings the answers of those that are invoked as an
	// event; its context ends with the test.
	Hooks    map[string]string
	CallBack func(ctx context.Context, in Invocation, status string)
	Plan     Plan // nil: no faults
}

// Start starts a proxy that ends with the test.
func Start(t testing.TB, moto string) *Proxy {
	t.Helper()
	running, stop := context.WithCancel(context.Background())
	p := &Proxy{
		t: t, moto: moto, client: &http.Client{Transport: &http.Transport{DisableCompression: true}},
		running: running, revisions: map[string]int{},
	}
	server := httptest.NewServer(p)
	p.URL = server.URL
	t.Cleanup(func() {
		stop()
		server.CloseClientConnections()
		server.Close()
		p.functions.Wait()
		p.client.CloseIdleConnections()
	})
	return p
}

// Begin begins a story. What has been noted is forgotten.
func (p *Proxy) Begin(s Story) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.story, p.names, p.calls, p.made = s, maps.Clone(s.Names), nil, 0
	if p.names == nil {
		p.names = map[string]string{}
	}
}

// Calls returns all calls of the story, in the order in which they came.
func (p *Proxy) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make([]Call, 0, len(p.calls))
	for _, c := range p.calls {
		calls = append(calls, *c)
	}
	return calls
}

// Effects returns what was changed, in order, each as the text of its call. A
// call that asks for what is there already, or invokes a function again for the
// same answer, changes nothing: it is one of the repeated. A task set is always
// one more.
func (p *Proxy) Effects() (effects, repeated []string) {
	last := map[string]Call{} // of each operation and object
	for _, c := range p.Calls() {
		if !c.Writes || c.Status == 0 || c.Status >= http.StatusMultipleChoices {
			continue
		}
		key := c.Operation + " " + c.Object
		before, again := last[key]
		if again && before.Change == c.Change && before.same == c.same && c.Operation != "CreateTaskSet" {
			repeated = append(repeated, c.String())
			continue
		}
		last[key] = c
		effects = append(effects, c.String())
	}
	return effects, repeated
}

// ServeHTTP answers a call, or does not.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller is gone
	}
	c, fate, err := p.note(r, body)
	if err != nil { // what is noted of it is not enough
		p.t.Errorf("%s %s: %v: %s", r.Method, r.URL, err, body)
	}
	if fate.Before != nil {
		fate.Before()
	}
	answer, err := p.answer(r, c, body)
	if err != nil && p.running.Err() == nil {
		p.t.Errorf("%s: moto does not answer: %v", c, err)
	}
	if fate.After != nil {
		fate.After()
	}
	if err != nil || c.Fault == LostRequest || c.Fault == LostReply {
		hangUp(w)
		return
	}
	maps.Copy(w.Header(), answer.header)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body) // the caller may be gone
}

// note writes down a call, and decides on its fate.
func (p *Proxy) note(r *http.Request, body []byte) (*Call, Fate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := parse(r, body, p.name)
	var fate Fate
	if p.story.Plan != nil {
		fate = p.story.Plan(c)
		c.Fault = fate.Fault
	}
	p.calls = append(p.calls, &c)
	return &c, fate, err
}

// name returns what a thing is called.
func (p *Proxy) name(arn string) string {
	if name, known := p.names[arn]; known {
		return name
	}
	return arn
}

// answer is what comes of a call.
func (p *Proxy) answer(r *http.Request, c *Call, body []byte) (reply, error) {
	switch c.Fault {
	case Throttled:
		return throttled(c.Service), nil
	case Unavailable:
		return unavailable(c.Service), nil
	case LostRequest:
		return reply{}, nil
	case Late:
		time.Sleep(delay)
	case None, LostReply, Stale:
	}
	return p.carryOut(r, c, body)
}

// carryOut lets moto answer, or the proxy itself.
func (p *Proxy) carryOut(r *http.Request, c *Call, body []byte) (answer reply, err error) {
	switch c.Operation {
	case "Invoke":
		answer = p.invoke(r, c.Object, body)
	case "GetAlias", "UpdateAlias":
		answer, err = p.alias(r, c, body)
	default:
		answer, err = p.forward(r, body)
	}
	if err != nil {
		return answer, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c.Status = answer.status
	if c.Operation == "CreateTaskSet" && answer.status < http.StatusMultipleChoices {
		err = p.nameTaskSet(answer.body)
	}
	return answer, err
}

// nameTaskSet gives a task set that was made its name.
func (p *Proxy) nameTaskSet(answer []byte) error {
	var out struct{ TaskSet struct{ TaskSetArn string } }
	p.made++
	err := json.Unmarshal(answer, &out)
	p.names[out.TaskSet.TaskSetArn] = "made-" + strconv.Itoa(p.made)
	return err
}

// forward passes a request on to moto. The answer is waited for even if the
// caller is gone: what was done must be known.
func (p *Proxy) forward(r *http.Request, body []byte) (reply, error) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.Context()), r.Method, p.moto+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header = r.Header.Clone()
	res, err := p.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	out := reply{status: res.StatusCode, header: res.Header}
	for _, name := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
		out.header.Del(name)
	}
	out.body, err = io.ReadAll(res.Body)
	return out, err
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = connection.Close() // the caller may have closed it
	}
}

package prometheus_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
	"github.com/slipwayhq/slipway/internal/provider/alarm/alarmtest"
	"github.com/slipwayhq/slipway/internal/provider/alarm/prometheus"
)

// refuse fails as a reverse proxy before the server does, or as the server.
func refuse(w http.ResponseWriter, how error) {
	switch {
	case errors.Is(how, alarm.ErrDenied):
		http.Error(w, "no", http.StatusForbidden)
	case errors.Is(how, alarm.ErrThrottled):
		http.Error(w, "slow down", http.StatusTooManyRequests)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, `{"status":"error","errorType":"internal","error":"storage is not ready"}`)
	}
}

// answerRules is /api/v1/rules, with what a server has besides.
func answerRules(w http.ResponseWriter, r *http.Request, states map[string]deploy.AlarmState) {
	if r.URL.Path != "/api/v1/rules" || r.URL.Query().Get("type") != "alert" {
		http.NotFound(w, r)
		return
	}
	type rule map[string]any
	rules := []rule{{"type": "recording", "name": "off", "health": "ok"}}
	for name, state := range states {
		one := rule{"type": "alerting", "name": name, "state": "inactive", "health": "ok"}
		switch state {
		case deploy.AlarmOn:
			one["state"] = "firing"
		case deploy.AlarmInsufficient:
			one["health"] = "unknown"
		case deploy.AlarmOK:
		}
		rules = append(rules, one)
	}
	write(w, map[string]any{"status": "success", "data": map[string]any{"groups": []any{map[string]any{"name": "g", "rules": rules}}}})
}

func write(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	w.Write(b)
}

func parse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func open(t testing.TB, text string) *prometheus.Source {
	t.Helper()
	s, err := prometheus.Open(t.Context(), parse(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// at writes a driver's URL for a server.
func at(scheme, server string) string { return scheme + strings.TrimPrefix(server, "http") }

func TestConformance(t *testing.T) {
	t.Parallel()
	alarmtest.Run(t, func(t *testing.T) alarmtest.World {
		f := alarmtest.NewFake(t, refuse, answerRules)
		return f.World(open(t, at("prometheus", f.URL)))
	})
}

// serve starts a server that answers every question with one text.
func serve(t testing.TB, status int, body string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func rulesOf(rules ...string) string {
	return `{"status":"success","data":{"groups":[{"rules":[` + strings.Join(rules, ",") + `]}]}}`
}

func TestRules(t *testing.T) {
	t.Parallel()
	rule := func(state, health string) string {
		return `{"type":"alerting","name":"a","state":"` + state + `","health":"` + health + `"}`
	}
	for what, tc := range map[string]struct {
		body string
		want deploy.AlarmState
	}{
		"a rule that fires":                       {rulesOf(rule("firing", "ok")), deploy.AlarmOn},
		"one that fires and now fails":            {rulesOf(rule("firing", "err")), deploy.AlarmOn},
		"one whose time has not come":             {rulesOf(rule("pending", "ok")), deploy.AlarmOK},
		"one that does not fire":                  {rulesOf(rule("inactive", "ok")), deploy.AlarmOK},
		"one that cannot be evaluated":            {rulesOf(rule("inactive", "err")), deploy.AlarmInsufficient},
		"one that was not evaluated yet":          {rulesOf(rule("unknown", "unknown")), deploy.AlarmInsufficient},
		"several, one of which fires":             {rulesOf(rule("inactive", "ok"), rule("firing", "ok"), rule("inactive", "err")), deploy.AlarmOn},
		"several, one of which has no data":       {rulesOf(rule("inactive", "err"), rule("inactive", "ok")), deploy.AlarmInsufficient},
		"a recording rule of that name":           {rulesOf(`{"type":"recording","name":"a"}`), ""},
		"a server with neither health nor others": {rulesOf(`{"type":"alerting","name":"a","state":"inactive"}`), deploy.AlarmOK},
	} {
		got, err := open(t, at("prometheus", serve(t, 200, tc.body))).States(t.Context(), alarmtest.Namespace, []string{"a"})
		if err != nil || got["a"] != tc.want {
			t.Errorf("%s: %v, %v, want %q", what, got, err, tc.want)
		}
	}
}

func queries(t testing.TB, text string) string {
	path := t.TempDir() + "/queries.yaml"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestQueries(t *testing.T) {
	t.Parallel()
	result := func(kind, result string) string {
		return `{"status":"success","data":{"resultType":"` + kind + `","result":` + result + `}}`
	}
	file := queries(t, "slow: rate(slow[1m]) / rate(all[1m]) > 0.05\n")
	for what, tc := range map[string]struct {
		status int
		body   string
		want   deploy.AlarmState
		err    string
	}{
		"no series":                          {200, result("vector", `[]`), deploy.AlarmOK, ""},
		"a series":                           {200, result("vector", `[{"metric":{},"value":[1,"7"]}]`), deploy.AlarmOn, ""},
		"one that is zero, as of up == 0":    {200, result("vector", `[{"metric":{},"value":[1,"0"]}]`), deploy.AlarmOn, ""},
		"a scalar":                           {200, result("scalar", `[1,"1"]`), deploy.AlarmOn, ""},
		"a scalar that is zero":              {200, result("scalar", `[1,"0"]`), deploy.AlarmOK, ""},
		"a scalar that is no number":         {200, result("scalar", `[1,"NaN"]`), deploy.AlarmInsufficient, ""},
		"a scalar without a value":           {200, result("scalar", `[]`), "", "not what the API says"},
		"a range":                            {200, result("matrix", `[]`), "", `"matrix", it must be a vector or a scalar`},
		"a query that is wrong":              {400, `{"status":"error","errorType":"bad_data","error":"parse error"}`, "", `alarm "slow": http://`},
		"something else":                     {200, `<html>`, "", "not what the API says"},
		"an answer without data":             {200, `{"status":"success"}`, "", "not what the API says"},
		"an answer that would fill the disk": {200, strings.Repeat(" ", 32<<20) + "{}", "", "larger than"},
	} {
		s := open(t, at("prometheus", serve(t, tc.status, tc.body))+"?queries="+file)
		got, err := s.States(t.Context(), alarmtest.Namespace, []string{"slow"})
		if got["slow"] != tc.want || (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s: %v, %v, want %q, %q", what, got, err, tc.want, tc.err)
		}
	}
}

// TestQueryAndRules: what one question could tell is told even if another
// failed.
func TestQueryAndRules(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/prefix/api/v1/query" && r.URL.Query().Get("query") == "up == 0" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		io.WriteString(w, rulesOf(`{"type":"alerting","name":"rule","state":"firing","health":"ok"}`))
	}))
	defer s.Close()
	got, err := open(t, at("prometheus", s.URL)+"/prefix/?queries="+queries(t, "down: up == 0")).
		States(t.Context(), alarmtest.Namespace, []string{"down", "rule"})
	if !errors.Is(err, alarm.ErrDenied) || !maps.Equal(got, map[string]deploy.AlarmState{"rule": deploy.AlarmOn}) {
		t.Error(got, err)
	}
}

// TestCredentials: they reach the server, and nothing else.
func TestCredentials(t *testing.T) {
	t.Parallel()
	var seen []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer s.Close()
	token := queries(t, "t0ken-s3cret\n")
	host := strings.TrimPrefix(s.URL, "http://")
	var errs []error
	for _, u := range []string{"prometheus://ann:s3cret@" + host, "prometheus://" + host + "?token-file=" + token} {
		_, err := open(t, u).States(t.Context(), alarmtest.Namespace, []string{"a"})
		errs = append(errs, err)
	}
	s.Close()
	_, err := open(t, "prometheus://ann:s3cret@"+host).States(t.Context(), alarmtest.Namespace, []string{"a"})
	if !slices.Equal(seen, []string{"Basic YW5uOnMzY3JldA==", "Bearer t0ken-s3cret"}) {
		t.Errorf("the server saw %q", seen)
	}
	for _, err := range append(errs, err) {
		if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "ann:") {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"prometheus:":                                      "names no server",
		"prometheus://h:9090?queris=f":                     `unknown parameter "queris"`,
		"prometheus://h:9090?queries=/nonexistent":         "cannot read the queries",
		"prometheus://u:p@h:9090?token-file=/t":            "leave one out",
		"prometheus://h?queries=" + queries(t, "- a"):      `must have lines "name: PromQL"`,
		"prometheus://h?queries=" + queries(t, "a:\nb: c"): `has no query for the alarm "a"`,
		"alertmanager://h:9093":                            "needs one of rules=",
		"alertmanager://h:9093?rules=http://h&alerts=a":    "needs one of rules=",
		"alertmanager://h:9093?rules=prometheus://h":       "must be an http or https URL",
		"alertmanager://?alerts=a":                         "names no server",
	} {
		u := parse(t, text)
		_, err := prometheus.Open(t.Context(), u)
		if u.Scheme == "alertmanager" {
			_, err = prometheus.OpenAlertmanager(t.Context(), u)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// answerAlerts is both an Alertmanager and the Prometheus whose alerts it
// hears.
func answerAlerts(w http.ResponseWriter, r *http.Request, states map[string]deploy.AlarmState) {
	if r.URL.Path != "/api/v2/alerts" {
		answerRules(w, r, states)
		return
	}
	alerts := []any{}
	for name, state := range states {
		if state == deploy.AlarmOn {
			alerts = append(alerts, alert(name, "active"))
		}
	}
	write(w, alerts)
}

func alert(name, state string) any {
	return map[string]any{"labels": map[string]string{"alertname": name, "job": "web"}, "status": map[string]any{"state": state, "silencedBy": []string{}}}
}

func TestAlertmanagerConformance(t *testing.T) {
	t.Parallel()
	alarmtest.Run(t, func(t *testing.T) alarmtest.World {
		f := alarmtest.NewFake(t, refuse, answerAlerts)
		s, err := prometheus.OpenAlertmanager(t.Context(), parse(t, at("alertmanager", f.URL)+"?rules="+f.URL))
		if err != nil {
			t.Fatal(err)
		}
		world := f.World(s)
		world.NoInsufficient = true
		return world
	})
}

// TestSilenced: what is suppressed does not fire, even if a server does not
// leave it out; and names that are given need no Prometheus.
func TestSilenced(t *testing.T) {
	t.Parallel()
	var asked url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		write(w, []any{alert("quiet", "suppressed"), alert("new", "unprocessed"), alert("loud", "active"), alert("other", "active")})
	}))
	defer s.Close()
	a, err := prometheus.OpenAlertmanager(t.Context(), parse(t, at("alertmanager", s.URL)+"?alerts=quiet,new,loud"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.States(t.Context(), alarmtest.Namespace, []string{"quiet", "new", "loud", "other"})
	want := map[string]deploy.AlarmState{"quiet": deploy.AlarmOK, "new": deploy.AlarmOK, "loud": deploy.AlarmOn}
	if err != nil || !maps.Equal(got, want) || asked.Get("silenced") != "false" || asked.Get("inhibited") != "false" {
		t.Error(got, err, asked)
	}
}

// FuzzAnswers: whatever a server answers is a state, or an error.
func FuzzAnswers(f *testing.F) {
	f.Add(rulesOf(`{"type":"alerting","name":"a","state":"firing","health":"ok"}`))
	f.Add(`{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`)
	f.Add(`[{"labels":{"alertname":"a"},"status":{"state":"active"}}]`)
	f.Add(`null`)
	var body string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
	f.Cleanup(s.Close)
	source := open(f, at("prometheus", s.URL)+"?queries="+queries(f, "q: up"))
	manager, err := prometheus.OpenAlertmanager(f.Context(), parse(f, at("alertmanager", s.URL)+"?alerts=a"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		body = answer
		for _, s := range []alarm.Source{source, manager} {
			states, _ := s.States(t.Context(), alarmtest.Namespace, []string{"a", "q"})
			for name, state := range states {
				if !state.Valid() {
					t.Errorf("%s is %q", name, state)
				}
			}
		}
	})
}

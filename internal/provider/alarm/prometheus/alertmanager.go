package prometheus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider"
)

// Alertmanager knows alerts by their names. What is silenced or inhibited does
// not fire.
type Alertmanager struct {
	server *server
	rules  *server  // who knows which alerts there are; nil: names
	names  []string // of all alerts
}

// OpenAlertmanager reads a URL alertmanager://[USER:PASSWORD@]HOST:PORT[/PREFIX],
// or one with alertmanager+https. Parameters: token-file as in [Open]; and
// because an Alertmanager hears of an alert only when it fires, one that says
// which alerts there are: rules, the http or https URL of a Prometheus server,
// or alerts, names with commas between them.
func OpenAlertmanager(_ context.Context, u *url.URL) (*Alertmanager, error) {
	parameters, err := provider.Parameters(u, "token-file", "rules", "alerts")
	if err != nil {
		return nil, err
	}
	a := &Alertmanager{}
	if a.server, err = newServer(u, parameters["token-file"]); err != nil {
		return nil, err
	}
	rules, alerts := parameters["rules"], parameters["alerts"]
	switch {
	case (rules == "") == (alerts == ""):
		return nil, errors.New("an alertmanager URL needs one of rules=http://PROMETHEUS:9090 and alerts=NAME,NAME: " +
			"an Alertmanager cannot tell an alert that does not fire from one that does not exist")
	case alerts != "":
		a.names = strings.Split(alerts, ",")
	default:
		at, err := url.Parse(rules)
		if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.RawQuery != "" {
			return nil, errors.New("the parameter rules of an alertmanager URL must be an http or https URL without parameters")
		}
		if a.rules, err = newServer(at, ""); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// States is as in alarm.Source.
func (a *Alertmanager) States(ctx context.Context, _ deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	names, err := a.known(ctx, names)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	var alerts []struct {
		Labels map[string]string `json:"labels"`
		Status struct {
			State string `json:"state"`
		} `json:"status"`
	}
	status, err := a.server.get(ctx, "/api/v2/alerts", url.Values{
		"active": {"true"}, "silenced": {"false"}, "inhibited": {"false"}, "unprocessed": {"false"},
	}, &alerts)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("%s: %w (%d)", a.server.name, errAnswer, status)
	}
	states := map[string]deploy.AlarmState{}
	for _, name := range names {
		states[name] = deploy.AlarmOK
	}
	for _, alert := range alerts {
		if name := alert.Labels["alertname"]; alert.Status.State == "active" && slices.Contains(names, name) {
			states[name] = deploy.AlarmOn
		}
	}
	return states, nil
}

// known returns those of the names that are names of alerts.
func (a *Alertmanager) known(ctx context.Context, names []string) ([]string, error) {
	if a.rules == nil {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !slices.Contains(a.names, name) }), nil
	}
	rules, err := a.rules.ruleStates(ctx, names)
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return rules[name] == "" }), err
}

// Package prometheus is a source of alarms that reads the alerting rules of a
// Prometheus server (or one that speaks its API), results of queries, and the
// alerts of an Alertmanager.
package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider"
)

// Source knows the alerting rules of a server by their names, and the queries
// that it was given.
type Source struct {
	server  *server
	queries map[string]string // PromQL by the alarm's name
}

// Open reads a URL prometheus://[USER:PASSWORD@]HOST:PORT[/PREFIX]; with the
// scheme prometheus+https the server is asked by TLS. Parameters: token-file,
// a file with a bearer token, which is read at every request; queries, a YAML
// file with a PromQL expression for each name of an alarm.
func Open(_ context.Context, u *url.URL) (*Source, error) {
	parameters, err := provider.Parameters(u, "token-file", "queries")
	if err != nil {
		return nil, err
	}
	s, err := newServer(u, parameters["token-file"])
	if err != nil {
		return nil, err
	}
	queries, err := readQueries(parameters["queries"])
	return &Source{s, queries}, err
}

func readQueries(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the queries of alarms: %w", err)
	}
	var queries map[string]string
	if err := yaml.Unmarshal(text, &queries); err != nil {
		return nil, fmt.Errorf("the file %s must have lines \"name: PromQL\": %w", path, err)
	}
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		if queries[name] == "" {
			return nil, fmt.Errorf("the file %s has no query for the alarm %q", path, name)
		}
	}
	return queries, nil
}

// States is as in alarm.Source. A name is first looked for among the queries.
func (s *Source) States(ctx context.Context, _ deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	states := map[string]deploy.AlarmState{}
	var firstErr error
	var rules []string
	for _, name := range names {
		query, ok := s.queries[name]
		if !ok {
			rules = append(rules, name)
			continue
		}
		state, err := s.query(ctx, query)
		if err == nil {
			states[name] = state
		} else if firstErr == nil {
			firstErr = fmt.Errorf("the query of the alarm %q: %w", name, err)
		}
	}
	known, err := s.server.ruleStates(ctx, rules)
	maps.Copy(states, known)
	if firstErr == nil {
		firstErr = err
	}
	return states, firstErr
}

// query is in ALARM as an alerting rule with this expression would be: if the
// result has any series, whatever its value. A scalar is if it is not zero.
func (s *Source) query(ctx context.Context, expression string) (deploy.AlarmState, error) {
	var data struct {
		ResultType string            `json:"resultType"`
		Result     []json.RawMessage `json:"result"`
	}
	if err := s.server.prometheus(ctx, "/api/v1/query", url.Values{"query": {expression}}, &data); err != nil {
		return "", err
	}
	switch data.ResultType {
	case "vector":
		if len(data.Result) > 0 {
			return deploy.AlarmOn, nil
		}
		return deploy.AlarmOK, nil
	case "scalar":
		return scalarState(data.Result)
	}
	return "", fmt.Errorf("its result is a %s, it must be a vector or a scalar", strconv.Quote(data.ResultType))
}

// scalarState looks at a time and a number, which is a text.
func scalarState(result []json.RawMessage) (deploy.AlarmState, error) {
	var text string
	if len(result) != 2 || json.Unmarshal(result[1], &text) != nil {
		return "", errAnswer
	}
	value, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return "", errAnswer
	case value != value: // not a number
		return deploy.AlarmInsufficient, nil
	case value != 0:
		return deploy.AlarmOn, nil
	}
	return deploy.AlarmOK, nil
}

// maxFilter keeps URLs below what every server and proxy takes, in bytes.
const maxFilter = 4 << 10

// ruleStates returns the states of alerting rules. A rule that is pending is
// OK: its time has not come. One that was not evaluated yet, or cannot be, has
// no data. Where several rules share a name, the worst of them counts.
func (s *server) ruleStates(ctx context.Context, names []string) (map[string]deploy.AlarmState, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var data struct {
		Groups []struct {
			Rules []struct {
				Name   string `json:"name"`
				Type   string `json:"type"`
				State  string `json:"state"`
				Health string `json:"health"`
			} `json:"rules"`
		} `json:"groups"`
	}
	// Servers that do not know what narrows the answer ignore it.
	form := url.Values{"type": {"alert"}, "exclude_alerts": {"true"}}
	if filter := (url.Values{"rule_name[]": names}); len(filter.Encode()) <= maxFilter {
		maps.Copy(form, filter)
	}
	if err := s.prometheus(ctx, "/api/v1/rules", form, &data); err != nil {
		return nil, err
	}
	states := map[string]deploy.AlarmState{}
	for _, group := range data.Groups {
		for _, rule := range group.Rules {
			if rule.Type != "alerting" || !slices.Contains(names, rule.Name) {
				continue
			}
			states[rule.Name] = worse(states[rule.Name], ruleState(rule.State, rule.Health))
		}
	}
	return states, nil
}

func ruleState(state, health string) deploy.AlarmState {
	switch {
	case state == "firing":
		return deploy.AlarmOn
	case health == "unknown" || health == "err":
		return deploy.AlarmInsufficient
	}
	return deploy.AlarmOK
}

func worse(a, b deploy.AlarmState) deploy.AlarmState {
	for _, state := range []deploy.AlarmState{deploy.AlarmOn, deploy.AlarmInsufficient} {
		if a == state || b == state {
			return state
		}
	}
	return deploy.AlarmOK
}

// prometheus asks for something and decodes the data of the answer.
func (s *server) prometheus(ctx context.Context, path string, form url.Values, data any) error {
	var answer struct {
		Status string          `json:"status"`
		Error  string          `json:"error"`
		Data   json.RawMessage `json:"data"`
	}
	status, err := s.get(ctx, path, form, &answer)
	if err != nil {
		return err
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s says (%d): %.200s", s.name, status, answer.Error)
	}
	if status != http.StatusOK || json.Unmarshal(answer.Data, data) != nil {
		return fmt.Errorf("%s: %w", s.name, errAnswer)
	}
	return nil
}

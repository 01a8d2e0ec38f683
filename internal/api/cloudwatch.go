package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// cloudWatchAPI is the part of CloudWatch by which alarms are set and seen.
// There are no metrics: an alarm has the state that SetAlarmState gave it.
type cloudWatchAPI struct {
	control *control.Control
	pager   Pager
}

// CloudWatch returns the service. Its clients have changed from forms to JSON
// and CBOR over the years.
func CloudWatch(c *control.Control, pager Pager) Service {
	h := &cloudWatchAPI{c, pager}
	return Service{
		Prefixes: []string{"GraniteServiceVersion20100801"},
		Scopes:   map[string]string{"monitoring": "cloudwatch"},
		Operations: Table{
			"PutMetricAlarm":      Acts(h.mayPut, h.putMetricAlarm),
			"SetAlarmState":       Acts(h.maySetState, h.setAlarmState),
			"DescribeAlarms":      Answers(h.mayDescribe, h.describeAlarms),
			"DeleteAlarms":        Acts(h.mayDelete, h.deleteAlarms),
			"ListTagsForResource": Answers(h.mayListTags, h.listTags),
		},
		XMLNamespace: "http://monitoring.amazonaws.com/doc/2010-08-01/",
		Faults: map[string]FaultShape{
			"InvalidFormat":               {"InvalidFormatFault", http.StatusBadRequest},
			"InvalidParameterCombination": {"InvalidParameterCombinationException", http.StatusBadRequest},
			"InvalidParameterValue":       {"InvalidParameterValueException", http.StatusBadRequest},
			"LimitExceeded":               {"LimitExceededFault", http.StatusBadRequest},
			"MissingParameter":            {"MissingRequiredParameterException", http.StatusBadRequest},
			"ResourceNotFound":            {"ResourceNotFound", http.StatusNotFound},
			"ResourceNotFoundException":   {"ResourceNotFoundException", http.StatusNotFound},
		},
	}
}

// on names the permissions that a call takes on alarms; without names, on all
// of them. Policies may ask for the tags that an alarm has.
func (h *cloudWatchAPI) on(call *Call, names ...string) []Permission {
	if len(names) == 0 {
		return call.Needs(call.Namespace.AlarmARN("*"))
	}
	needs := call.Needs(each(names, call.Namespace.AlarmARN)...)
	for i, name := range names {
		needs[i].ResourceTags = func(ctx context.Context) (map[string]string, error) {
			a, err := h.alarm(ctx, call, name)
			return tagMap(a.Tags), err
		}
	}
	return needs
}

// alarm finds an alarm. One that does not exist is empty.
func (h *cloudWatchAPI) alarm(ctx context.Context, call *Call, name string) (deploy.Alarm, error) {
	found, _, err := h.control.ListAlarms(ctx, call.Namespace, control.AlarmFilter{Names: []string{name}}, "", 1)
	if err != nil || len(found) == 0 {
		return deploy.Alarm{}, err
	}
	return found[0], nil
}

func (h *cloudWatchAPI) mayPut(_ context.Context, call *Call, in *PutMetricAlarmInput) ([]Permission, error) {
	needs := h.on(call, wire.Value(in.AlarmName))
	needs[0].RequestTags = tagMap(each(in.Tags, domainAlarmTag))
	return needs, nil
}

func (h *cloudWatchAPI) maySetState(_ context.Context, call *Call, in *SetAlarmStateInput) ([]Permission, error) {
	return h.on(call, wire.Value(in.AlarmName)), nil
}

func (h *cloudWatchAPI) mayDescribe(_ context.Context, call *Call, in *DescribeAlarmsInput) ([]Permission, error) {
	return h.on(call, in.AlarmNames...), nil
}

func (h *cloudWatchAPI) mayDelete(_ context.Context, call *Call, in *DeleteAlarmsInput) ([]Permission, error) {
	return h.on(call, in.AlarmNames...), nil
}

func (h *cloudWatchAPI) mayListTags(_ context.Context, call *Call, in *ListTagsForResourceInput) ([]Permission, error) {
	return h.on(call, strings.TrimPrefix(wire.Value(in.ResourceARN), call.Namespace.AlarmARN(""))), nil
}

func (h *cloudWatchAPI) putMetricAlarm(ctx context.Context, call *Call, in *PutMetricAlarmInput) error {
	if err := checkAlarmSettings(in); err != nil {
		return err
	}
	settings := *in
	settings.AlarmName, settings.Tags = nil, nil
	if settings.ActionsEnabled == nil {
		settings.ActionsEnabled = new(true)
	}
	text, err := wire.Encode(settings)
	if err != nil {
		return err
	}
	if len(text) > maxAlarmSettings {
		return deploy.Errorf("ValidationError", "The alarm has %d bytes, %d are allowed", len(text), maxAlarmSettings)
	}
	return h.control.PutAlarm(ctx, deploy.Alarm{
		Namespace: call.Namespace,
		Name:      wire.Value(in.AlarmName),
		Settings:  text,
		Actions:   slices.Concat(in.OKActions, in.AlarmActions, in.InsufficientDataActions),
		Tags:      each(in.Tags, domainAlarmTag),
	})
}

func (h *cloudWatchAPI) setAlarmState(ctx context.Context, call *Call, in *SetAlarmStateInput) error {
	switch {
	case in.StateValue == nil:
		return missingParameter("StateValue")
	case in.StateReason == nil:
		return missingParameter("StateReason")
	}
	return h.control.SetAlarmState(ctx, call.Namespace, control.SetAlarmState{
		Name:       wire.Value(in.AlarmName),
		State:      deploy.AlarmState(*in.StateValue),
		Reason:     *in.StateReason,
		ReasonData: wire.Value(in.StateReasonData),
	})
}

func (h *cloudWatchAPI) deleteAlarms(ctx context.Context, call *Call, in *DeleteAlarmsInput) error {
	if len(in.AlarmNames) == 0 {
		return missingParameter("AlarmNames")
	}
	if err := checkAlarmNames(in.AlarmNames); err != nil {
		return err
	}
	return h.control.DeleteAlarms(ctx, call.Namespace, in.AlarmNames)
}

func (h *cloudWatchAPI) describeAlarms(ctx context.Context, call *Call, in *DescribeAlarmsInput) (*DescribeAlarmsOutput, error) {
	if err := checkDescribeAlarms(in); err != nil {
		return nil, err
	}
	filter := *in
	filter.NextToken, filter.MaxRecords = nil, nil
	after, err := h.pager.After(call, filter, in.NextToken)
	if err != nil {
		return nil, deploy.Errorf("InvalidNextToken", "The next token is not one of this list")
	}
	out := &DescribeAlarmsOutput{MetricAlarms: []MetricAlarm{}, CompositeAlarms: []MetricAlarm{}}
	if !wantsMetricAlarms(in) {
		return out, nil
	}
	limit := 50
	if in.MaxRecords != nil {
		limit = int(*in.MaxRecords)
	}
	alarms, more, err := h.control.ListAlarms(ctx, call.Namespace, control.AlarmFilter{
		Names: in.AlarmNames, NamePrefix: wire.Value(in.AlarmNamePrefix),
		State: deploy.AlarmState(wire.Value(in.StateValue)), ActionPrefix: wire.Value(in.ActionPrefix),
	}, after, limit)
	if err != nil {
		return nil, err
	}
	for _, a := range alarms {
		alarm, err := metricAlarm(a)
		if err != nil {
			return nil, err
		}
		out.MetricAlarms = append(out.MetricAlarms, alarm)
	}
	if more {
		out.NextToken = new(h.pager.Token(call, filter, alarms[len(alarms)-1].Name))
	}
	return out, nil
}

// wantsMetricAlarms is false for what only composite alarms can be the answer
// to.
func wantsMetricAlarms(in *DescribeAlarmsInput) bool {
	return in.ParentsOfAlarmName == nil && in.ChildrenOfAlarmName == nil &&
		(len(in.AlarmTypes) == 0 || slices.Contains(in.AlarmTypes, "MetricAlarm"))
}

// metricAlarm shows an alarm. Its settings have the same names in both shapes.
func metricAlarm(a deploy.Alarm) (MetricAlarm, error) {
	var out MetricAlarm
	if err := wire.Decode(a.Settings, &out); err != nil {
		return out, err
	}
	out.AlarmName, out.AlarmARN = new(a.Name), new(a.AlarmARN(a.Name))
	out.AlarmConfigurationUpdatedTimestamp = wire.At(a.ConfiguredAt)
	out.StateValue, out.StateReason = new(string(a.State)), new(a.Reason)
	if a.ReasonData != "" {
		out.StateReasonData = new(a.ReasonData)
	}
	out.StateUpdatedTimestamp, out.StateTransitionedTimestamp = wire.At(a.UpdatedAt), wire.At(a.ChangedAt)
	return out, nil
}

func (h *cloudWatchAPI) listTags(ctx context.Context, call *Call, in *ListTagsForResourceInput) (*ListTagsForResourceOutput, error) {
	arn := wire.Value(in.ResourceARN)
	name, ok := strings.CutPrefix(arn, call.Namespace.AlarmARN(""))
	if !ok || name == "" {
		return nil, deploy.Errorf("InvalidParameterValue", "%q is not the ARN of an alarm of this account and region", arn)
	}
	a, err := h.alarm(ctx, call, name)
	if err != nil {
		return nil, err
	}
	if a.Name == "" {
		return nil, deploy.Errorf("ResourceNotFoundException", "There is no alarm %q", name)
	}
	return &ListTagsForResourceOutput{Tags: append([]AlarmTag{}, each(a.Tags, wireAlarmTag)...)}, nil
}

func domainAlarmTag(t AlarmTag) deploy.Tag {
	return deploy.Tag{Key: wire.Value(t.Key), Value: wire.Value(t.Value)}
}

func wireAlarmTag(t deploy.Tag) AlarmTag { return AlarmTag{&t.Key, &t.Value} }

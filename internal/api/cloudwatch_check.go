package api

import (
	"slices"
	"unicode/utf8"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// What CloudWatch allows in its lists and texts.
const (
	maxAlarmNames       = 100
	maxAlarmDescription = 1024
	maxAlarmActions     = 5
	maxDimensions       = 30
	maxAlarmTags        = 50
	maxAlarmSettings    = 120 << 10 // bytes
)

func missingParameter(name string) error {
	return deploy.Errorf("MissingParameter", "The parameter %s is missing", name)
}

// checkAlarmSettings refuses settings that CloudWatch would refuse, so that
// what works here works there. It does not look into expressions: nothing
// evaluates them.
func checkAlarmSettings(in *PutMetricAlarmInput) error {
	if in.MetricName != nil && in.Metrics != nil || in.EvaluationCriteria != nil && (in.MetricName != nil || in.Metrics != nil) {
		return deploy.Errorf("InvalidParameterCombination", "Only one of MetricName, Metrics and EvaluationCriteria can be given")
	}
	if in.EvaluationCriteria == nil {
		switch {
		case in.MetricName == nil && len(in.Metrics) == 0:
			return missingParameter("MetricName")
		case in.MetricName != nil && in.Namespace == nil:
			return missingParameter("Namespace")
		case in.MetricName != nil && in.Period == nil:
			return missingParameter("Period")
		case in.EvaluationPeriods == nil:
			return missingParameter("EvaluationPeriods")
		case in.ComparisonOperator == nil:
			return missingParameter("ComparisonOperator")
		case in.Threshold == nil && in.ThresholdMetricID == nil:
			return missingParameter("Threshold")
		case in.MetricName != nil && in.Statistic == nil && in.ExtendedStatistic == nil:
			return missingParameter("Statistic")
		}
	}
	if in.Statistic != nil && in.ExtendedStatistic != nil {
		return deploy.Errorf("InvalidParameterCombination", "Only one of Statistic and ExtendedStatistic can be given")
	}
	if err := checkAlarmWords(in); err != nil {
		return err
	}
	return checkAlarmSizes(in)
}

func checkAlarmWords(in *PutMetricAlarmInput) error {
	for _, member := range []struct {
		name  string
		value *string
		words []string
	}{
		{"Statistic", in.Statistic, []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}},
		{"ComparisonOperator", in.ComparisonOperator, []string{
			"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
			"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
		}},
		{"TreatMissingData", in.TreatMissingData, []string{"breaching", "notBreaching", "ignore", "missing"}},
	} {
		if member.value != nil && !slices.Contains(member.words, *member.value) {
			return deploy.Errorf("ValidationError", "%q is no value of %s: use one of %q", *member.value, member.name, member.words)
		}
	}
	return nil
}

func checkAlarmSizes(in *PutMetricAlarmInput) error {
	for _, number := range []struct {
		name  string
		value *int32
	}{{"Period", in.Period}, {"EvaluationPeriods", in.EvaluationPeriods}, {"DatapointsToAlarm", in.DatapointsToAlarm}} {
		if number.value != nil && *number.value < 1 {
			return deploy.Errorf("ValidationError", "%s is %d, it must be at least 1", number.name, *number.value)
		}
	}
	if n := utf8.RuneCountInString(wire.Value(in.AlarmDescription)); n > maxAlarmDescription {
		return deploy.Errorf("ValidationError", "AlarmDescription has %d characters, %d are allowed", n, maxAlarmDescription)
	}
	for _, list := range []struct {
		name     string
		len, max int
	}{
		{"OKActions", len(in.OKActions), maxAlarmActions},
		{"AlarmActions", len(in.AlarmActions), maxAlarmActions},
		{"InsufficientDataActions", len(in.InsufficientDataActions), maxAlarmActions},
		{"Dimensions", len(in.Dimensions), maxDimensions},
		{"Tags", len(in.Tags), maxAlarmTags},
	} {
		if list.len > list.max {
			return deploy.Errorf("ValidationError", "%s has %d items, %d are allowed", list.name, list.len, list.max)
		}
	}
	return nil
}

func checkDescribeAlarms(in *DescribeAlarmsInput) error {
	if in.AlarmNames != nil && in.AlarmNamePrefix != nil {
		return deploy.Errorf("InvalidParameterCombination", "Only one of AlarmNames and AlarmNamePrefix can be given")
	}
	if n := in.MaxRecords; n != nil && (*n < 1 || *n > 100) {
		return deploy.Errorf("ValidationError", "MaxRecords is %d, it must be from 1 to 100", *n)
	}
	for _, t := range in.AlarmTypes {
		if t != "MetricAlarm" && t != "CompositeAlarm" && t != "LogAlarm" {
			return deploy.Errorf("ValidationError", "%q is no type of alarm: use MetricAlarm or CompositeAlarm", t)
		}
	}
	return checkAlarmNames(in.AlarmNames)
}

func checkAlarmNames(names []string) error {
	if len(names) > maxAlarmNames {
		return deploy.Errorf("ValidationError", "AlarmNames has %d names, %d are allowed", len(names), maxAlarmNames)
	}
	return nil
}

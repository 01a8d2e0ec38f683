package api

import "github.com/slipwayhq/slipway/internal/wire"

// The shapes of CloudWatch's alarm operations, with the names they have on the
// wire. Their rules are those of package wire.

// PutMetricAlarmInput is an alarm's name and settings. The settings are named as
// in [MetricAlarm], which is how they come back.
type PutMetricAlarmInput struct {
	AlarmName                        *string             `json:"AlarmName,omitzero"`
	AlarmDescription                 *string             `json:"AlarmDescription,omitzero"`
	ActionsEnabled                   *bool               `json:"ActionsEnabled,omitzero"`
	OKActions                        []string            `json:"OKActions,omitzero"`
	AlarmActions                     []string            `json:"AlarmActions,omitzero"`
	InsufficientDataActions          []string            `json:"InsufficientDataActions,omitzero"`
	MetricName                       *string             `json:"MetricName,omitzero"`
	Namespace                        *string             `json:"Namespace,omitzero"`
	Statistic                        *string             `json:"Statistic,omitzero"`
	ExtendedStatistic                *string             `json:"ExtendedStatistic,omitzero"`
	Dimensions                       []Dimension         `json:"Dimensions,omitzero"`
	Period                           *int32              `json:"Period,omitzero"`
	Unit                             *string             `json:"Unit,omitzero"`
	EvaluationPeriods                *int32              `json:"EvaluationPeriods,omitzero"`
	DatapointsToAlarm                *int32              `json:"DatapointsToAlarm,omitzero"`
	Threshold                        *float64            `json:"Threshold,omitzero"`
	ComparisonOperator               *string             `json:"ComparisonOperator,omitzero"`
	TreatMissingData                 *string             `json:"TreatMissingData,omitzero"`
	EvaluateLowSampleCountPercentile *string             `json:"EvaluateLowSampleCountPercentile,omitzero"`
	Metrics                          []MetricDataQuery   `json:"Metrics,omitzero"`
	ThresholdMetricID                *string             `json:"ThresholdMetricId,omitzero"`
	EvaluationCriteria               *EvaluationCriteria `json:"EvaluationCriteria,omitzero"`
	EvaluationInterval               *int32              `json:"EvaluationInterval,omitzero"`
	Tags                             []AlarmTag          `json:"Tags,omitzero"`
}

// Dimension is one of a metric.
type Dimension struct {
	Name  *string `json:"Name,omitzero"`
	Value *string `json:"Value,omitzero"`
}

// MetricDataQuery is a metric, or an expression over others.
type MetricDataQuery struct {
	ID         *string     `json:"Id,omitzero"`
	MetricStat *MetricStat `json:"MetricStat,omitzero"`
	Expression *string     `json:"Expression,omitzero"`
	Label      *string     `json:"Label,omitzero"`
	ReturnData *bool       `json:"ReturnData,omitzero"`
	Period     *int32      `json:"Period,omitzero"`
	AccountID  *string     `json:"AccountId,omitzero"`
}

// MetricStat is a metric with a statistic.
type MetricStat struct {
	Metric *Metric `json:"Metric,omitzero"`
	Period *int32  `json:"Period,omitzero"`
	Stat   *string `json:"Stat,omitzero"`
	Unit   *string `json:"Unit,omitzero"`
}

// Metric names a metric.
type Metric struct {
	Namespace  *string     `json:"Namespace,omitzero"`
	MetricName *string     `json:"MetricName,omitzero"`
	Dimensions []Dimension `json:"Dimensions,omitzero"`
}

// EvaluationCriteria is a union with one member.
type EvaluationCriteria struct {
	PromQLCriteria *PromQLCriteria `json:"PromQLCriteria,omitzero"`
}

// PromQLCriteria is a query and how long it must hold, in seconds.
type PromQLCriteria struct {
	Query          *string `json:"Query,omitzero"`
	PendingPeriod  *int32  `json:"PendingPeriod,omitzero"`
	RecoveryPeriod *int32  `json:"RecoveryPeriod,omitzero"`
}

// AlarmTag is a tag as CloudWatch writes it.
type AlarmTag struct {
	Key   *string `json:"Key,omitzero"`
	Value *string `json:"Value,omitzero"`
}

// SetAlarmStateInput gives an alarm a state.
type SetAlarmStateInput struct {
	AlarmName       *string `json:"AlarmName,omitzero"`
	StateValue      *string `json:"StateValue,omitzero"`
	StateReason     *string `json:"StateReason,omitzero"`
	StateReasonData *string `json:"StateReasonData,omitzero"`
}

// DescribeAlarmsInput selects alarms.
type DescribeAlarmsInput struct {
	AlarmNames          []string `json:"AlarmNames,omitzero"`
	AlarmNamePrefix     *string  `json:"AlarmNamePrefix,omitzero"`
	AlarmTypes          []string `json:"AlarmTypes,omitzero"`
	ChildrenOfAlarmName *string  `json:"ChildrenOfAlarmName,omitzero"`
	ParentsOfAlarmName  *string  `json:"ParentsOfAlarmName,omitzero"`
	StateValue          *string  `json:"StateValue,omitzero"`
	ActionPrefix        *string  `json:"ActionPrefix,omitzero"`
	MaxRecords          *int32   `json:"MaxRecords,omitzero"`
	NextToken           *string  `json:"NextToken,omitzero"`
}

// DescribeAlarmsOutput is a page of alarms. There are no composite alarms here.
type DescribeAlarmsOutput struct {
	MetricAlarms    []MetricAlarm `json:"MetricAlarms"`
	CompositeAlarms []MetricAlarm `json:"CompositeAlarms"`
	NextToken       *string       `json:"NextToken,omitzero"`
}

// MetricAlarm is an alarm with its state.
type MetricAlarm struct {
	AlarmName                          *string             `json:"AlarmName,omitzero"`
	AlarmARN                           *string             `json:"AlarmArn,omitzero"`
	AlarmConfigurationUpdatedTimestamp *wire.Time          `json:"AlarmConfigurationUpdatedTimestamp,omitzero"`
	StateValue                         *string             `json:"StateValue,omitzero"`
	StateReason                        *string             `json:"StateReason,omitzero"`
	StateReasonData                    *string             `json:"StateReasonData,omitzero"`
	StateUpdatedTimestamp              *wire.Time          `json:"StateUpdatedTimestamp,omitzero"`
	StateTransitionedTimestamp         *wire.Time          `json:"StateTransitionedTimestamp,omitzero"`
	AlarmDescription                   *string             `json:"AlarmDescription,omitzero"`
	ActionsEnabled                     *bool               `json:"ActionsEnabled,omitzero"`
	OKActions                          []string            `json:"OKActions,omitzero"`
	AlarmActions                       []string            `json:"AlarmActions,omitzero"`
	InsufficientDataActions            []string            `json:"InsufficientDataActions,omitzero"`
	MetricName                         *string             `json:"MetricName,omitzero"`
	Namespace                          *string             `json:"Namespace,omitzero"`
	Statistic                          *string             `json:"Statistic,omitzero"`
	ExtendedStatistic                  *string             `json:"ExtendedStatistic,omitzero"`
	Dimensions                         []Dimension         `json:"Dimensions,omitzero"`
	Period                             *int32              `json:"Period,omitzero"`
	Unit                               *string             `json:"Unit,omitzero"`
	EvaluationPeriods                  *int32              `json:"EvaluationPeriods,omitzero"`
	DatapointsToAlarm                  *int32              `json:"DatapointsToAlarm,omitzero"`
	Threshold                          *float64            `json:"Threshold,omitzero"`
	ComparisonOperator                 *string             `json:"ComparisonOperator,omitzero"`
	TreatMissingData                   *string             `json:"TreatMissingData,omitzero"`
	EvaluateLowSampleCountPercentile   *string             `json:"EvaluateLowSampleCountPercentile,omitzero"`
	Metrics                            []MetricDataQuery   `json:"Metrics,omitzero"`
	ThresholdMetricID                  *string             `json:"ThresholdMetricId,omitzero"`
	EvaluationCriteria                 *EvaluationCriteria `json:"EvaluationCriteria,omitzero"`
	EvaluationInterval                 *int32              `json:"EvaluationInterval,omitzero"`
}

// DeleteAlarmsInput names alarms.
type DeleteAlarmsInput struct {
	AlarmNames []string `json:"AlarmNames,omitzero"`
}

// ListTagsForResourceInput names an alarm by its ARN.
type ListTagsForResourceInput struct {
	ResourceARN *string `json:"ResourceARN,omitzero"`
}

// ListTagsForResourceOutput holds the tags of an alarm.
type ListTagsForResourceOutput struct {
	Tags []AlarmTag `json:"Tags"`
}

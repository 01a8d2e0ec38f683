package api_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/seal"
	"github.com/slipwayhq/slipway/internal/sigv4"
	"github.com/slipwayhq/slipway/internal/store"
)

// watch is an edge with alarms on a store of its own.
func watch(t testing.TB) *edge {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), t.TempDir()+"/slipway.db", seal.NewBox(seal.Key{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c := control.New(s, control.Options{})
	return newEdge(t, func(config *api.Config) {
		config.Services = []api.Service{api.CodeDeploy(c, config.Pager), api.Slipway(c), api.CloudWatch(c, config.Pager)}
		config.Audit = c.SaveAudit
	})
}

func (e *edge) cloudWatch(c sigv4.Credentials, region string) *cloudwatch.Client {
	return cloudwatch.New(cloudwatch.Options{
		Region: region, BaseEndpoint: aws.String(e.URL), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, ""),
	})
}

func slowAlarm(name string) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		AlarmName: &name, AlarmDescription: aws.String("slow <answers>"), Namespace: aws.String("web"), MetricName: aws.String("latency"),
		Dimensions: []types.Dimension{{Name: aws.String("host"), Value: aws.String("web-1")}},
		Statistic:  types.StatisticAverage, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2),
		Threshold: aws.Float64(-0.25), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		TreatMissingData: aws.String("breaching"), AlarmActions: []string{"arn:aws:sns:us-east-1:000000000000:ops"},
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	}
}

func putAlarms(t *testing.T, c *cloudwatch.Client, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := c.PutMetricAlarm(t.Context(), slowAlarm(name)); err != nil {
			t.Fatal(err)
		}
	}
}

func setState(t *testing.T, c *cloudwatch.Client, name string, state types.StateValue) {
	t.Helper()
	_, err := c.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
		AlarmName: &name, StateValue: state, StateReason: aws.String("5xx"), StateReasonData: aws.String(`{"rate":7}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func describeAlarms(t *testing.T, c *cloudwatch.Client, in cloudwatch.DescribeAlarmsInput) *cloudwatch.DescribeAlarmsOutput {
	t.Helper()
	out, err := c.DescribeAlarms(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func alarmNames(out *cloudwatch.DescribeAlarmsOutput) []string {
	var names []string
	for _, a := range out.MetricAlarms {
		names = append(names, *a.AlarmName)
	}
	return names
}

// TestAlarmLife goes through CBOR, which the SDK speaks.
func TestAlarmLife(t *testing.T) {
	t.Parallel()
	e := watch(t)
	c := e.cloudWatch(root, region)
	putAlarms(t, c, "slow")
	a := describeAlarms(t, c, cloudwatch.DescribeAlarmsInput{}).MetricAlarms[0]
	if a.StateValue != types.StateValueInsufficientData || *a.AlarmArn != "arn:aws:cloudwatch:us-east-1:000000000000:alarm:slow" ||
		*a.AlarmDescription != "slow <answers>" || *a.Threshold != -0.25 || *a.DatapointsToAlarm != 2 || !*a.ActionsEnabled ||
		len(a.Dimensions) != 1 || *a.Dimensions[0].Value != "web-1" || time.Since(*a.StateUpdatedTimestamp).Abs() > time.Minute {
		t.Errorf("a new alarm is %+v", a)
	}
	setState(t, c, "slow", types.StateValueAlarm)
	changed := describeAlarms(t, c, cloudwatch.DescribeAlarmsInput{}).MetricAlarms[0].StateTransitionedTimestamp
	setState(t, c, "slow", types.StateValueAlarm)
	in := slowAlarm("slow")
	in.Period = aws.Int32(30)
	if _, err := c.PutMetricAlarm(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	a = describeAlarms(t, c, cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"slow", "none"}}).MetricAlarms[0]
	if a.StateValue != types.StateValueAlarm || *a.StateReason != "5xx" || *a.StateReasonData != `{"rate":7}` || *a.Period != 30 ||
		!a.StateTransitionedTimestamp.Equal(*changed) {
		t.Errorf("an alarm that was set, and then changed, is %+v", a)
	}
	tags, err := c.ListTagsForResource(t.Context(), &cloudwatch.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "team" {
		t.Error(tags, err)
	}
	if out := describeAlarms(t, e.cloudWatch(root, "eu-west-1"), cloudwatch.DescribeAlarmsInput{}); len(out.MetricAlarms) != 0 {
		t.Errorf("another region has %v", alarmNames(out))
	}
	if _, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"slow", "none"}}); err == nil {
		t.Error("an alarm that does not exist was deleted")
	}
	if out := describeAlarms(t, c, cloudwatch.DescribeAlarmsInput{}); len(out.MetricAlarms) != 1 {
		t.Error("half of the names were deleted")
	}
	if _, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"slow", "slow"}}); err != nil {
		t.Error(err)
	}
}

func TestDescribeAlarms(t *testing.T) {
	t.Parallel()
	c := watch(t).cloudWatch(root, region)
	putAlarms(t, c, "a1", "a2", "a3", "b1")
	setState(t, c, "a2", types.StateValueAlarm)
	setState(t, c, "b1", types.StateValueAlarm)
	for rule, tc := range map[string]struct {
		in   cloudwatch.DescribeAlarmsInput
		want []string
	}{
		"all, by name":             {cloudwatch.DescribeAlarmsInput{}, []string{"a1", "a2", "a3", "b1"}},
		"by names":                 {cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"b1", "x", "a1", "b1"}}, []string{"a1", "b1"}},
		"by prefix":                {cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("a")}, []string{"a1", "a2", "a3"}},
		"by state":                 {cloudwatch.DescribeAlarmsInput{StateValue: types.StateValueAlarm}, []string{"a2", "b1"}},
		"by name and state":        {cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a1", "a2"}, StateValue: types.StateValueAlarm}, []string{"a2"}},
		"by an action":             {cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("arn:aws:sns:")}, []string{"a1", "a2", "a3", "b1"}},
		"by an action nobody has":  {cloudwatch.DescribeAlarmsInput{ActionPrefix: aws.String("arn:aws:swf:")}, nil},
		"composite alarms":         {cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{types.AlarmTypeCompositeAlarm}}, nil},
		"composite alarms as well": {cloudwatch.DescribeAlarmsInput{AlarmTypes: []types.AlarmType{"CompositeAlarm", "MetricAlarm"}, AlarmNamePrefix: aws.String("b")}, []string{"b1"}},
	} {
		for _, size := range []int32{1, 2, 100} {
			tc.in.MaxRecords = &size
			var got []string
			for p := cloudwatch.NewDescribeAlarmsPaginator(c, &tc.in); p.HasMorePages(); {
				out, err := p.NextPage(t.Context())
				if err != nil {
					t.Fatalf("%s: %v", rule, err)
				}
				if len(out.MetricAlarms) > int(size) {
					t.Errorf("%s: a page of %d has %d", rule, size, len(out.MetricAlarms))
				}
				got = append(got, alarmNames(out)...)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s, by %d: %v, want %v", rule, size, got, tc.want)
			}
		}
	}
}

func TestAlarmFaults(t *testing.T) {
	t.Parallel()
	e := watch(t)
	c, ctx := e.cloudWatch(root, region), t.Context()
	putAlarms(t, c, "slow")
	put := func(change func(*cloudwatch.PutMetricAlarmInput)) error {
		in := slowAlarm("slow")
		change(in)
		_, err := c.PutMetricAlarm(ctx, in)
		return err
	}
	set := func(name, state, data string) error {
		_, err := c.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
			AlarmName: &name, StateValue: types.StateValue(state), StateReason: aws.String("r"), StateReasonData: &data,
		})
		return err
	}
	describe := func(in cloudwatch.DescribeAlarmsInput) error {
		_, err := c.DescribeAlarms(ctx, &in)
		return err
	}
	var notFound *types.ResourceNotFound
	if err := set("none", "OK", "{}"); !errors.As(err, &notFound) {
		t.Errorf("setting an alarm that does not exist: %v", err)
	}
	var format *types.InvalidFormatFault
	if err := set("slow", "OK", "{"); !errors.As(err, &format) {
		t.Errorf("data that is not JSON: %v", err)
	}
	var token *types.InvalidNextToken
	if err := describe(cloudwatch.DescribeAlarmsInput{NextToken: aws.String("x")}); !errors.As(err, &token) {
		t.Errorf("a token of nobody: %v", err)
	}
	for want, err := range map[string]error{
		"ValidationError: \"BROKEN\" is no state":       set("slow", "BROKEN", "{}"),
		"ValidationError: The alarm name is longer":     set(strings.Repeat("x", 256), "OK", "{}"),
		"ValidationError: The alarm name \"a\\tb\"":     set("a\tb", "OK", "{}"),
		"ValidationError: The state reason data":        set("slow", "OK", strings.Repeat(" ", 4001)),
		"MissingParameter: The parameter Threshold":     put(func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil }),
		"MissingParameter: The parameter MetricName":    put(func(in *cloudwatch.PutMetricAlarmInput) { in.MetricName = nil }),
		"ValidationError: \"Most\" is no value of Stat": put(func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = "Most" }),
		"ValidationError: Period is 0":                  put(func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(0) }),
		"ValidationError: AlarmActions has 6 items":     put(func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmActions = make([]string, 6) }),
		"ValidationError: The alarm has": put(func(in *cloudwatch.PutMetricAlarmInput) {
			in.MetricName, in.Metrics = nil, []types.MetricDataQuery{{Id: aws.String("m"), Expression: aws.String(strings.Repeat("x", 121<<10))}}
		}),
		"InvalidParameterCombination: Only one of Metric": put(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Metrics = []types.MetricDataQuery{{Id: aws.String("m")}}
		}),
		"InvalidParameterCombination: Only one of AlarmNames": describe(cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"a"}, AlarmNamePrefix: aws.String("a")}),
		"ValidationError: MaxRecords is 101":                  describe(cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(101)}),
		"ValidationError: AlarmNames has 101 names":           describe(cloudwatch.DescribeAlarmsInput{AlarmNames: make([]string, 101)}),
	} {
		code, message, _ := strings.Cut(want, ": ")
		var fault smithy.APIError
		if !errors.As(err, &fault) || fault.ErrorCode() != code || !strings.HasPrefix(fault.ErrorMessage(), message) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	_, err := c.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: aws.String("d")})
	wantFault(t, err, 400, "InvalidAction", "")
	_, err = e.cloudWatch(sigv4.Credentials{AccessKeyID: rootID, SecretAccessKey: "x"}, region).DescribeAlarms(ctx, nil)
	wantFault(t, err, 400, "SignatureDoesNotMatch", "")
}

// TestAlarmPermissions: a policy can name the alarms that a caller may set.
func TestAlarmPermissions(t *testing.T) {
	t.Parallel()
	e := watch(t)
	putAlarms(t, e.cloudWatch(root, region), "web-slow", "db-slow")
	c := e.cloudWatch(e.addUser(t, "monitor", `[
		{"Effect":"Allow","Action":"cloudwatch:*","Resource":"arn:aws:cloudwatch:us-east-1:000000000000:alarm:web-*"},
		{"Effect":"Deny","Action":"cloudwatch:DeleteAlarms","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"web"}}}]`), region)
	setState(t, c, "web-slow", types.StateValueOk)
	describeAlarms(t, c, cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"web-slow"}})
	for resource, err := range map[string]error{
		"alarm:db-slow": func() error {
			_, err := c.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"web-slow", "db-slow"}})
			return err
		}(),
		"alarm:*": func() error {
			_, err := c.DescribeAlarms(t.Context(), nil)
			return err
		}(),
		"alarm:web-slow": func() error {
			_, err := c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"web-slow"}})
			return err
		}(),
	} {
		wantFault(t, err, 400, "AccessDenied", "on resource: arn:aws:cloudwatch:us-east-1:000000000000:"+resource)
	}
}

// TestAlarmAudit: who set an alarm is on record, whatever protocol was used.
func TestAlarmAudit(t *testing.T) {
	t.Parallel()
	e := watch(t)
	c := e.cloudWatch(root, region)
	putAlarms(t, c, "slow")
	setState(t, c, "slow", types.StateValueAlarm)
	describeAlarms(t, c, cloudwatch.DescribeAlarmsInput{})
	r := e.post(t, "", "{}")
	r.Header.Set("X-Amz-Target", api.SlipwayTargetPrefix+".ListAudit")
	answer := send(t, sign(r, "{}", root))
	var list struct{ Records []audit.Record }
	if err := json.Unmarshal([]byte(answer.body), &list); err != nil || len(list.Records) != 2 {
		t.Fatal(answer, err)
	}
	got := list.Records[1]
	if got.Action != "cloudwatch:SetAlarmState" || !slices.Equal(got.Resources, []string{"arn:aws:cloudwatch:us-east-1:000000000000:alarm:slow"}) ||
		!bytes.Contains(got.Parameters, []byte(`"StateValue":"ALARM"`)) {
		t.Errorf("%+v %s", got, got.Parameters)
	}
}

func signWatch(r *http.Request, body string) *http.Request {
	sigv4.Sign(r, sigv4.HashPayload([]byte(body)), root, region, "monitoring", time.Now())
	return r
}

// form calls an action the way that early clients did.
func (e *edge) form(t *testing.T, form url.Values) reply {
	t.Helper()
	body := form.Encode()
	r, err := http.NewRequest(http.MethodPost, e.URL+"/", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return send(t, signWatch(r, body))
}

func TestAlarmsByForm(t *testing.T) {
	t.Parallel()
	e := watch(t)
	put := url.Values{
		"Action": {"PutMetricAlarm"}, "AlarmName": {"a<b"}, "EvaluationPeriods": {"2"}, "Threshold": {"1.5"},
		"ComparisonOperator": {"LessThanThreshold"}, "ActionsEnabled": {"false"}, "AlarmActions.member.1": {"arn:1"}, "AlarmActions.member.2": {"arn:2"},
		"Metrics.member.1.Id": {"m"}, "Metrics.member.1.MetricStat.Metric.Dimensions.member.1.Name": {"host"}, "Metrics.member.1.MetricStat.Period": {"60"},
	}
	for _, form := range []url.Values{
		put, {"Action": {"SetAlarmState"}, "AlarmName": {"a<b"}, "StateValue": {"ALARM"}, "StateReason": {"x & y"}},
	} {
		if got := e.form(t, form); got.status != http.StatusOK {
			t.Fatal(got)
		}
	}
	got := e.form(t, url.Values{"Action": {"DescribeAlarms"}, "AlarmNames.member.1": {"a<b"}})
	for _, want := range []string{
		`<DescribeAlarmsResponse xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"><DescribeAlarmsResult><MetricAlarms><member><AlarmName>a&lt;b</AlarmName>`,
		"<StateValue>ALARM</StateValue><StateReason>x &amp; y</StateReason>", "<AlarmActions><member>arn:1</member><member>arn:2</member></AlarmActions>",
		"<EvaluationPeriods>2</EvaluationPeriods>", "<Threshold>1.5</Threshold>", "<ActionsEnabled>false</ActionsEnabled>",
		"<Dimensions><member><Name>host</Name></member></Dimensions>", "<CompositeAlarms></CompositeAlarms></DescribeAlarmsResult>",
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("%s\nhas no %s", got.body, want)
		}
	}
	for want, form := range map[string]url.Values{
		"<Code>ResourceNotFound</Code>":                          {"Action": {"DeleteAlarms"}, "AlarmNames.member.1": {"none"}},
		"<Code>MalformedInput</Code><Message>EvaluationPeriods:": {"Action": {"PutMetricAlarm"}, "AlarmName": {"a"}, "EvaluationPeriods": {"two"}},
		"<Code>InvalidAction</Code>":                             {"Action": {"PutDashboard"}},
	} {
		if got := e.form(t, form); !strings.Contains(got.body, want) {
			t.Errorf("%v, want %s", got, want)
		}
	}
}

// TestAlarmsByJSON: the newer aws command and boto3 know errors by a header.
func TestAlarmsByJSON(t *testing.T) {
	t.Parallel()
	e := watch(t)
	body := `{"AlarmNames":["none"]}`
	r := e.post(t, "", body)
	r.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801.DeleteAlarms")
	got := send(t, signWatch(r, body))
	if got.status != 404 || got.header.Get("X-Amzn-Query-Error") != "ResourceNotFound;Sender" || got.header.Get("Content-Type") != "application/x-amz-json-1.0" ||
		got.body != `{"__type":"ResourceNotFound","message":"There is no alarm \"none\""}` {
		t.Error(fmt.Sprint(got))
	}
}

// TestCBORFaults: what is refused before an operation is reached is refused in
// CBOR as well, whatever path it came to.
func TestCBORFaults(t *testing.T) {
	t.Parallel()
	e := watch(t)
	const describe = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms"
	post := func(path, body string, signed bool) reply {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, e.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		if signed {
			r = signWatch(r, body)
		}
		return send(t, r)
	}
	for want, got := range map[string]reply{
		"MissingAuthenticationTokenException": post(describe, "", false),
		"SerializationException":              post(describe, "{}", true),
		"UnknownOperationException":           post("/service/CodeDeploy_20141006/operation/ListApplications", "", true),
		"UnknownOperationException ":          post("/metrics", "", true),
	} {
		want = strings.TrimSpace(want)
		v, err := cbor.Decode([]byte(got.body))
		fault, _ := v.(cbor.Map)
		if err != nil || fault["__type"] != cbor.String(want) || got.status < 400 || got.header.Get("Smithy-Protocol") != "rpc-v2-cbor" {
			t.Errorf("%v, %v, want %s", got, err, want)
		}
	}
	if got := post(describe, "", true); got.status != http.StatusOK {
		t.Errorf("without a body: %v", got)
	}
}

package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/slipwayhq/slipway/internal/wire"
)

func TestJSONOfCBOR(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]cbor.Value{
		`{"a":[1,-2,"x",true,null,0.5]}`: cbor.Map{"a": cbor.List{cbor.Uint(1), cbor.NegInt(2), cbor.String("x"), cbor.Bool(true), &cbor.Nil{}, cbor.Float32(0.5)}},
		`{"t":1.5}`:                      cbor.Map{"t": &cbor.Tag{ID: 1, Value: cbor.Float64(1.5)}},
		`-9223372036854775808`:           cbor.NegInt(1 << 63),
		`18446744073709551615`:           cbor.Uint(1<<64 - 1),
	} {
		got, err := jsonOfCBOR(cbor.Encode(v))
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	for want, body := range map[string][]byte{
		"not valid CBOR": []byte("{}"),
		"not finite":     {0xf9, 0x7c, 0x00},
		"out of range":   cbor.Encode(cbor.NegInt(1<<63 + 1)),
		"type":           cbor.Encode(cbor.Slice("bytes")),
		"larger than":    make([]byte, maxCBOR+1),
	} {
		if _, err := jsonOfCBOR(body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// FuzzCBOR: whatever a client sends becomes JSON that the decoder can take, or
// an error; nothing breaks.
func FuzzCBOR(f *testing.F) {
	f.Add(cbor.Encode(cbor.Map{"AlarmName": cbor.String("slow"), "Period": cbor.Uint(60), "Threshold": cbor.Float64(1.5), "OKActions": cbor.List{}}))
	f.Add([]byte{0xbf, 0x61, 0x61, 0x9f, 0xff, 0xff})
	f.Add([]byte{0xc1, 0xfb, 0x41, 0xd9, 0, 0, 0, 0, 0, 0})
	f.Add(bytes.Repeat([]byte{0x81}, 1000))
	f.Add([]byte{0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		text, err := jsonOfCBOR(body)
		if err != nil || text == nil {
			return
		}
		if !json.Valid(text) {
			t.Errorf("%x became %q", body, text)
		}
		var in PutMetricAlarmInput
		if wire.Decode(text, &in) != nil {
			return
		}
		again, err := jsonOfCBOR(cbor.Encode(cborOf(reflect.ValueOf(in))))
		var back PutMetricAlarmInput
		if err != nil || wire.Decode(again, &back) != nil || !reflect.DeepEqual(in, back) {
			t.Errorf("%+v came back as %s", in, again)
		}
	})
}

// FuzzForm: a form of any shape becomes an input or an error.
func FuzzForm(f *testing.F) {
	f.Add("Metrics.member.1.MetricStat.Metric.Dimensions.member.1.Name", "x")
	f.Add("Threshold", "1e999")
	f.Add("ActionsEnabled", "TRUE")
	f.Fuzz(func(t *testing.T, name, value string) {
		text, err := jsonOfForm(map[string][]string{name: {value}}, reflect.TypeFor[PutMetricAlarmInput]())
		if err != nil {
			return
		}
		var in PutMetricAlarmInput
		if err := wire.Decode(text, &in); err != nil {
			t.Errorf("%s=%s became %s: %v", name, value, text, err)
		}
	})
}

// TestCBOROfOutput: absent members are left out, empty lists are not, and a
// time is tagged.
func TestCBOROfOutput(t *testing.T) {
	t.Parallel()
	got := cborOf(reflect.ValueOf(&DescribeAlarmsOutput{
		MetricAlarms:    []MetricAlarm{{AlarmName: new("a"), Period: new(int32(60)), StateUpdatedTimestamp: wire.At(time.UnixMilli(1500))}},
		CompositeAlarms: []MetricAlarm{},
	}))
	want := cbor.Map{
		"MetricAlarms": cbor.List{cbor.Map{
			"AlarmName": cbor.String("a"), "Period": cbor.Uint(60),
			"StateUpdatedTimestamp": &cbor.Tag{ID: 1, Value: cbor.Float64(1.5)},
		}},
		"CompositeAlarms": cbor.List{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%#v", got)
	}
}

package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/slipwayhq/slipway/internal/wire"
)

// cborDialect is Smithy's RPC v2 with CBOR: the path names the service and the
// operation. Clients of services that have XMLNamespace use it by default, if
// they are new enough. Apart from the bytes it is JSON.
type cborDialect struct{ jsonDialect }

const (
	protocolHeader = "Smithy-Protocol"
	cborProtocol   = "rpc-v2-cbor"
)

func isCBOR(r *http.Request) bool {
	return r.Method == http.MethodPost && r.Header.Get(protocolHeader) == cborProtocol
}

// cborTarget splits /service/SERVICE/operation/OPERATION.
func cborTarget(r *http.Request) (service, operation string) {
	parts := strings.Split(r.URL.Path, "/")
	n := len(parts)
	if n < 4 || parts[n-4] != "service" || parts[n-2] != "operation" {
		return "", ""
	}
	return parts[n-3], parts[n-1]
}

func (s *Server) cborDialect(r *http.Request) cborDialect {
	service, operation := cborTarget(r)
	p := jsonDialect{access: s.config.Access, operation: operation}
	for i, known := range s.config.Services {
		if known.XMLNamespace != "" && slices.Contains(known.Prefixes, service) {
			p.service = &s.config.Services[i]
		}
	}
	return cborDialect{p}
}

func (cborDialect) contentType() string { return "application/cbor" }

func (p cborDialect) invoke(ctx context.Context, call *Call, _ *http.Request, body []byte) ([]byte, error) {
	text, err := jsonOfCBOR(body)
	if err != nil {
		return nil, &fault{serialization, err.Error()}
	}
	out, err := p.perform(ctx, call, text)
	if err != nil || out == nil {
		return nil, err
	}
	return cbor.Encode(cborOf(reflect.ValueOf(out))), nil
}

func (p cborDialect) failure(err error, _ string) response {
	code, message, status, queryCode := p.describe(err)
	body := cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)})
	return response{status: status, code: code, body: body, queryError: queryCode}
}

// maxCBOR is twice what CloudWatch accepts, in bytes. A byte of CBOR can take
// a hundred in memory.
const maxCBOR = 256 << 10

// jsonOfCBOR returns a CBOR document as JSON. An empty body is an empty
// structure.
func jsonOfCBOR(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	if len(body) > maxCBOR {
		return nil, fmt.Errorf("the body is larger than %d bytes", maxCBOR)
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return nil, errors.New("the body is not valid CBOR")
	}
	tree, err := treeOf(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

// treeOf turns CBOR into what encoding/json takes. A time is its number.
func treeOf(v cbor.Value) (any, error) {
	switch v := v.(type) {
	case cbor.Map:
		tree := make(map[string]any, len(v))
		for name, member := range v {
			var err error
			if tree[name], err = treeOf(member); err != nil {
				return nil, err
			}
		}
		return tree, nil
	case cbor.List:
		tree := make([]any, len(v))
		for i, item := range v {
			var err error
			if tree[i], err = treeOf(item); err != nil {
				return nil, err
			}
		}
		return tree, nil
	case *cbor.Tag:
		return treeOf(v.Value)
	case *cbor.Nil, *cbor.Undefined:
		return nil, nil
	}
	return scalarOf(v)
}

func scalarOf(v cbor.Value) (any, error) {
	switch v := v.(type) {
	case cbor.String:
		return string(v), nil
	case cbor.Bool:
		return bool(v), nil
	case cbor.Uint:
		return uint64(v), nil
	case cbor.NegInt:
		if v == 0 || v > 1<<63 {
			return nil, errors.New("an integer is out of range")
		}
		return -int64(v), nil //nolint:gosec // checked above; the smallest number is its own negative
	case cbor.Float32:
		return finite(float64(v))
	case cbor.Float64:
		return finite(float64(v))
	}
	return nil, errors.New("the body has a value of a type that is not used here")
}

// finite refuses what JSON has no number for.
func finite(f float64) (any, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, errors.New("a number is not finite")
	}
	return f, nil
}

// cborOf encodes an output by its fields; what is absent is left out.
func cborOf(v reflect.Value) cbor.Value {
	switch v.Kind() {
	case reflect.Pointer:
		return cborOf(v.Elem())
	case reflect.Struct:
		if t, ok := v.Interface().(wire.Time); ok {
			return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(t.UnixMilli()) / 1000)}
		}
		m := cbor.Map{}
		for name, field := range present(v) {
			m[name] = cborOf(field)
		}
		return m
	case reflect.Slice:
		list := make(cbor.List, v.Len())
		for i := range list {
			list[i] = cborOf(v.Index(i))
		}
		return list
	case reflect.Bool:
		return cbor.Bool(v.Bool())
	case reflect.Float64:
		return cbor.Float64(v.Float())
	case reflect.Int32, reflect.Int64:
		if n := v.Int(); n < 0 {
			return cbor.NegInt(-n) //nolint:gosec // positive
		}
		return cbor.Uint(v.Int()) //nolint:gosec // positive
	}
	return cbor.String(v.String())
}

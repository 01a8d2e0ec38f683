package api

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"iter"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/wire"
)

// formService makes a service's operations callable by the query protocol.
// Each of them checks itself whether the caller may.
func formService(access *Access, s *Service) queryService {
	actions := queryActions{}
	for name, op := range s.Operations {
		actions[name] = queryAction{do: func(ctx context.Context, call *Call, form url.Values) (any, error) {
			if prefix := s.Scopes[call.Service]; prefix != "" {
				call.action = prefix + ":" + name
			}
			body, err := jsonOfForm(form, reflect.TypeOf(op.newInput()).Elem())
			if err != nil {
				return nil, err
			}
			out, err := op.perform(ctx, access, call, body)
			var domain *deploy.Error
			if errors.As(err, &domain) {
				return nil, &queryError{s.fault(domain.Code).Status, domain.Code, domain.Message}
			}
			if err != nil || out == nil {
				return nil, err
			}
			return xmlOf{reflect.ValueOf(out)}, nil
		}}
	}
	return queryService{namespace: s.XMLNamespace, actions: actions}
}

// jsonOfForm returns a form as JSON. Everything in a form is text, so it takes
// the input's type to tell numbers and lists.
func jsonOfForm(form url.Values, input reflect.Type) ([]byte, error) {
	tree, _, err := formValue(form, "", input)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

// formValue reads the value whose parameters are called name, or begin with
// it; found is false if there are none. A list is name.member.1 and so on.
func formValue(form url.Values, name string, t reflect.Type) (tree any, found bool, err error) {
	switch t.Kind() {
	case reflect.Pointer:
		return formValue(form, name, t.Elem())
	case reflect.Slice:
		list := []any{}
		for {
			item, found, err := formValue(form, name+".member."+strconv.Itoa(len(list)+1), t.Elem())
			if err != nil || !found {
				return list, len(list) > 0, err
			}
			list = append(list, item)
		}
	case reflect.Struct:
		return formStruct(form, name, t)
	}
	if !form.Has(name) {
		return nil, false, nil
	}
	tree, err = formScalar(form.Get(name), name, t.Kind())
	return tree, true, err
}

func formStruct(form url.Values, name string, t reflect.Type) (tree any, found bool, err error) {
	members := map[string]any{}
	for i := range t.NumField() {
		member := memberName(t.Field(i))
		path := member
		if name != "" {
			path = name + "." + member
		}
		value, found, err := formValue(form, path, t.Field(i).Type)
		if err != nil {
			return nil, false, err
		}
		if found {
			members[member] = value
		}
	}
	return members, len(members) > 0, nil
}

func formScalar(text, name string, kind reflect.Kind) (any, error) {
	var value any = text
	var err error
	switch kind {
	case reflect.Bool:
		value, err = strconv.ParseBool(text)
	case reflect.Int32:
		value, err = strconv.ParseInt(text, 10, 32)
	case reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(text, 64); err == nil {
			value, err = finite(f)
		}
	}
	if err != nil {
		return nil, &fault{serialization, name + ": the value does not have the type of this parameter"}
	}
	return value, nil
}

// xmlOf encodes an output by its fields; what is absent is left out.
type xmlOf struct{ v reflect.Value }

// MarshalXML writes the output as the element start.
func (x xmlOf) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	v := reflect.Indirect(x.v)
	switch v.Kind() {
	case reflect.Slice:
		return within(e, start, func() error {
			for i := range v.Len() {
				if err := e.EncodeElement(xmlOf{v.Index(i)}, element("member")); err != nil {
					return err
				}
			}
			return nil
		})
	case reflect.Struct:
		if t, ok := v.Interface().(wire.Time); ok {
			return e.EncodeElement(t.UTC().Format(time.RFC3339Nano), start)
		}
		return within(e, start, func() error {
			for name, field := range present(v) {
				if err := e.EncodeElement(xmlOf{field}, element(name)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return e.EncodeElement(v.Interface(), start)
}

func within(e *xml.Encoder, start xml.StartElement, content func() error) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	if err := content(); err != nil {
		return err
	}
	return e.EncodeToken(start.End())
}

// present yields the fields of an output that are not absent, by their names
// on the wire.
func present(v reflect.Value) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for i := range v.NumField() {
			if !v.Field(i).IsZero() && !yield(memberName(v.Type().Field(i)), v.Field(i)) {
				return
			}
		}
	}
}

func memberName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

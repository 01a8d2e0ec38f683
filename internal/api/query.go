package api

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// queryDialect is the older protocol, of STS, IAM and early clients of
// CloudWatch: parameters come as a form, answers are XML. Which service is meant is only in the
// signature.
type queryDialect struct {
	access   *Access
	services map[string]queryService // by signing name
}

type queryService struct {
	namespace string // of the XML
	actions   map[string]queryAction
}

// queryAction is one operation. Its result has the members of the answer as
// XML elements; nil means an answer without a result.
type queryAction struct {
	// resource is what the caller needs the action on; nil when everybody who
	// is authenticated may call.
	resource func(ctx context.Context, call *Call, form url.Values) (string, error)
	do       func(ctx context.Context, call *Call, form url.Values) (any, error)
}

func newQueryDialect(access *Access, pager Pager, services []Service) *queryDialect {
	p := &queryDialect{access, map[string]queryService{
		"sts": (&stsAPI{access}).service(),
		"iam": (&iamAPI{access.Identity, access.Root, pager}).service(),
	}}
	for i := range services {
		if s := &services[i]; s.XMLNamespace != "" {
			for scope := range s.Scopes {
				p.services[scope] = formService(access, s)
			}
		}
	}
	return p
}

func (*queryDialect) maxBody() int64 { return maxBody }

func (*queryDialect) contentType() string { return "text/xml; charset=utf-8" }

func (p *queryDialect) accepts(service string) bool {
	_, ok := p.services[service]
	return ok
}

func (p *queryDialect) invoke(ctx context.Context, call *Call, r *http.Request, body []byte) ([]byte, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &fault{serialization, "The body is not a form."}
	}
	if len(body) == 0 {
		form = r.URL.Query() // a presigned or hand-made GET
	}
	name := form.Get("Action")
	service := p.services[call.Service]
	action, ok := service.actions[name]
	if !ok {
		return nil, &fault{unknownOperation, fmt.Sprintf("Could not find operation %.100s.", name)}
	}
	call.Operation = name
	call.action = call.Service + ":" + name
	if action.resource != nil {
		arn, err := action.resource(ctx, call, form)
		if err != nil {
			return nil, err
		}
		if err := p.access.Check(ctx, call.Principal, call.environment(), call.Needs(arn)...); err != nil {
			return nil, err
		}
	}
	result, err := action.do(ctx, call, form)
	if err != nil {
		return nil, err
	}
	return encodeResult(service.namespace, name, result, call.RequestID)
}

// encodeResult wraps a result in the elements that carry the action's name.
func encodeResult(namespace, action string, result any, requestID string) ([]byte, error) {
	var b strings.Builder
	e := xml.NewEncoder(&b)
	root := element(action + "Response")
	root.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}
	metadata := struct {
		RequestID string `xml:"RequestId"`
	}{requestID}

	err := e.EncodeToken(root)
	if err == nil && result != nil {
		err = e.EncodeElement(result, element(action+"Result"))
	}
	if err == nil {
		err = e.EncodeElement(metadata, element("ResponseMetadata"))
	}
	if err == nil {
		err = e.EncodeToken(root.End())
	}
	if err == nil {
		err = e.Close()
	}
	return []byte(b.String()), err
}

func element(name string) xml.StartElement {
	return xml.StartElement{Name: xml.Name{Local: name}}
}

// queryError is a fault of an action, as the service's reference names it.
type queryError struct {
	status  int
	code    string
	message string
}

func (e *queryError) Error() string { return e.code + ": " + e.message }

func (*queryDialect) failure(err error, requestID string) response {
	var e *queryError
	if !errors.As(err, &e) {
		var f *fault
		if !errors.As(err, &f) {
			f = errInternal
		}
		names := f.kind.names()
		e = &queryError{names.queryStatus, names.query, f.message}
	}
	type detail struct {
		Type    string
		Code    string
		Message string
	}
	body, _ := xml.Marshal(struct { // strings always marshal
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     detail
		RequestID string `xml:"RequestId"`
	}{Error: detail{blame(e.status), e.code, e.message}, RequestID: requestID})
	return response{status: e.status, code: e.code, body: body}
}

// blame says whose fault an error is.
func blame(status int) string {
	if status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

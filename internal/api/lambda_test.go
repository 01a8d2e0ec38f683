package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/audit"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// lambdaEdge is an edge with functions that nobody runs, and a client of it.
func lambdaEdge(t *testing.T, change ...func(*api.Config)) (*edge, *lambda.Client) {
	t.Helper()
	functions, err := local.Open(local.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := functions.Close(); err != nil {
			t.Error(err)
		}
	})
	e := newEdge(t, append(change, func(c *api.Config) { c.Lambda = &api.Lambda{Functions: functions} })...)
	return e, lambda.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &e.URL, Credentials: credentials.NewStaticCredentialsProvider(rootID, rootSecret, ""),
		RetryMaxAttempts: 1,
	})
}

func emptyFunction(t *testing.T, note string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.WriteString(w, "#!/bin/sh\n# "+note+"\nexit 1\n")
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func createFunction(t *testing.T, c *lambda.Client, name string, change ...func(*lambda.CreateFunctionInput)) error {
	t.Helper()
	in := &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: types.RuntimeProvidedal2023, Role: aws.String("arn:aws:iam::000000000000:role/f"),
		Code: &types.FunctionCode{ZipFile: emptyFunction(t, "1")}, Publish: true,
	}
	for _, f := range change {
		f(in)
	}
	_, err := c.CreateFunction(t.Context(), in)
	return err
}

// TestLambdaErrors: what is refused has Lambda's names and status codes, and
// clients know them.
func TestLambdaErrors(t *testing.T) {
	_, c := lambdaEdge(t)
	ctx := t.Context()
	if err := createFunction(t, c, "fn"); err != nil {
		t.Fatal(err)
	}
	name, live := aws.String("fn"), aws.String("live")
	if _, err := c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: name, Name: live, FunctionVersion: aws.String("1")}); err != nil {
		t.Fatal(err)
	}
	alias := func(change func(*lambda.UpdateAliasInput)) error {
		in := &lambda.UpdateAliasInput{FunctionName: name, Name: live}
		change(in)
		_, err := c.UpdateAlias(ctx, in)
		return err
	}
	for what, tt := range map[string]struct {
		err    error
		status int
		as     any
	}{
		"a function that is not there": {fails(c.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("none")})), 404, new(*types.ResourceNotFoundException)},
		"a version that is not there":  {fails(c.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: name, Qualifier: aws.String("7")})), 404, new(*types.ResourceNotFoundException)},
		"an alias that is not there":   {fails(c.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: name, Name: aws.String("none")})), 404, new(*types.ResourceNotFoundException)},
		"a function that is there":     {createFunction(t, c, "fn"), 409, new(*types.ResourceConflictException)},
		"an alias that is there":       {fails(c.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: name, Name: live, FunctionVersion: aws.String("1")})), 409, new(*types.ResourceConflictException)},
		"a version in use":             {fails(c.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("1")})), 409, new(*types.ResourceConflictException)},
		"an old revision":              {alias(func(in *lambda.UpdateAliasInput) { in.RevisionId = aws.String("old") }), 412, new(*types.PreconditionFailedException)},
		"a weight of too much": {alias(func(in *lambda.UpdateAliasInput) {
			in.RoutingConfig = &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"1": 2}}
		}), 400, new(*types.InvalidParameterValueException)},
		"a runtime of none": {createFunction(t, c, "x", func(in *lambda.CreateFunctionInput) { in.Runtime = "java21" }), 400, new(*types.InvalidParameterValueException)},
		"an image": {createFunction(t, c, "x", func(in *lambda.CreateFunctionInput) {
			in.PackageType, in.Code = types.PackageTypeImage, &types.FunctionCode{ImageUri: aws.String("x")}
		}), 400, new(*types.InvalidParameterValueException)},
		"layers":         {createFunction(t, c, "x", func(in *lambda.CreateFunctionInput) { in.Layers = []string{"arn:x"} }), 400, new(*types.InvalidParameterValueException)},
		"no code":        {createFunction(t, c, "x", func(in *lambda.CreateFunctionInput) { in.Code = &types.FunctionCode{} }), 400, new(*types.InvalidParameterValueException)},
		"no archive":     {createFunction(t, c, "x", func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = []byte("x") }), 400, new(*types.InvalidParameterValueException)},
		"no role":        {createFunction(t, c, "x", func(in *lambda.CreateFunctionInput) { in.Role = aws.String("me") }), 400, new(*types.InvalidParameterValueException)},
		"no JSON":        {fails(c.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, Payload: []byte("{")})), 400, new(*types.InvalidRequestContentException)},
		"a large event":  {fails(c.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, InvocationType: types.InvocationTypeEvent, Payload: []byte(`"` + strings.Repeat("x", local.MaxEvent) + `"`)})), 413, new(*types.RequestTooLargeException)},
		"a large body":   {fails(c.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, Payload: []byte(`"` + strings.Repeat("x", local.MaxPayload) + `"`)})), 413, new(*types.RequestTooLargeException)},
		"another region": {fails(c.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("arn:aws:lambda:mars-1:000000000000:function:fn")})), 404, new(*types.ResourceNotFoundException)},
		"two qualifiers": {fails(c.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("fn:1"), Qualifier: live})), 400, new(*types.InvalidParameterValueException)},
		"no capacity":    {fails(c.GetProvisionedConcurrencyConfig(ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: name, Qualifier: live})), 404, new(*types.ProvisionedConcurrencyConfigNotFoundException)},
	} {
		var response *smithyhttp.ResponseError
		if !errors.As(tt.err, &response) || response.HTTPStatusCode() != tt.status || !errors.As(tt.err, tt.as) {
			t.Errorf("%s: %v, want %d and a %T", what, tt.err, tt.status, tt.as)
		}
	}
	if _, err := c.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: aws.Int32(0)}); err != nil {
		t.Fatal(err)
	}
	_, err := c.Invoke(ctx, &lambda.InvokeInput{FunctionName: name})
	var busy *types.TooManyRequestsException
	if !errors.As(err, &busy) {
		t.Errorf("a function that may not run: %v", err)
	}
	if _, err := c.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: name}); err != nil {
		t.Error(err)
	}
	out, err := c.Invoke(ctx, &lambda.InvokeInput{FunctionName: name, Qualifier: live})
	if err != nil || aws.ToString(out.FunctionError) != "Unhandled" || aws.ToString(out.ExecutedVersion) != "1" || !strings.Contains(string(out.Payload), "exit status 1") {
		t.Errorf("a function that fails: %+v, %v", out, err)
	}
}

func fails[T any](_ T, err error) error { return err }

// TestLambdaPages: lists come in pages.
func TestLambdaPages(t *testing.T) {
	_, c := lambdaEdge(t)
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprint("fn-", i))
		if err := createFunction(t, c, want[i]); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for pages := lambda.NewListFunctionsPaginator(c, &lambda.ListFunctionsInput{MaxItems: aws.Int32(3)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil || len(page.Functions) > 3 {
			t.Fatal(len(page.Functions), err)
		}
		for _, f := range page.Functions {
			got = append(got, aws.ToString(f.FunctionName))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v", got)
	}
	_, err := c.ListFunctions(t.Context(), &lambda.ListFunctionsInput{Marker: aws.String("99")})
	var invalid *types.InvalidParameterValueException
	if !errors.As(err, &invalid) {
		t.Errorf("a marker of nothing: %v", err)
	}
}

// TestLambdaIsToldByItsSignature: paths of Lambda are S3's unless the request
// is signed for Lambda.
func TestLambdaIsToldByItsSignature(t *testing.T) {
	e, _ := lambdaEdge(t, func(c *api.Config) { c.S3 = says("s3") })
	for service, want := range map[string]string{
		"": "s3", "s3": "s3", "codedeploy": "s3", "lambda": `{"Functions":[]}`,
	} {
		r, err := http.NewRequest(http.MethodGet, e.URL+"/2015-03-31/functions/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if service != "" {
			sigv4.Sign(r, sigv4.EmptyHash, root, region, service, time.Now())
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if string(body) != want {
			t.Errorf("signed for %q: %s, want %s", service, body, want)
		}
	}
	for name, change := range map[string]func(*http.Request){
		"an unknown path":   func(r *http.Request) { r.URL.Path = "/2015-03-31/elephants" },
		"the root":          func(r *http.Request) { r.URL.Path = "/" },
		"an unknown method": func(r *http.Request) { r.Method = http.MethodPatch },
	} {
		r, _ := http.NewRequest(http.MethodGet, e.URL+"/2015-03-31/functions/", nil)
		change(r)
		sigv4.Sign(r, sigv4.EmptyHash, root, region, "lambda", time.Now())
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 404 || res.Header.Get("X-Amzn-Errortype") != "UnknownOperationException" {
			t.Errorf("%s: %s %s", name, res.Status, res.Header.Get("X-Amzn-Errortype"))
		}
	}
	stranger := lambda.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &e.URL, Credentials: credentials.NewStaticCredentialsProvider(rootID, "another", ""),
	})
	_, err := stranger.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "InvalidSignatureException" {
		t.Errorf("a wrong secret: %v", err)
	}
}

// TestLambdaAudit: changes are recorded, without code and without secrets;
// invocations are not.
func TestLambdaAudit(t *testing.T) {
	var mu sync.Mutex
	var records []audit.Record
	_, c := lambdaEdge(t, func(c *api.Config) {
		c.Audit = func(_ context.Context, r audit.Record) error {
			mu.Lock()
			defer mu.Unlock()
			records = append(records, r)
			return nil
		}
	})
	err := createFunction(t, c, "fn", func(in *lambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"API": "hunter2"}}
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fn")})
	_ = createFunction(t, c, "fn")
	_, _ = c.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("fn")})
	_, _ = c.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("fn"), ZipFile: emptyFunction(t, "2")})
	var got []string
	for _, r := range records {
		got = append(got, r.Action+" "+r.Outcome+" "+strings.Join(r.Resources, ","))
		if text := string(r.Parameters); strings.Contains(text, "hunter2") || !strings.Contains(text, `"ZipFile":"[removed]"`) {
			t.Errorf("%s has the parameters %s", r.Action, text)
		}
	}
	const fn = " arn:aws:lambda:" + region + ":" + account + ":function:fn"
	want := []string{
		"lambda:CreateFunction Success" + fn, "lambda:CreateFunction ResourceConflictException" + fn, "lambda:UpdateFunctionCode Success" + fn,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

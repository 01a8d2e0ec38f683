package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/iam"
	"github.com/slipwayhq/slipway/internal/provider/artifact"
	"github.com/slipwayhq/slipway/internal/provider/function/local"
)

// maxCode is for a request with an archive, which is text there.
const maxCode = local.MaxArchive/3*4 + 1<<20

// lambdaRoutes are all operations.
var lambdaRoutes = []lambdaRoute{
	{method: "POST", path: "/2015-03-31/functions", operation: "CreateFunction", status: http.StatusCreated, body: maxCode, do: lambdaDialect.createFunction},
	{method: "GET", path: "/2015-03-31/functions", operation: "ListFunctions", do: lambdaDialect.listFunctions},
	{method: "GET", path: "/2015-03-31/functions/{name}", operation: "GetFunction", do: lambdaDialect.getFunction},
	{method: "DELETE", path: "/2015-03-31/functions/{name}", operation: "DeleteFunction", status: http.StatusNoContent, do: lambdaDialect.deleteFunction},
	{method: "GET", path: "/2015-03-31/functions/{name}/configuration", operation: "GetFunctionConfiguration", do: lambdaDialect.getConfiguration},
	{method: "PUT", path: "/2015-03-31/functions/{name}/configuration", operation: "UpdateFunctionConfiguration", do: lambdaDialect.updateConfiguration},
	{method: "PUT", path: "/2015-03-31/functions/{name}/code", operation: "UpdateFunctionCode", body: maxCode, do: lambdaDialect.updateCode},
	{method: "POST", path: "/2015-03-31/functions/{name}/versions", operation: "PublishVersion", status: http.StatusCreated, do: lambdaDialect.publishVersion},
	{method: "GET", path: "/2015-03-31/functions/{name}/versions", operation: "ListVersionsByFunction", do: lambdaDialect.listVersions},
	{method: "POST", path: "/2015-03-31/functions/{name}/aliases", operation: "CreateAlias", status: http.StatusCreated, do: lambdaDialect.createAlias},
	{method: "GET", path: "/2015-03-31/functions/{name}/aliases", operation: "ListAliases", do: lambdaDialect.listAliases},
	{method: "GET", path: "/2015-03-31/functions/{name}/aliases/{alias}", operation: "GetAlias", do: lambdaDialect.getAlias},
	{method: "PUT", path: "/2015-03-31/functions/{name}/aliases/{alias}", operation: "UpdateAlias", do: lambdaDialect.updateAlias},
	{method: "DELETE", path: "/2015-03-31/functions/{name}/aliases/{alias}", operation: "DeleteAlias", status: http.StatusNoContent, do: lambdaDialect.deleteAlias},
	{
		method: "POST", path: "/2015-03-31/functions/{name}/invocations", operation: invokeOperation, action: "InvokeFunction",
		body: local.MaxPayload + 1, do: lambdaDialect.invokeFunction,
	},
	{method: "POST", path: "/2015-03-31/functions/{name}/policy", operation: "AddPermission", status: http.StatusCreated, do: lambdaDialect.addPermission},
	{method: "GET", path: "/2015-03-31/functions/{name}/policy", operation: "GetPolicy", do: lambdaDialect.getPolicy},
	{method: "PUT", path: "/2017-10-31/functions/{name}/concurrency", operation: "PutFunctionConcurrency", do: lambdaDialect.putConcurrency},
	{method: "GET", path: "/2019-09-30/functions/{name}/concurrency", operation: "GetFunctionConcurrency", do: lambdaDialect.getConcurrency},
	{method: "DELETE", path: "/2017-10-31/functions/{name}/concurrency", operation: "DeleteFunctionConcurrency", status: http.StatusNoContent, do: lambdaDialect.deleteConcurrency},
	{method: "GET", path: "/2019-09-30/functions/{name}/provisioned-concurrency", operation: "GetProvisionedConcurrencyConfig", do: lambdaDialect.getCapacity},
	{method: "GET", path: "/2020-06-30/functions/{name}/code-signing-config", operation: "GetFunctionCodeSigningConfig", do: lambdaDialect.getCodeSigning},
}

// lambdaCode is where code comes from.
type lambdaCode struct {
	ZipFile         []byte
	S3Bucket, S3Key string
	S3ObjectVersion string
	ImageURI        string `json:"ImageUri"`
}

// lambdaSettings are what a function is created with or changed to. A nil
// member stays as it is.
type lambdaSettings struct {
	Runtime, Role, Handler, Description *string
	Timeout, MemorySize                 *int
	Environment                         *struct{ Variables map[string]string }

	// What this server cannot do is refused rather than left out.
	Layers            []string
	Architectures     []string
	PackageType       string
	VpcConfig         *struct{ SubnetIds []string }
	FileSystemConfigs []json.RawMessage
	DeadLetterConfig  *struct{ TargetArn string }
	SnapStart         *struct{ ApplyOn string }
}

func invalidParameter(format string, args ...any) error {
	return &local.Error{Code: local.Invalid, Message: fmt.Sprintf(format, args...)}
}

// supported refuses what this server cannot do.
func (s *lambdaSettings) supported() error {
	var what string
	switch {
	case len(s.Layers) > 0:
		what = "Layers"
	case s.PackageType != "" && s.PackageType != "Zip":
		what = "PackageType " + s.PackageType
	case s.VpcConfig != nil && len(s.VpcConfig.SubnetIds) > 0:
		what = "VpcConfig"
	case len(s.FileSystemConfigs) > 0:
		what = "FileSystemConfigs"
	case s.DeadLetterConfig != nil && s.DeadLetterConfig.TargetArn != "":
		what = "DeadLetterConfig"
	case s.SnapStart != nil && s.SnapStart.ApplyOn == "PublishedVersions":
		what = "SnapStart"
	case len(s.Architectures) == 1 && s.Architectures[0] != architecture():
		return invalidParameter("This server runs functions for %s, not for %.50s", architecture(), s.Architectures[0])
	case s.Role != nil:
		if _, _, ok := iam.RoleOf(*s.Role); !ok {
			return invalidParameter("%.200q is not the ARN of a role, like arn:aws:iam::123456789012:role/function", *s.Role)
		}
		return nil
	default:
		return nil
	}
	return invalidParameter("This server runs functions as processes of its own machine, without %s", what)
}

// architecture is this machine's, as Lambda calls it.
func architecture() string {
	if runtime.GOARCH == "amd64" {
		return "x86_64"
	}
	return runtime.GOARCH
}

func (s *lambdaSettings) apply(c *local.Config) {
	set := func(to *string, from *string) {
		if from != nil {
			*to = *from
		}
	}
	set(&c.Runtime, s.Runtime)
	set(&c.Role, s.Role)
	set(&c.Handler, s.Handler)
	set(&c.Description, s.Description)
	if s.Timeout != nil {
		c.Timeout = *s.Timeout
	}
	if s.MemorySize != nil {
		c.Memory = *s.MemorySize
	}
	if s.Environment != nil {
		c.Environment = s.Environment.Variables
	}
}

// archive reads code, from the request or from a bucket that the caller may
// read.
func (d lambdaDialect) archive(ctx context.Context, c *lambdaCall, in lambdaCode) ([]byte, error) {
	switch {
	case in.ImageURI != "":
		return nil, invalidParameter("This server runs no container images: give the function's code as ZipFile or in a bucket")
	case len(in.ZipFile) > 0 && in.S3Bucket == "":
		return in.ZipFile, nil
	case len(in.ZipFile) == 0 && in.S3Bucket == "":
		return nil, invalidParameter("The code is missing: give a ZipFile, or S3Bucket and S3Key")
	case len(in.ZipFile) > 0 || in.S3Bucket == "" || in.S3Key == "":
		return nil, invalidParameter("Please do not provide other FunctionCode parameters when providing a ZipFile, and S3Bucket with S3Key otherwise.")
	}
	action := "s3:GetObject"
	if in.S3ObjectVersion != "" {
		action = "s3:GetObjectVersion"
	}
	if err := d.access.Check(ctx, c.Principal, c.environment(), Permission{
		Action: action, Resource: "arn:aws:s3:::" + in.S3Bucket + "/" + in.S3Key,
	}); err != nil {
		return nil, err
	}
	at := deploy.S3Location{Bucket: in.S3Bucket, Key: in.S3Key, Version: in.S3ObjectVersion}
	archive, err := d.api.Objects.Read(ctx, c.Namespace, at, local.MaxArchive)
	switch {
	case errors.Is(err, artifact.ErrNotFound):
		return nil, invalidParameter("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
	case errors.Is(err, artifact.ErrTooLarge):
		return nil, invalidParameter("The archive %s/%s is larger than %d bytes", in.S3Bucket, in.S3Key, local.MaxArchive)
	}
	return archive, err
}

func (d lambdaDialect) createFunction(ctx context.Context, c *lambdaCall) (any, error) {
	var in struct {
		lambdaSettings
		Code    lambdaCode
		Publish bool
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.supported(); err != nil {
		return nil, err
	}
	if in.Role == nil {
		return nil, invalidParameter("Role is missing: it is the ARN of a role, and only kept by this server")
	}
	archive, err := d.archive(ctx, c, in.Code)
	if err != nil {
		return nil, err
	}
	var config local.Config
	in.apply(&config)
	f, err := d.api.Functions.Create(c.Namespace, c.name, config, archive, in.Publish)
	if err != nil {
		return nil, err
	}
	return configuration(f, f.ARN()), nil
}

func (d lambdaDialect) updateCode(ctx context.Context, c *lambdaCall) (any, error) {
	var in struct {
		lambdaCode
		RevisionID      string `json:"RevisionId"`
		Publish, DryRun bool
		Architectures   []string
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := (&lambdaSettings{Architectures: in.Architectures}).supported(); err != nil {
		return nil, err
	}
	before, err := d.api.Functions.Get(c.Namespace, c.name, "")
	if err != nil {
		return nil, err
	}
	archive, err := d.archive(ctx, c, in.lambdaCode)
	if err != nil {
		return nil, err
	}
	if in.DryRun {
		return configuration(before, before.ARN()), nil
	}
	f, err := d.api.Functions.UpdateCode(c.Namespace, c.name, in.RevisionID, archive, in.Publish)
	if err != nil {
		return nil, err
	}
	return configuration(f, f.ARN()), nil
}

func (d lambdaDialect) updateConfiguration(_ context.Context, c *lambdaCall) (any, error) {
	var in struct {
		lambdaSettings
		RevisionID string `json:"RevisionId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.supported(); err != nil {
		return nil, err
	}
	f, err := d.api.Functions.UpdateConfig(c.Namespace, c.name, in.RevisionID, in.apply)
	if err != nil {
		return nil, err
	}
	return configuration(f, f.ARN()), nil
}

func (d lambdaDialect) publishVersion(_ context.Context, c *lambdaCall) (any, error) {
	var in struct {
		Description, CodeSha256 string
		RevisionID              string `json:"RevisionId"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	f, err := d.api.Functions.Publish(c.Namespace, c.name, in.Description, in.RevisionID, in.CodeSha256)
	if err != nil {
		return nil, err
	}
	return configuration(f, f.ARN()+":"+f.Version.Number), nil
}

func (d lambdaDialect) getFunction(_ context.Context, c *lambdaCall) (any, error) {
	f, err := d.api.Functions.Get(c.Namespace, c.name, c.qualifier)
	if err != nil {
		return nil, err
	}
	type concurrency struct{ ReservedConcurrentExecutions int }
	out := struct {
		Configuration functionConfiguration
		Code          struct{ RepositoryType string }
		Concurrency   *concurrency `json:",omitempty"`
	}{Configuration: configuration(f, c.resources()[0])}
	out.Code.RepositoryType = "S3"
	if f.Reserved != nil {
		out.Concurrency = &concurrency{*f.Reserved}
	}
	return out, nil
}

func (d lambdaDialect) getConfiguration(_ context.Context, c *lambdaCall) (any, error) {
	f, err := d.api.Functions.Get(c.Namespace, c.name, c.qualifier)
	if err != nil {
		return nil, err
	}
	return configuration(f, c.resources()[0]), nil
}

func (d lambdaDialect) listFunctions(_ context.Context, c *lambdaCall) (any, error) {
	var list []functionConfiguration
	for _, f := range d.api.Functions.List(c.Namespace) {
		list = append(list, configuration(f, f.ARN()))
	}
	page, next, err := lambdaPage(list, c)
	return struct {
		Functions  []functionConfiguration
		NextMarker string `json:",omitempty"`
	}{page, next}, err
}

func (d lambdaDialect) listVersions(_ context.Context, c *lambdaCall) (any, error) {
	versions, err := d.api.Functions.Versions(c.Namespace, c.name)
	if err != nil {
		return nil, err
	}
	var list []functionConfiguration
	for _, f := range versions {
		list = append(list, configuration(f, f.ARN()+":"+f.Version.Number))
	}
	page, next, err := lambdaPage(list, c)
	return struct {
		Versions   []functionConfiguration
		NextMarker string `json:",omitempty"`
	}{page, next}, err
}

func (d lambdaDialect) deleteFunction(_ context.Context, c *lambdaCall) (any, error) {
	return nil, d.api.Functions.Delete(c.Namespace, c.name, c.qualifier)
}

// lambdaPage is the part of a list that the call asks for. A marker is the number
// of what came before.
func lambdaPage[T any](list []T, c *lambdaCall) (page []T, next string, err error) {
	number := func(name string, least, most, missing int) int {
		text := c.query.Get(name)
		if text == "" {
			return missing
		}
		n, bad := strconv.Atoi(text)
		if bad != nil || n < least || n > most {
			err = invalidParameter("%s must be a number from %d to %d, not %.50q", name, least, most, text)
		}
		return n
	}
	begin, size := number("Marker", 0, len(list), 0), number("MaxItems", 1, 10_000, 50)
	if err != nil {
		return nil, "", err
	}
	end := min(begin+min(size, 50), len(list))
	if end < len(list) {
		next = strconv.Itoa(end)
	}
	return append([]T{}, list[begin:end]...), next, nil
}

// functionConfiguration is a version of a function as the API shows it.
type functionConfiguration struct {
	FunctionName     string
	FunctionArn      string
	Runtime          string
	Role             string
	Handler          string `json:",omitempty"`
	CodeSize         int64
	Description      string
	Timeout          int
	MemorySize       int
	LastModified     string
	CodeSha256       string
	Version          string
	Environment      *lambdaVariables `json:",omitempty"`
	TracingConfig    map[string]string
	RevisionID       string `json:"RevisionId"`
	State            string
	LastUpdateStatus string
	PackageType      string
	Architectures    []string
	EphemeralStorage map[string]int
	SnapStart        map[string]string
	LoggingConfig    map[string]string
}

type lambdaVariables struct{ Variables map[string]string }

// configuration describes a version. It can run from the moment it is there.
func configuration(f local.Function, arn string) functionConfiguration {
	v := f.Version
	out := functionConfiguration{
		FunctionName: f.Name, FunctionArn: arn, Runtime: v.Config.Runtime, Role: v.Config.Role, Handler: v.Config.Handler,
		CodeSize: v.Code.Size, Description: v.Config.Description, Timeout: v.Config.Timeout, MemorySize: v.Config.Memory,
		LastModified: v.ModifiedAt.UTC().Format(lambdaTime), CodeSha256: v.Code.Base64(), Version: v.Number,
		TracingConfig: map[string]string{"Mode": "PassThrough"}, RevisionID: v.RevisionID,
		State: "Active", LastUpdateStatus: "Successful", PackageType: "Zip", Architectures: []string{architecture()},
		EphemeralStorage: map[string]int{"Size": 512},
		SnapStart:        map[string]string{"ApplyOn": "None", "OptimizationStatus": "Off"},
		LoggingConfig:    map[string]string{"LogFormat": "Text", "LogGroup": "/aws/lambda/" + f.Name},
	}
	if len(v.Config.Environment) > 0 {
		out.Environment = &lambdaVariables{v.Config.Environment}
	}
	return out
}

const lambdaTime = "2006-01-02T15:04:05.000-0700"

package mototest

import (
	"archive/zip"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// Alias is the name of the alias of a function.
const Alias = "live"

// Functions brings a moto to keep functions without a container engine, and
// makes the role that they have.
func Functions(t testing.TB, url string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/moto-api/config",
		strings.NewReader(`{"lambda":{"use_docker":false}}`))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	_, err = iam.NewFromConfig(Config(url)).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(`{}`),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Function makes a function with the versions 1 and 2, whose alias serves the
// first. Functions comes before.
func Function(t testing.TB, url, name string) {
	t.Helper()
	client := lambda.NewFromConfig(Config(url))
	_, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: types.RuntimePython312, Handler: aws.String("main.run"), Publish: true,
		Role: aws.String("arn:aws:iam::123456789012:role/function"), Code: &types.FunctionCode{ZipFile: code(t, "1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{
		FunctionName: &name, ZipFile: code(t, "2"), Publish: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: &name, Name: aws.String(Alias), FunctionVersion: aws.String("1"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// code is a bundle that differs by a note.
func code(t testing.TB, note string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("main.py")
	if err == nil {
		_, err = w.Write([]byte("# " + note))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Package compat holds Slipway to the CodeDeploy API as its clients see it:
// through aws-sdk-go-v2, over HTTP, with every request signed. It has no code
// of its own, only tests.
//
// conformance_test.go goes by the model: every operation, every error that it
// declares. terraform_test.go uses the API as Terraform does. fuzz_test.go
// sends what no client would. bench_test.go counts requests per second.
package compat

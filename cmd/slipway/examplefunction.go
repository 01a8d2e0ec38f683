package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// exampleFunctionCommand is a Lambda function without a library, for the demo:
// it asks the Runtime API for invocations and answers them.
func exampleFunctionCommand() *cobra.Command {
	var answer string
	cmd := &cobra.Command{
		Use:    "example-function",
		Short:  "Be a Lambda function (for the demo)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			api := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
			if answer == "" {
				text, err := json.Marshal(map[string]string{"version": os.Getenv("AWS_LAMBDA_FUNCTION_VERSION")})
				if err != nil {
					return err
				}
				answer = string(text)
			}
			for {
				id, err := nextInvocation(cmd.Context(), api+"next")
				if err == nil {
					err = post(cmd.Context(), api+id+"/response", answer)
				}
				if err != nil {
					return err
				}
			}
		},
	}
	cmd.Flags().StringVar(&answer, "answer", "", "what to answer (default: the version)")
	return cmd
}

// nextInvocation waits for an invocation and returns its id.
func nextInvocation(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body) // the example has no use for its event
	return res.Header.Get("Lambda-Runtime-Aws-Request-Id"), err
}

func post(ctx context.Context, url, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		return fmt.Errorf("%s: %s", url, res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

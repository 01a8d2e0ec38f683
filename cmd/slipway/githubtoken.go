package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/spf13/cobra"
)

func gitHubTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "github-token",
		Short: "Keep tokens for private GitHub repositories",
	}
	var application string
	set := &cobra.Command{
		Use:   "set NAME",
		Short: "Keep a token that is read from standard input",
		Long: "Gives the server a token for private GitHub repositories, which it keeps encrypted. The API can list\n" +
			"the names of tokens and delete them, but has no way to set one.\n" +
			"Endpoint, region and keys come from the usual AWS environment (AWS_ENDPOINT_URL, AWS_DEFAULT_REGION, ...).\n" +
			"The keys must be the root's.",
		Example: "  gh auth token | slipway github-token set acme --application shop",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			token, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxToken+1))
			if err != nil {
				return fmt.Errorf("cannot read the token from standard input: %w", err)
			}
			if len(token) > maxToken {
				return fmt.Errorf("the standard input has more than %d bytes: that is no token", maxToken)
			}
			in := map[string]string{"name": args[0], "token": strings.TrimSpace(string(token))}
			if application != "" {
				in["applicationName"] = application
			}
			c, err := config.LoadDefaultConfig(cmd.Context())
			if err != nil {
				return fmt.Errorf("cannot load the AWS configuration: %w", err)
			}
			if err := invoke(cmd.Context(), c, "PutGitHubAccountToken", in, nil); err != nil {
				return fmt.Errorf("cannot set the token %s: %w", args[0], err)
			}
			return nil
		},
	}
	set.Flags().StringVar(&application, "application", "", "application that is to use the token")
	cmd.AddCommand(set)
	return cmd
}

const maxToken = 4096

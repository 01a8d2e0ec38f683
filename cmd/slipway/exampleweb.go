package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// exampleWebCommand is the web server and the web client of the example
// application on hosts that have none, so that the demo needs nothing.
func exampleWebCommand() *cobra.Command {
	var listen, dir, get string
	cmd := &cobra.Command{
		Use:    "example-web",
		Short:  "Serve a folder over HTTP (for the example application)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if get != "" {
				return fetch(cmd.Context(), get)
			}
			s := &http.Server{Addr: listen, Handler: http.FileServer(http.Dir(dir)), ReadHeaderTimeout: 5 * time.Second}
			context.AfterFunc(cmd.Context(), func() { _ = s.Close() })
			if err := s.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8080", "address to serve on")
	cmd.Flags().StringVar(&dir, "dir", ".", "folder to serve")
	cmd.Flags().StringVar(&get, "get", "", "print what this URL answers instead")
	return cmd
}

// fetch prints the body behind a URL.
func fetch(ctx context.Context, url string) error {
	body, err := httpGet(ctx, url)
	if err == nil {
		fmt.Println(body)
	}
	return err
}

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

// settle gives the flags that were not set on the command line their values
// from the environment (--tls-cert is SLIPWAY_TLS_CERT), then from the
// configuration file (tls-cert), so that a flag is all that a setting needs.
func settle(cmd *cobra.Command) error {
	for _, source := range []func(*cobra.Command) (map[string]string, error){fromEnvironment, fromFile} {
		values, err := source(cmd)
		if err != nil {
			return err
		}
		var errs []error
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if v, ok := values[f.Name]; ok && !f.Changed {
				if err := cmd.Flags().Set(f.Name, v); err != nil {
					errs = append(errs, fmt.Errorf("the setting %s: %w", f.Name, err))
				}
			}
		})
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return nil
}

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "SLIPWAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func fromEnvironment(cmd *cobra.Command) (map[string]string, error) {
	values := map[string]string{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if v, ok := os.LookupEnv(envName(f.Name)); ok {
			values[f.Name] = v
		}
	})
	return values, nil
}

// fromFile reads the file named by --config: YAML, one key for each flag. A
// key that is no flag is a mistake.
func fromFile(cmd *cobra.Command) (map[string]string, error) {
	path, err := cmd.Flags().GetString("config")
	if err != nil || path == "" {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no configuration file %s", path)
	}
	if err != nil {
		return nil, err
	}
	var keys map[string]any
	if err := yaml.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("the configuration file %s: %w", path, err)
	}
	values := map[string]string{}
	for key, value := range keys {
		if cmd.Flags().Lookup(key) == nil || key == "config" {
			return nil, fmt.Errorf("the configuration file %s has an unknown key %q; the keys are the flags of %q",
				path, key, cmd.CommandPath())
		}
		values[key] = settingText(value)
	}
	return values, nil
}

// settingText writes a YAML value as it would stand on the command line.
func settingText(value any) string {
	list, ok := value.([]any)
	if !ok {
		return fmt.Sprint(value)
	}
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprint(v)
	}
	return strings.Join(parts, ",")
}

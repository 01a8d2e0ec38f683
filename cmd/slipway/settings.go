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
	for _, source := range []func(*cobra.Command) (map[string][]string, error){fromEnvironment, fromFile} {
		values, err := source(cmd)
		if err != nil {
			return err
		}
		var errs []error
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if v, ok := values[f.Name]; ok && !f.Changed {
				if err := assign(cmd.Flags(), f, v); err != nil {
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

// assign sets a flag to one or several values. Those of a flag that can be
// repeated stay apart, whatever characters are in them.
func assign(flags *pflag.FlagSet, f *pflag.Flag, values []string) error {
	list, ok := f.Value.(pflag.SliceValue)
	if !ok || f.Value.Type() != repeatable {
		return flags.Set(f.Name, strings.Join(values, ","))
	}
	f.Changed = true
	return list.Replace(values)
}

// repeatable is the type of flags with one value for each time that they are
// given. In the environment there are blanks between the values.
const repeatable = "stringArray"

// envName is the environment variable of a flag.
func envName(flag string) string {
	return "SLIPWAY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

func fromEnvironment(cmd *cobra.Command) (map[string][]string, error) {
	values := map[string][]string{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if v, ok := os.LookupEnv(envName(f.Name)); ok {
			values[f.Name] = []string{v}
			if f.Value.Type() == repeatable {
				values[f.Name] = strings.Fields(v)
			}
		}
	})
	return values, nil
}

// fromFile reads the file named by --config: YAML, one key for each flag. A
// key that is no flag is a mistake.
func fromFile(cmd *cobra.Command) (map[string][]string, error) {
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
	values := map[string][]string{}
	for key, value := range keys {
		if cmd.Flags().Lookup(key) == nil || key == "config" {
			return nil, fmt.Errorf("the configuration file %s has an unknown key %q; the keys are the flags of %q",
				path, key, cmd.CommandPath())
		}
		values[key] = settingText(value)
	}
	return values, nil
}

// settingText writes the values of a YAML key as they would stand on the
// command line.
func settingText(value any) []string {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprint(v)
	}
	return parts
}

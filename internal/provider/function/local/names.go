package local

import (
	"regexp"
	"strings"

	"github.com/slipwayhq/slipway/internal/deploy"
)

var (
	namePattern    = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)
	aliasPattern   = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,128}$`)
	versionPattern = regexp.MustCompile(`^([0-9]{1,18}|\$LATEST)$`)
	scopePattern   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) // an account or a region: folders are named after them
)

// ParseName reads a function's name: NAME, ACCOUNT:function:NAME or an ARN,
// each with a :QUALIFIER or without. A name of another account or region is
// not found.
func ParseName(ns deploy.Namespace, text string) (name, qualifier string, err error) {
	parts := strings.Split(text, ":")
	switch {
	case len(parts) >= 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		if parts[3] != ns.Region || parts[4] != ns.Account {
			return "", "", notFound("Function not found: %.200s", text)
		}
		parts = parts[6:]
	case len(parts) >= 3 && parts[1] == "function":
		if parts[0] != ns.Account {
			return "", "", notFound("Function not found: %.200s", text)
		}
		parts = parts[2:]
	}
	if len(parts) > 2 || !namePattern.MatchString(parts[0]) {
		return "", "", invalid("%.200q is not the name of a function", text)
	}
	if len(parts) == 2 {
		qualifier = parts[1]
	}
	return parts[0], qualifier, checkQualifier(qualifier)
}

func checkQualifier(q string) error {
	if q != "" && !versionPattern.MatchString(q) && !aliasPattern.MatchString(q) {
		return invalid("%.200q is neither a version nor an alias", q)
	}
	return nil
}

// checkAliasName refuses names that could be versions.
func checkAliasName(name string) error {
	if !aliasPattern.MatchString(name) || versionPattern.MatchString(name) {
		return invalid("%.200q is not a name for an alias: it must have 1 to 128 letters, digits, - or _, and not digits only", name)
	}
	return nil
}

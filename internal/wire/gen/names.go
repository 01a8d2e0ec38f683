package main

import (
	"strings"
	"unicode"
)

// initialisms are the words that Go spells in capitals (or, for GitHub, in a
// way of their own).
var initialisms = map[string]string{
	"arn":    "ARN",
	"arns":   "ARNs",
	"ec2":    "EC2",
	"ecs":    "ECS",
	"elb":    "ELB",
	"github": "GitHub",
	"iam":    "IAM",
	"id":     "ID",
	"ids":    "IDs",
	"json":   "JSON",
	"s3":     "S3",
	"sha256": "SHA256",
	"yaml":   "YAML",
}

// exported turns deploymentId, NO_INSTANCES or tgz into a Go name.
func exported(name string) string {
	var b strings.Builder
	for _, word := range words(name) {
		if known, ok := initialisms[strings.ToLower(word)]; ok {
			b.WriteString(known)
			continue
		}
		if word == strings.ToUpper(word) {
			word = strings.ToLower(word)
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// words splits a name at underscores and where a capital follows a small
// letter or a digit.
func words(name string) []string {
	var list []string
	start := 0
	for i, r := range name {
		switch {
		case r == '_':
			list = append(list, name[start:i])
			start = i + 1
		case i > start && unicode.IsUpper(r) && !unicode.IsUpper(rune(name[i-1])):
			list = append(list, name[start:i])
			start = i
		}
	}
	return append(list, name[start:])
}

// fieldType is the Go type of a member: whatever may be absent must have a
// nil, so single values are pointers; elements of lists and maps are values,
// because a null there is dropped.
func fieldType(t string) string {
	if strings.HasPrefix(t, "[]") || strings.HasPrefix(t, "map[") {
		return elementType(t)
	}
	return "*" + elementType(t)
}

func elementType(t string) string {
	if rest, ok := strings.CutPrefix(t, "[]"); ok {
		return "[]" + elementType(rest)
	}
	if rest, ok := strings.CutPrefix(t, "map["); ok {
		key, value, _ := strings.Cut(rest, "]")
		return "map[" + elementType(key) + "]" + elementType(value)
	}
	if scalar, ok := scalars[t]; ok {
		return scalar
	}
	return t
}

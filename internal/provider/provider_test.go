package provider

import (
	"net/url"
	"strings"
	"testing"
)

func TestParameters(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"aws:?endpoint=http://h:1&region=r": "",
		"aws:":                              "",
		"aws:?regoin=r":                     `the aws URL has an unknown parameter "regoin"; there are: endpoint, region`,
		"aws:?region=r&region=s":            `the aws URL has the parameter "region" twice`,
		"aws:?region=a;b":                   "the parameters of the aws URL cannot be read",
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parameters(u, "endpoint", "region")
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

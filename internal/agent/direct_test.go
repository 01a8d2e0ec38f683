package agent

import (
	"net/url"
	"testing"
)

func TestDirectHosts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		list, address string
		direct        bool
	}{
		{"", "https://example.com", false},
		{"", "http://localhost:8650", true},
		{"", "http://127.0.0.1", true},
		{"*", "https://example.com", true},
		{"example.com", "https://example.com", true},
		{"example.com", "https://Deploy.Example.com:8650", true},
		{"example.com", "https://badexample.com", false},
		{".example.com, other", "https://a.example.com", true},
		{"*.example.com", "https://a.example.com", true},
		{"10.0.0.0/8", "https://10.1.2.3", true},
		{"10.0.0.0/8", "https://11.1.2.3", false},
		{"10.0.0.5", "https://10.0.0.5:1", true},
		{"example.com:8650", "https://example.com:8650", true},
		{"example.com:8650", "https://example.com", false},
		{"example.com:443", "https://example.com", true},
		{"[::2]:80", "http://[::2]", true},
		{"::2", "http://[::2]", true},
	}
	for _, test := range tests {
		u, err := url.Parse(test.address)
		if err != nil {
			t.Fatal(err)
		}
		if got := directHosts(test.list).has(u); got != test.direct {
			t.Errorf("%q, %s: %v", test.list, test.address, got)
		}
	}
}

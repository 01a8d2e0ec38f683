package agent

import (
	"net/netip"
	"net/url"
	"strings"
)

// directHosts are the hosts that no proxy is used for, in the form of the
// variable no_proxy: names with all that end in them, addresses, networks, or
// "*" for all; each perhaps with a port.
type directHosts string

func (d directHosts) has(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	address, addressErr := netip.ParseAddr(host)
	if host == "localhost" || (addressErr == nil && address.IsLoopback()) {
		return true
	}
	for item := range strings.SplitSeq(strings.ToLower(string(d)), ",") {
		item = strings.TrimSpace(item)
		if item == "*" {
			return true
		}
		if network, err := netip.ParsePrefix(item); err == nil {
			if addressErr == nil && network.Contains(address) {
				return true
			}
			continue
		}
		if name, port, ok := cutPort(item); ok {
			if port != portOf(u) {
				continue
			}
			item = name
		}
		item = strings.TrimPrefix(strings.TrimPrefix(item, "*"), ".")
		if item != "" && (host == item || strings.HasSuffix(host, "."+item)) {
			return true
		}
	}
	return false
}

// cutPort cuts the port off a host. An IPv6 address without brackets has none.
func cutPort(s string) (host, port string, ok bool) {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.Count(s, ":") > 1 && !strings.HasPrefix(s, "[") {
		return s, "", false
	}
	return strings.Trim(s[:i], "[]"), s[i+1:], true
}

func portOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

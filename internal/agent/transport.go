package agent

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
)

func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("cannot make the root folder: %w", err)
	}
	return nil
}

// transport returns how to reach the server: through the given proxy, but to
// the hosts in noProxy, or through those of the usual variables; trusting the system's authorities or those of the
// given file.
func transport(proxy, noProxy, authorities string) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // documented
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("proxy_uri is %q; expected a URL like http://proxy:3128", proxy)
		}
		direct := directHosts(noProxy)
		t.Proxy = func(req *http.Request) (*url.URL, error) {
			if direct.has(req.URL) {
				return nil, nil //nolint:nilnil // which means no proxy
			}
			return u, nil
		}
	}
	if authorities != "" {
		text, err := os.ReadFile(authorities)
		if err != nil {
			return nil, fmt.Errorf("cannot read AWS_CA_BUNDLE: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("AWS_CA_BUNDLE %s holds no certificate in PEM form", authorities)
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return t, nil
}

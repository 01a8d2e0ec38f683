package setup

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/agent"
	"github.com/slipwayhq/slipway/internal/agent/service"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// Level is how good or bad a finding is.
type Level string

// The levels.
const (
	OK   Level = "OK"
	Warn Level = "WARN" // it works, but may not for long, or not for all
	Fail Level = "FAIL" // no deployment can succeed
)

// Finding is what one check of the doctor has found.
type Finding struct {
	Check string `json:"check"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
	Do    string `json:"do,omitempty"` // what to do about it
}

func found(check string, level Level, do, format string, args ...any) Finding {
	return Finding{check, level, fmt.Sprintf(format, args...), do}
}

// checkTimeout bounds each question to the server.
const checkTimeout = 10 * time.Second

// Doctor checks all that an agent with that configuration needs. configErr is
// what was wrong with the configuration; what can be checked without is.
func (h Host) Doctor(ctx context.Context, c agent.Config, configErr error) []Finding {
	findings := []Finding{configuration(c, configErr), h.registered(), h.serving(c.Root)}
	findings = append(findings, folders(c.Root, h.path(service.IdentityFile))...)
	findings = append(findings, space(c.Root), archives(c))
	if c.Endpoint == "" {
		return append(findings, found("endpoint", Fail, "set deploy_control_endpoint in "+service.ConfigFile, "the server is not known"))
	}
	answer, err := ask(ctx, c)
	if err != nil {
		return append(findings, unreachable(c, err))
	}
	findings = append(findings,
		found("endpoint", OK, "", "%s answers in %v", c.Endpoint, answer.took.Round(time.Millisecond)),
		encryption(c.Endpoint, answer.tls), clock(answer))
	if configErr != nil {
		return append(findings, found("credentials", Fail, "repair the configuration first", "not checked"))
	}
	return append(findings, credentials(ctx, c))
}

func configuration(c agent.Config, err error) Finding {
	if err != nil {
		return found("configuration", Fail, "see docs/guides/install-agent.md for the ways to give a host its identity", "%v", err)
	}
	return found("configuration", OK, "", "this host is %s", c.HostIdentifier)
}

func (h Host) registered() Finding {
	const check = "service"
	s, ok := h.Service()
	if !ok {
		return found(check, Warn, "run `slipway-agent install`", "the agent is not set up as a service: it does not start when the host boots")
	}
	if h.Manager() == Systemd {
		if err := h.run(context.Background(), "systemctl", "is-enabled", "--quiet", s.Name); err != nil {
			return found(check, Warn, "run `systemctl enable "+s.Name+"`", "the unit %s is not enabled: it does not start when the host boots", s.Name)
		}
		return found(check, OK, "", "the unit %s is enabled", s.Name)
	}
	links, _ := filepath.Glob(h.path("/etc/rc?.d/S??" + s.Name)) // the pattern is good
	if len(links) == 0 {
		return found(check, Warn, "have the host run `"+s.InitFile()+" start` when it boots", "%s is in no runlevel: the agent does not start when the host boots", s.InitFile())
	}
	return found(check, OK, "", "%s starts when the host boots", s.InitFile())
}

func (h Host) serving(root string) Finding {
	const check = "agent"
	running, err := agent.Running(root)
	switch {
	case err != nil:
		return found(check, Warn, "repeat this as the user that the agent runs as, with sudo as a rule", "cannot tell whether the agent runs: %v", err)
	case !running:
		return found(check, Fail, "start the service, or `slipway-agent run`; its log says why if it does not stay", "no agent is running with %s", root)
	}
	if state, ok := readState(root); ok && time.Since(state.LastPoll) > 5*time.Minute {
		return found(check, Fail, "see the findings below, and the agent's log", "the agent is running, but no poll was answered since %s", state.LastPoll.Local().Format(time.DateTime))
	}
	return found(check, OK, "", "the agent is running")
}

// folders checks what the agent writes to, and what only it may read.
func folders(root, identity string) []Finding {
	list := []Finding{folder(root)}
	for _, file := range []string{identity, filepath.Join(root, "codedeploy.onpremises.yml")} {
		info, err := os.Stat(file)
		if err == nil && info.Mode().Perm()&0o077 != 0 && hasModes {
			list = append(list, found("identity file", Warn, "run `chmod 600 "+file+"`", "%s holds a secret key, and others may read it (%v)", file, info.Mode().Perm()))
		} else if err == nil {
			list = append(list, found("identity file", OK, "", "only its owner may read %s", file))
		}
	}
	return list
}

func folder(root string) Finding {
	const check = "root folder"
	info, err := os.Stat(root)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return found(check, OK, "", "%s is made when the agent starts", root)
	case err != nil:
		return found(check, Warn, "repeat this as the user that the agent runs as", "cannot look at %s: %v", root, err)
	case !info.IsDir():
		return found(check, Fail, "remove it, or set root_dir", "%s is no folder", root)
	case info.Mode().Perm()&0o022 != 0 && hasModes:
		return found(check, Fail, "run `chmod go-w "+root+"`", "others may write to %s (%v): they could replace what the agent runs", root, info.Mode().Perm())
	case !ownedByUs(info) && os.Geteuid() == 0:
		return found(check, Fail, "run `chown root "+root+"`", "%s belongs to another user, who could replace what the agent runs", root)
	case !ownedByUs(info):
		return found(check, Warn, "repeat this as the user that the agent runs as", "%s belongs to another user", root)
	}
	return found(check, OK, "", "%s belongs to this user, and only it may write there", root)
}

// The free space that deployments want.
const (
	littleSpace = 1 << 30
	noSpace     = 100 << 20
)

func space(root string) Finding {
	const check = "disk space"
	dir := root
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	free, err := freeSpace(dir)
	switch {
	case err != nil:
		return found(check, Warn, "look with `df`", "cannot tell how much space is left at %s: %v", dir, err)
	case free < noSpace:
		return found(check, Fail, "make room: each deployment needs its bundle's size, packed and unpacked", "%d MB are left at %s", free>>20, dir)
	case free < littleSpace:
		return found(check, Warn, "make room, or lower max_revisions", "%d MB are left at %s", free>>20, dir)
	}
	return found(check, OK, "", "%.1f GB are left at %s", float64(free)/(1<<30), dir)
}

// answer is what the server's first answer tells.
type answer struct {
	took time.Duration
	date time.Time // of the server's clock; zero if it does not say
	at   time.Time // when it came
	tls  *tls.ConnectionState
}

// ask sends a request that needs no credentials. Any answer is good.
func ask(ctx context.Context, c agent.Config) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.Endpoint, "/")+"/", nil)
	if err != nil {
		return answer{}, err
	}
	start := time.Now()
	resp, err := transportOf(c).RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	a := answer{took: time.Since(start), at: time.Now(), tls: resp.TLS}
	a.date, _ = http.ParseTime(resp.Header.Get("Date")) // zero if it is none
	return a, nil
}

func transportOf(c agent.Config) http.RoundTripper {
	if c.Transport != nil {
		return c.Transport
	}
	return http.DefaultTransport
}

// unreachable says why the server does not answer, as far as that can be told.
func unreachable(c agent.Config, err error) Finding {
	var unknown x509.UnknownAuthorityError
	var wrongName x509.HostnameError
	var invalid x509.CertificateInvalidError
	var dns *net.DNSError
	do := "check that the server runs, that this is its address, and that no firewall or proxy is between"
	switch {
	case errors.As(err, &unknown):
		return found("tls", Fail, "give the server's CA: `slipway-agent install --ca-bundle FILE`; with --tls-self-signed it is DATA/tls-ca.pem on the server",
			"the certificate of %s is signed by an authority that is not trusted here", c.Endpoint)
	case errors.As(err, &wrongName):
		return found("tls", Fail, "use a name that the certificate has, or give the server a certificate for this one", "%v", err)
	case errors.As(err, &invalid):
		return found("tls", Fail, "renew the server's certificate; check this host's clock", "%v", err)
	case errors.As(err, &dns):
		do = "check the name in the endpoint, and this host's resolver"
	}
	return found("endpoint", Fail, do, "%s does not answer: %v", c.Endpoint, err)
}

// certificateWarning is how long before its end a certificate is talked about.
const certificateWarning = 14 * 24 * time.Hour

func encryption(endpoint string, state *tls.ConnectionState) Finding {
	const check = "tls"
	if state == nil || len(state.PeerCertificates) == 0 {
		u, err := url.Parse(endpoint)
		if err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()) {
			return found(check, OK, "", "not encrypted, and it need not be: the server is this host")
		}
		return found(check, Warn, "serve TLS: `slipway server --tls-cert FILE --tls-key FILE`, and use https:// here",
			"the connection is not encrypted: whoever is between can read what is deployed")
	}
	end := state.PeerCertificates[0].NotAfter
	if left := time.Until(end); left < certificateWarning {
		return found(check, Warn, "renew the server's certificate", "the certificate ends on %s", end.Local().Format(time.DateTime))
	}
	return found(check, OK, "", "%s, the certificate is good until %s", tls.VersionName(state.Version), end.Local().Format(time.DateOnly))
}

// clock compares this host's clock with the server's, which says whole
// seconds. A signature is good for sigv4.MaxSkew.
func clock(a answer) Finding {
	const check = "clock"
	if a.date.IsZero() {
		return found(check, Warn, "", "the server does not tell its time")
	}
	off := a.at.Sub(a.date).Truncate(time.Second)
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	const do = "set the clock, with NTP or chrony"
	switch size := off.Abs(); {
	case size >= sigv4.MaxSkew:
		return found(check, Fail, do, "this host's clock is %v %s the server's: signatures are refused from %v on", size, direction, sigv4.MaxSkew)
	case size >= time.Minute:
		return found(check, Warn, do, "this host's clock is %v %s the server's: signatures are refused from %v on", size, direction, sigv4.MaxSkew)
	}
	return found(check, OK, "", "this host's clock and the server's agree")
}

// credentials signs a request that changes nothing, and that every caller may
// make: a poll would take a command away from the agent.
func credentials(ctx context.Context, c agent.Config) Finding {
	const check = "credentials"
	keys, err := c.Credentials(ctx)
	if err != nil {
		return found(check, Fail, "repair the file that holds them", "%v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	body := []byte("Action=GetCallerIdentity&Version=2011-06-15")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, identityService(c)+"/", bytes.NewReader(body))
	if err != nil {
		return found(check, Fail, "", "%v", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	sigv4.Sign(req, sigv4.HashPayload(body), keys, c.Region, "sts", time.Now())
	resp, err := transportOf(c).RoundTrip(req)
	if err != nil {
		return found(check, Fail, "check the way to the server", "%v", err)
	}
	defer resp.Body.Close()
	var reply struct {
		ARN     string `xml:"GetCallerIdentityResult>Arn"`
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<20)) // what was cut short does not parse
	_ = xml.Unmarshal(text, &reply)                         // a proxy's page is as good as no reply
	switch {
	case resp.StatusCode != http.StatusOK:
		return found(check, Fail, "register the host again with `aws deploy register`, or make its user a new key; check the clock",
			"the key %s was refused: %s (HTTP %d) %s", keys.AccessKeyID, firstOf(reply.Code, "no reason given"), resp.StatusCode, reply.Message)
	case reply.ARN == "":
		return found(check, Warn, "", "the server did not say whose key %s is", keys.AccessKeyID)
	case reply.ARN != c.HostIdentifier && !strings.Contains(c.HostIdentifier, ":assumed-role/"):
		return found(check, Fail, "give the host a key of its own user", "the key %s is that of %s, not of this host", keys.AccessKeyID, reply.ARN)
	}
	return found(check, OK, "", "the server knows this host's key as %s", reply.ARN)
}

// identityService is where to ask who one is: Slipway's own port, or AWS's STS.
func identityService(c agent.Config) string {
	for _, domain := range []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"} {
		if strings.HasSuffix(c.Endpoint, "codedeploy-commands."+c.Region+"."+domain) {
			return "https://sts." + c.Region + "." + domain
		}
	}
	return strings.TrimSuffix(c.Endpoint, "/")
}

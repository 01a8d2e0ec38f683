package agent

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/slipwayhq/slipway/internal/protocol"
)

const validDocument = `{"DeploymentId":"d-ABC123DEF","DeploymentGroupId":"g","DeploymentGroupName":"prod","ApplicationName":"shop",
"Revision":{"RevisionType":"S3","S3Revision":{"Bucket":"b","Key":"k","BundleType":"zip"}}}`

// signed signs text with a key of its own.
func signed(tb testing.TB, text string) []byte {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := pkcs7.NewSignedData([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	data.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := data.AddSigner(cert, key, pkcs7.SignerInfoConfig{}); err != nil {
		tb.Fatal(err)
	}
	document, err := data.Finish()
	if err != nil {
		tb.Fatal(err)
	}
	return document
}

// FuzzSpecification opens envelopes of any format and content. What is opened
// is complete, and names folders below the root only.
func FuzzSpecification(f *testing.F) {
	f.Add(protocol.FormatTextJSON, []byte(validDocument))
	f.Add(protocol.FormatTextJSON, []byte(`{"DeploymentId":"arn:x/../y","Revision":{"RevisionType":"GitHub"}}`))
	f.Add(protocol.FormatPKCS7JSON, signed(f, validDocument))
	f.Add(protocol.FormatPKCS7JSON, []byte{0x30, 0x80, 0x06, 0x09})
	f.Add("CMS", []byte("x"))
	f.Fuzz(func(t *testing.T, format string, payload []byte) {
		a := &Agent{config: Config{DeveloperMode: true}, signers: &signerPin{file: filepath.Join(t.TempDir(), "signer.pem"), log: slog.New(slog.DiscardHandler)}}
		if format == protocol.FormatPKCS7JSON {
			payload = pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: payload})
		}
		spec, err := a.openSpecification(protocol.GetDeploymentSpecificationOutput{
			DeploymentSystem: protocol.DeploymentSystem,
			DeploymentSpecification: &protocol.DeploymentSpecification{
				GenericEnvelope: &protocol.Envelope{Format: format, Payload: string(payload)},
			},
		})
		if err != nil {
			return
		}
		dir := layout{"/root"}.deployment(spec.DeploymentGroupID, spec.DeploymentID)
		if strings.Count(dir, "/") != 3 || filepath.Clean(dir) != dir || spec.AppSpecFilename == "" || spec.Revision.RevisionType == "" {
			t.Errorf("opened as %+v", spec)
		}
	})
}

func TestEnvelopeFormats(t *testing.T) {
	t.Parallel()
	document := string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: signed(t, validDocument)}))
	tests := map[string]struct {
		envelope  protocol.Envelope
		developer bool
		want      string // in the error; empty: opened
	}{
		"signed":                   {protocol.Envelope{Format: "PKCS7/JSON", Payload: document}, false, ""},
		"another label":            {protocol.Envelope{Format: "PKCS7/JSON", Payload: strings.ReplaceAll(document, "PKCS7", "CMS")}, false, "not a PKCS7 document"},
		"no PEM":                   {protocol.Envelope{Format: "PKCS7/JSON", Payload: "MII="}, false, "not a PKCS7 document"},
		"bare":                     {protocol.Envelope{Format: "TEXT/JSON", Payload: validDocument}, false, "Unsupported DeploymentSpecification format"},
		"bare, in developer mode":  {protocol.Envelope{Format: "TEXT/JSON", Payload: validDocument}, true, ""},
		"short, in developer mode": {protocol.Envelope{Format: "JSON", Payload: validDocument}, true, ""},
		"unknown":                  {protocol.Envelope{Format: "XML", Payload: validDocument}, true, "Unsupported DeploymentSpecification format"},
		"no JSON":                  {protocol.Envelope{Format: "JSON", Payload: "hello"}, true, "cannot read the deployment specification"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &Agent{config: Config{DeveloperMode: test.developer}, signers: &signerPin{file: filepath.Join(t.TempDir(), "signer.pem"), log: slog.New(slog.DiscardHandler)}}
			spec, err := a.openSpecification(protocol.GetDeploymentSpecificationOutput{
				DeploymentSystem:        protocol.DeploymentSystem,
				DeploymentSpecification: &protocol.DeploymentSpecification{GenericEnvelope: &test.envelope},
			})
			if test.want == "" && (err != nil || spec.DeploymentCreator != "user" || spec.DeploymentType != "IN_PLACE" || spec.AppSpecFilename != "appspec.yml") {
				t.Errorf("opened as %+v, %v", spec, err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestSpecificationIsOfCodeDeploy(t *testing.T) {
	t.Parallel()
	a := &Agent{}
	for text, want := range map[string]string{
		`{"DeploymentSystem":"Other"}`:                                   "Deployment System mismatch",
		`{"DeploymentSystem":"CodeDeploy"}`:                              "Deployment Specification missing",
		`{"DeploymentSystem":"CodeDeploy","DeploymentSpecification":{}}`: "Deployment Specification missing",
	} {
		var reply protocol.GetDeploymentSpecificationOutput
		if err := json.Unmarshal([]byte(text), &reply); err != nil {
			t.Fatal(err)
		}
		if _, err := a.openSpecification(reply); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %q", text, err, want)
		}
	}
}

// AWS sends documents of indefinite length, their content cut into pieces.
// testdata/specification.ber is one that OpenSSL made so.
func TestSpecificationOfIndefiniteLength(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("testdata/specification.ber")
	if err != nil {
		t.Fatal(err)
	}
	a := &Agent{signers: &signerPin{file: filepath.Join(t.TempDir(), "signer.pem"), log: slog.New(slog.DiscardHandler)}}
	content, err := a.openEnvelope(protocol.Envelope{
		Format:  protocol.FormatPKCS7JSON,
		Payload: string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: document})),
	})
	if err != nil {
		t.Fatal(err)
	}
	var spec struct{ ApplicationName, Padding string }
	if err := json.Unmarshal(content, &spec); err != nil || spec.ApplicationName != "shop" || len(spec.Padding) != 4000 {
		t.Errorf("content of %d bytes, application %q, %v", len(content), spec.ApplicationName, err)
	}
}

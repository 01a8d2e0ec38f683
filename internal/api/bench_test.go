package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/sigv4"
)

// BenchmarkSignedCall is everything the edge adds to an operation that does
// nothing: routing, signature, policy, decoding and encoding.
func BenchmarkSignedCall(b *testing.B) {
	e := newEdge(b, func(c *api.Config) { c.Log = slog.New(slog.DiscardHandler) })
	user := e.addUser(b, "ann", `{"Effect":"Allow","Action":"codedeploy:*","Resource":"*"}`)
	for name, c := range map[string]sigv4.Credentials{"root": root, "user": user} {
		b.Run(name, func(b *testing.B) {
			const body = `{"applicationName":"shop"}`
			r := sign(e.post(b, "GetApplication", body), body, c)
			b.ReportAllocs()
			for b.Loop() {
				r.Body = io.NopCloser(strings.NewReader(body))
				w := httptest.NewRecorder()
				e.api.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

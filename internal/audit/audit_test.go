package audit

import (
	"net/url"
	"strings"
	"testing"
)

func TestSecretsAreRemoved(t *testing.T) {
	t.Parallel()
	got := string(JSONParameters([]byte(`{"applicationName":"shop","token":"ghp_1","tokenName":"acme","nested":[{"SecretAccessKey":"s3cr3t","Key":"k"}]}`)))
	want := `{"applicationName":"shop","nested":[{"Key":"k","SecretAccessKey":"[removed]"}],"token":"[removed]","tokenName":"acme"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	form := string(FormParameters(url.Values{"Action": {"CreateUser"}, "UserName": {"u"}, "Password": {"hunter2"}}))
	if form != `{"Password":"[removed]","UserName":"u"}` {
		t.Errorf("got %s", form)
	}
	if JSONParameters([]byte("{")) != nil {
		t.Error("what is no JSON has no parameters")
	}
	if got := JSONParameters([]byte(`{"x":"` + strings.Repeat("y", maxParameters) + `"}`)); string(got) != `"[too large to keep]"` {
		t.Errorf("%d bytes are kept", len(got))
	}
}

func TestPending(t *testing.T) {
	t.Parallel()
	ctx, p := With(t.Context(), Record{RequestID: "r"})
	if r, unsaved := From(ctx).Unsaved(); !unsaved || r.RequestID != "r" {
		t.Errorf("%+v, %v", r, unsaved)
	}
	p.Saved()
	if _, unsaved := From(ctx).Unsaved(); unsaved {
		t.Error("it was saved")
	}
	if From(t.Context()) != nil {
		t.Error("a context of no call carries a record")
	}
}

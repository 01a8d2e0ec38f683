package objectstore_test

import ("testing";"net/http/httptest";"os";"os/exec";"fmt";"github.com/slipwayhq/slipway/internal/objectstore")

func TestManual(t *testing.T) {
	store := openStore(t, t.TempDir(), objectstore.Options{})
	s := httptest.NewServer(store.Handler(callers{}, nil)); defer s.Close()
	cmd := exec.Command("sh", "/tmp/os_try/run.sh")
	cmd.Env = append(os.Environ(), "EP="+s.URL, "AWS_ACCESS_KEY_ID="+rootKey, "AWS_SECRET_ACCESS_KEY="+rootSecret, "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1")
	out, err := cmd.CombinedOutput()
	fmt.Println(string(out), err)
}

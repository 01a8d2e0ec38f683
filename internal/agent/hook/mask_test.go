package hook

import "testing"

func TestMask(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ pattern, line, want string }{
		{`s3cr3t`, "a s3cr3t, and s3cr3t again", "a ****, and **** again"},
		{`password=(\S+)`, "[stdout]user=ann password=x1 port=5", "[stdout]user=ann password=**** port=5"},
		{`(?i)(?:token|key): (\w+)(?: (\w+))?`, "Token: abc def, KEY: g", "Token: **** ****, KEY: ****"},
		{`(a(b))`, "xabx", "x****x"},
		{`x*`, "ab", "ab"},
		{`none`, "ab", "ab"},
	} {
		m, err := NewMask([]string{tc.pattern})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.hide(tc.line); got != tc.want {
			t.Errorf("%s hides %q as %q, want %q", tc.pattern, tc.line, got, tc.want)
		}
	}
	if _, err := NewMask([]string{"("}); err == nil {
		t.Error("what is no pattern must be refused")
	}
}

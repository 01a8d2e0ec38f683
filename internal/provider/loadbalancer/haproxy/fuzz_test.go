package haproxy

import "testing"

// FuzzParseServers: whatever answers, no panic comes of it, and what comes are
// servers of the backend.
func FuzzParseServers(f *testing.F) {
	f.Add("1\n# be_name srv_name srv_op_state srv_admin_state srv_time_since_last_change srv_check_result srv_check_state\nweb h1 2 0 9 3 6\n",
		"# pxname,svname,scur,status,check_status,last_chk\nweb,h1,7,UP,L7OK,\n")
	f.Add("1\n", "")
	f.Add("", "#")
	f.Fuzz(func(t *testing.T, states, stats string) {
		servers, err := parseServers("web", states, stats)
		for name, s := range servers {
			if err != nil || name == "" || s.name != name || s.backend != "web" || s.status == "" || s.state().Status == "" {
				t.Errorf("%q is %+v, %v", name, s, err)
			}
		}
	})
}

package test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// TestSilentHost: an agent is heard while its hook says nothing for longer than
// a host may be silent; one that is killed is told in the event, and given up
// when its time is over.
func TestSilentHost(t *testing.T) {
	t.Parallel()
	s := startServer(t, "--silent-after", "3s", "--silent-timeout", "4s")
	s.define(t, "fleet", "CodeDeployDefault.OneAtATime")
	h := s.addHost(t, "host-1", "fleet")
	quiet := logged("AfterInstall")
	quiet["hook.sh"] = "#!/bin/sh\necho begun >>\"$HOME/hooks.log\"\nsleep 6\n"
	s.put(t, "quiet.tgz", quiet.pack(t))
	s.succeed(t, s.create(t, "fleet", "quiet.tgz"), patience)

	id := s.create(t, "fleet", "quiet.tgz")
	eventually(t, patience, "the hook runs again", func() bool {
		return strings.Count(read(t, h.path("hooks.log")), "begun") == 2
	})
	h.kill()
	eventually(t, patience, "the event says that its host is silent", func() bool {
		e := event(t, s.targets(t, id)[0], "AfterInstall")
		return e.Status == types.LifecycleEventStatusInProgress && strings.HasPrefix(message(e), "host last seen ")
	})
	info := s.finish(t, id, patience)
	if info.Status != types.DeploymentStatusFailed || !strings.Contains(aws.ToString(info.ErrorInformation.Message), "host last seen ") {
		t.Errorf("the deployment ended as %s: %+v", info.Status, info.ErrorInformation)
	}
	if e := event(t, s.targets(t, id)[0], "AfterInstall"); e.Status != types.LifecycleEventStatusFailed {
		t.Errorf("AfterInstall is %s", e.Status)
	}
}

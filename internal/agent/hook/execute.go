package hook

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/slipwayhq/slipway/internal/agent/backoff"
	"github.com/slipwayhq/slipway/internal/protocol"
)

// execute starts the script and sees it through.
func (r *Runner) execute(ctx context.Context, j Job, file string) error {
	marker := newMarker()
	if err := j.Started(Process{Marker: marker}); err != nil {
		return err
	}
	out, err := openStream("[stdout]", j.Output)
	if err != nil {
		return j.fail(protocol.ScriptFailed, "%s failed with error: %v", j.who(), err)
	}
	errOut, err := openStream("[stderr]", j.Output)
	if err != nil {
		out.abandon()
		return j.fail(protocol.ScriptFailed, "%s failed with error: %v", j.who(), err)
	}
	p, err := start(ctx, j, file, marker, out.write, errOut.write)
	out.started()
	errOut.started()
	if err != nil {
		r.collect(expired, out, errOut)
		return j.fail(protocol.ScriptFailed, "%s failed with error: %v", j.who(), err)
	}
	defer p.group.remove()
	if err := j.Started(p.id); err != nil {
		p.kill()
		<-p.done
		r.collect(expired, out, errOut)
		return err
	}
	stopped := r.await(ctx, p)
	patience := r.patience(ctx)
	open := r.collect(patience, out, errOut)
	if open != nil && stopped == nil && r.Strict {
		return j.fail(protocol.OutputLeftOpen, "%s failed to close %s: a process that it left in the background holds it open", j.who(), open.name())
	}
	if open != nil && stopped == nil {
		j.Output.Line("[warning]the script ended, but a process that it left in the background holds its output open; redirect it (>/dev/null 2>&1 </dev/null &). Going on without it.")
	}
	return j.verdict(stopped, p)
}

// await waits for the end of the process and returns why it was stopped, if it
// was.
func (r *Runner) await(ctx context.Context, p *process) error {
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	grace := r.Grace
	if grace == 0 {
		grace = 5 * time.Second
	}
	p.terminate()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
	// The script is gone or ignores SIGTERM; what it started is killed in
	// either case.
	p.kill()
	<-p.done
	return context.Cause(ctx)
}

// verdict turns the end of a script into an outcome.
func (j Job) verdict(stopped error, p *process) error {
	if stopped != nil {
		return j.stopped(stopped)
	}
	var exit *exec.ExitError
	switch {
	case p.err == nil:
		return nil
	case !errors.As(p.err, &exit):
		return j.fail(protocol.ScriptFailed, "%s failed with error: %v", j.who(), p.err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return j.fail(protocol.ScriptFailed, "%s failed with exit code %d (killed by signal: %s)", j.who(), 128+int(status.Signal()), status.Signal())
	}
	return j.fail(protocol.ScriptFailed, "%s failed with exit code %d", j.who(), exit.ExitCode())
}

// stopped is the failure of a script that was not let to its end.
func (j Job) stopped(cause error) *Failure {
	var event EventTimeout
	switch {
	case errors.Is(cause, errTimedOut):
		return j.fail(protocol.ScriptTimedOut, "%s failed to complete in %d seconds", j.who(), int(j.Script.Timeout/time.Second))
	case errors.As(cause, &event):
		return j.fail(protocol.ScriptTimedOut, "%s failed to complete in time: %v", j.who(), event)
	}
	return j.fail(protocol.ScriptFailed, "%s failed: it was stopped because the agent is stopping", j.who())
}

// startPatiently repeats a start that fails because another process, forked at
// the wrong moment, still has the script open for writing.
func startPatiently(ctx context.Context, command func() *exec.Cmd) (*exec.Cmd, error) {
	for attempt := 1; ; attempt++ {
		cmd := command()
		err := cmd.Start()
		if err == nil || !errors.Is(err, syscall.ETXTBSY) || attempt == 10 {
			return cmd, err
		}
		if backoff.Sleep(ctx, time.Duration(attempt)*5*time.Millisecond) != nil {
			return nil, err
		}
	}
}

// start starts the script; one without a #! line is run by the shell, as a
// shell would.
func start(ctx context.Context, j Job, file, marker string, stdout, stderr *os.File) (*process, error) {
	identity, err := identityOf(j.Script.RunAs)
	if err == nil {
		err = identity.reachable(j.Script.Sudo)
	}
	if err != nil {
		return nil, err
	}
	group := newCgroup(marker)
	launch := func(argv []string, group *cgroup) (*exec.Cmd, error) {
		return startPatiently(ctx, func() *exec.Cmd {
			// Not CommandContext: it would kill one process, at once.
			cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // running the script is what a hook is
			cmd.Dir = j.Archive
			cmd.Env = append(identity.environment(j.Env), markerName+"="+marker)
			cmd.Stdout, cmd.Stderr = stdout, stderr
			cmd.SysProcAttr = attributes(identity.credential)
			group.use(cmd.SysProcAttr)
			return cmd
		})
	}
	argv := identity.command(j.Script.Sudo, file)
	cmd, err := launch(argv, group)
	if err != nil && group != nil && !errors.Is(err, syscall.ENOEXEC) {
		group.remove() // perhaps the kernel does not let us use it
		group = nil
		cmd, err = launch(argv, nil)
	}
	if errors.Is(err, syscall.ENOEXEC) {
		cmd, err = launch(append([]string{"/bin/sh"}, argv...), group)
	}
	if err != nil {
		group.remove()
		return nil, err
	}
	return watch(cmd, marker, group), nil
}

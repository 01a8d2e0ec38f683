package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"golang.org/x/term"
)

// screen shows situations: redrawn in place on a terminal, as one line per
// change elsewhere.
type screen struct {
	out    io.Writer
	live   bool
	style  style
	height int
	drawn  int             // lines on the screen that the next picture replaces
	told   map[string]bool // lines that were printed
}

func newScreen(f *os.File) *screen {
	s := &screen{out: f, live: term.IsTerminal(int(f.Fd())), told: map[string]bool{}}
	if s.live {
		s.style = style(os.Getenv("NO_COLOR") == "")
		if _, h, err := term.GetSize(int(f.Fd())); err == nil {
			s.height = h
		}
	}
	return s
}

// show draws a situation.
func (s *screen) show(now situation, at time.Time) {
	if !s.live {
		for _, l := range changes(now) {
			if !s.told[l] {
				s.told[l] = true
				line(s.out, "%s", l)
			}
		}
		return
	}
	picture := draw(now, at, s.style, s.height-2)
	var b strings.Builder
	b.WriteString("\x1b[?7l") // a line that is too long is cut, not wrapped: lines are counted
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, l := range picture {
		b.WriteString("\r\x1b[K" + l + "\n")
	}
	b.WriteString("\x1b[J\x1b[?7h")
	s.drawn = len(picture)
	fmt.Fprint(s.out, b.String()) //nolint:errcheck // a closed terminal has nobody to tell
}

// finish leaves the last picture on the screen and explains a failure below it.
func (s *screen) finish(last situation) {
	s.drawn = 0
	for _, l := range explain(last, s.style) {
		line(s.out, "%s", l)
	}
}

// style paints words, or does not.
type style bool

func (s style) paint(code, text string) string {
	if !s {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) status(status, text string) string {
	switch status {
	case "Succeeded":
		return s.paint("32", text)
	case "Failed":
		return s.paint("31", text)
	case "Stopped":
		return s.paint("33", text)
	case "InProgress":
		return s.paint("36", text)
	}
	return s.paint("2", text)
}

// marks is how an event's status looks in the strip of a host.
var marks = map[types.LifecycleEventStatus]string{
	types.LifecycleEventStatusPending: "·", types.LifecycleEventStatusInProgress: "▶",
	types.LifecycleEventStatusSucceeded: "✓", types.LifecycleEventStatusFailed: "✗",
	types.LifecycleEventStatusSkipped: "-", types.LifecycleEventStatusUnknown: "?",
}

// draw pictures a situation: the deployment, then one line per host. Where the
// hosts do not fit, those that wait or are done are left out.
func draw(s situation, at time.Time, paint style, height int) []string {
	out := []string{title(s, at, paint)}
	width := 0
	for _, t := range s.targets {
		width = max(width, len(aws.ToString(t.TargetId)))
	}
	hidden := 0
	for _, t := range s.targets {
		busy := t.Status == types.TargetStatusInProgress || t.Status == types.TargetStatusFailed
		if height > 0 && len(s.targets) > height-2 && (!busy || len(out) >= height-1) {
			hidden++
			continue
		}
		out = append(out, hostLine(t, at, paint, width))
	}
	if o := s.info.DeploymentOverview; hidden > 0 && o != nil {
		out = append(out, fmt.Sprintf("  and %d more: %d pending, %d in progress, %d succeeded, %d failed, %d skipped in all",
			hidden, o.Pending, o.InProgress, o.Succeeded, o.Failed, o.Skipped))
	}
	return out
}

// title is the line of the deployment itself.
func title(s situation, at time.Time, paint style) string {
	i := s.info
	what := revisionName(i.Revision)
	if i.Creator == types.DeploymentCreatorCodeDeployRollback {
		what += " (rollback of " + aws.ToString(i.RollbackInfo.RollbackTriggeringDeploymentId) + ")"
	}
	end := at
	if i.CompleteTime != nil {
		end = *i.CompleteTime
	}
	return fmt.Sprintf("%s  %s/%s  %s  %s  %s", paint.paint("1", aws.ToString(i.DeploymentId)),
		aws.ToString(i.ApplicationName), aws.ToString(i.DeploymentGroupName), what,
		paint.status(string(i.Status), string(i.Status)), took(aws.ToTime(i.CreateTime), end))
}

// hostLine is a host, the strip of its events, and what it is at.
func hostLine(t types.InstanceTarget, at time.Time, paint style, width int) string {
	strip := ""
	for _, e := range t.LifecycleEvents {
		strip += paint.status(string(e.Status), marks[e.Status])
	}
	event, since := current(t, at)
	return fmt.Sprintf("  %-*s  %s  %s  %s", width, aws.ToString(t.TargetId), strip,
		paint.status(string(t.Status), fmt.Sprintf("%-10s", t.Status)), strings.TrimSpace(event+" "+since))
}

// current names the event that a host is at or failed in, and its time.
func current(t types.InstanceTarget, at time.Time) (event, time string) {
	for _, e := range t.LifecycleEvents {
		switch e.Status {
		case types.LifecycleEventStatusInProgress:
			return aws.ToString(e.LifecycleEventName), took(aws.ToTime(e.StartTime), at)
		case types.LifecycleEventStatusFailed:
			if t.Status == types.TargetStatusFailed {
				return aws.ToString(e.LifecycleEventName), took(aws.ToTime(e.StartTime), aws.ToTime(e.EndTime))
			}
		}
	}
	if n := len(t.LifecycleEvents); n > 0 && t.Status == types.TargetStatusSucceeded {
		return "", took(aws.ToTime(t.LifecycleEvents[0].StartTime), aws.ToTime(t.LifecycleEvents[n-1].EndTime))
	}
	return "", ""
}

// took is a time span for people.
func took(from, to time.Time) string {
	d := to.Sub(from)
	switch {
	case from.IsZero() || to.IsZero() || d < 0:
		return ""
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// changes is a situation as lines, each of which is true from when it is
// printed on.
func changes(s situation) []string {
	id := aws.ToString(s.info.DeploymentId)
	var out []string
	out = append(out, fmt.Sprintf("%s  %s/%s  %s  created by %s", id, aws.ToString(s.info.ApplicationName),
		aws.ToString(s.info.DeploymentGroupName), revisionName(s.info.Revision), s.info.Creator))
	for _, t := range s.targets {
		for _, e := range t.LifecycleEvents {
			if e.EndTime == nil || e.Status == types.LifecycleEventStatusSkipped {
				continue
			}
			out = append(out, fmt.Sprintf("%s  %s  %-16s %s  %s", id, aws.ToString(t.TargetId),
				aws.ToString(e.LifecycleEventName), e.Status, took(aws.ToTime(e.StartTime), aws.ToTime(e.EndTime))))
		}
		if t.Status != types.TargetStatusPending && t.Status != types.TargetStatusInProgress {
			out = append(out, fmt.Sprintf("%s  %s  %s", id, aws.ToString(t.TargetId), t.Status))
		}
	}
	if s.ended() {
		out = append(out, fmt.Sprintf("%s  %s  after %s", id, s.info.Status,
			took(aws.ToTime(s.info.CreateTime), *s.info.CompleteTime)))
	}
	return out
}

// explain says why a deployment did not succeed, down to what the script
// printed.
func explain(s situation, paint style) []string {
	var out []string
	if e := s.info.ErrorInformation; e != nil {
		out = append(out, paint.paint("31", string(e.Code))+": "+aws.ToString(e.Message))
	}
	for _, t := range s.targets {
		for _, e := range t.LifecycleEvents {
			if d := e.Diagnostics; d != nil && d.ErrorCode != types.LifecycleErrorCodeSuccess {
				out = append(out, fmt.Sprintf("%s, %s: %s %s", aws.ToString(t.TargetId), aws.ToString(e.LifecycleEventName),
					d.ErrorCode, aws.ToString(d.Message)))
				for l := range strings.Lines(aws.ToString(d.LogTail)) {
					out = append(out, "    "+strings.TrimRight(l, "\n"))
				}
			}
		}
	}
	if r := s.info.RollbackInfo; r != nil && aws.ToString(r.RollbackMessage) != "" {
		out = append(out, aws.ToString(r.RollbackMessage))
	}
	return out
}

// revisionName is a revision in a word.
func revisionName(r *types.RevisionLocation) string {
	switch {
	case r == nil:
		return ""
	case r.S3Location != nil:
		return "s3://" + aws.ToString(r.S3Location.Bucket) + "/" + aws.ToString(r.S3Location.Key)
	case r.GitHubLocation != nil:
		return aws.ToString(r.GitHubLocation.Repository) + "@" + aws.ToString(r.GitHubLocation.CommitId)
	}
	return string(r.RevisionType)
}

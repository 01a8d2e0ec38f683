package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/slipwayhq/slipway/internal/control"
	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/protocol"
	"github.com/slipwayhq/slipway/internal/store"
)

// host is a machine with an agent: it polls, acknowledges, executes and
// reports. Ours keeps a journal and acknowledges with a token; the official
// one forgets everything when it dies, and takes a repeated acknowledgement
// that is refused for a command that is not for it.
type host struct {
	w        *world
	name     string
	zone     string
	official bool
	alive    bool
	life     int // of the agent

	polling bool
	parked  *server // where its poll waits for a command
	told    <-chan struct{}
	forget  func()
	hint    time.Time // when a command of this host was last said to be available

	journal map[string]*entry
	order   []string       // of the journal
	ran     map[string]int // how often each command was executed
	results map[string]protocol.CommandStatus
}

// entry is a command in an agent's journal.
type entry struct {
	id, event string
	stage     stage
	status    protocol.CommandStatus
	reported  bool
	busy      bool // this life of the agent works on it
}

// stage is how far a command is, as the agent's journal has it.
type stage int

const (
	received stage = iota // nothing was done; perhaps acknowledged
	running
	done
)

// hold is how long a server keeps a poll waiting.
const hold = 45 * time.Second

func (w *world) addHost(name, zone string) *host {
	h := &host{
		w: w, name: name, zone: zone, journal: map[string]*entry{},
		ran: map[string]int{}, results: map[string]protocol.CommandStatus{},
	}
	h.official = w.once(4)
	w.hosts = append(w.hosts, h)
	w.after(w.upTo(time.Second), h.start)
	return h
}

// arn is what the host's agent signs as.
func (h *host) arn() string { return "arn:aws:iam::000000000000:user/" + h.name }

// start starts the agent: what its last life left in the journal is taken up.
func (h *host) start() {
	h.alive, h.life = true, h.life+1
	h.w.log(h.name, "the agent starts")
	for _, id := range h.order {
		e := h.journal[id]
		e.busy = false
		switch {
		case e.stage == done && !e.reported:
			h.report(e)
		case e.stage == running:
			h.finish(e, protocol.StatusFailed) // its script may have done anything
		case e.stage == received:
			h.acknowledge(e)
		}
	}
	h.poll()
}

// die ends the agent for up to d.
func (h *host) die(d time.Duration) {
	h.w.log(h.name, "the agent dies")
	h.alive, h.polling = false, false
	h.leave()
	if h.official {
		h.journal, h.order = map[string]*entry{}, nil
	}
	h.w.after(h.w.upTo(d), h.start)
}

// living returns f for this life of the agent.
func (h *host) living(f func()) func() {
	life := h.life
	return func() {
		if h.alive && h.life == life {
			f()
		}
	}
}

// poll asks for a command, unless it does already.
func (h *host) poll() {
	if h.polling {
		return
	}
	if h.w.once(h.w.mood.away * 20) {
		h.die(40 * time.Minute)
		return
	}
	h.polling = true
	h.w.send(request{
		from: h.name, what: "poll",
		serve: func(s *server) func() {
			cmd, err := s.control.PollHostCommand(context.Background(), ns, h.arn())
			asked := time.Now()
			if cmd != nil {
				h.w.rules.handedOut(h, *cmd)
			}
			life := s.life
			return h.living(func() { h.polled(s, life, asked, cmd, err) })
		},
		lost: h.living(func() { h.pollAgain(h.w.upTo(10 * time.Second)) }),
	})
}

func (h *host) polled(s *server, life int, asked time.Time, cmd *deploy.HostCommand, err error) {
	switch {
	case err != nil:
		h.w.log(h.name, "poll: %v", err)
		h.pollAgain(10*time.Second + h.w.upTo(time.Minute))
	case cmd != nil:
		h.polling = false
		h.accept(*cmd)
		h.w.ambush(cmd.DeploymentID)
		h.poll()
	case !s.up || s.life != life:
		h.pollAgain(h.w.upTo(5 * time.Second))
	default:
		h.park(s, asked)
	}
}

// pollAgain polls after a while.
func (h *host) pollAgain(d time.Duration) {
	h.leave()
	h.w.after(d, h.living(func() {
		h.polling = false
		h.poll()
	}))
}

// park leaves the poll waiting at the server: until it is told of a command, or
// the poll has been held for long enough. A poll that nobody can tell anything
// is not repeated in vain every 45 s of virtual time.
func (h *host) park(s *server, asked time.Time) {
	h.parked = s
	h.told, h.forget = s.store.Subscribe(store.TopicHost(store.HostKey(ns, h.arn())))
	if h.hint.After(asked) {
		h.expect()
	}
	if h.w.watched {
		h.calls()
	}
}

// calls ends the present poll soon if the host has something to do: servers that
// notice silent hosts do not hold such a poll for long.
func (h *host) calls() {
	poll := h.told
	h.w.after(8*time.Second+h.w.upTo(4*time.Second), h.living(func() {
		if h.told != poll || h.parked == nil {
			return
		}
		if h.w.model.waiting() {
			h.pollAgain(0)
		} else {
			h.calls()
		}
	}))
}

// leave ends the wait of the poll.
func (h *host) leave() {
	if h.parked != nil {
		h.forget()
		h.parked, h.told, h.forget = nil, nil, nil
	}
}

// available hears that a command of this host can be handed out at a time.
func (h *host) available(at time.Time) {
	h.hint = at
	if at.Before(time.Now()) {
		h.hint = time.Now()
	}
	if h.parked != nil {
		h.expect()
	}
}

// expect ends the present poll in time to see the command that the host has a
// hint of: when another replica tells this one of it, or when the poll has been
// held for long enough.
func (h *host) expect() {
	poll, late := h.told, hold
	if h.w.replicas > 1 && !h.w.once(10) {
		late = 200 * time.Millisecond // the replicas tell each other
	}
	h.w.after(max(time.Until(h.hint), 0)+h.w.upTo(late), h.living(func() {
		if h.told == poll && h.parked != nil {
			h.pollAgain(0)
		}
	}))
}

// hear notices that the server told its poll of a command.
func (h *host) hear() {
	if h.parked == nil {
		return
	}
	select {
	case <-h.told:
		h.pollAgain(0)
	default:
	}
}

// disconnected is the end of a server at which the poll may wait.
func (h *host) disconnected(s *server) {
	if h.parked == s {
		h.pollAgain(h.w.upTo(5 * time.Second))
	}
}

// accept takes a command that was handed out.
func (h *host) accept(cmd deploy.HostCommand) {
	e, known := h.journal[cmd.ID]
	switch {
	case !known:
		e = &entry{id: cmd.ID, event: cmd.Event}
		h.journal[cmd.ID] = e
		h.order = append(h.order, cmd.ID)
		h.w.log(h.name, "takes %s", cmd.ID)
		h.acknowledge(e)
	case e.busy:
	case e.stage == done:
		h.report(e)
	}
}

// acknowledge says that the host takes the command, until it is answered.
func (h *host) acknowledge(e *entry) {
	e.busy = true
	in := control.Acknowledgement{CommandID: e.id, Noop: h.noop(e.event)}
	if !h.official {
		in.Token = "token of " + h.name
	}
	h.w.send(request{
		from: h.name, what: "acknowledge " + e.id,
		serve: func(s *server) func() {
			status, err := s.control.AcknowledgeHostCommand(context.Background(), ns, h.arn(), in)
			if err == nil {
				h.w.rules.acknowledged(h, e.id, status)
			}
			return h.living(func() { h.acknowledged(e, status, err) })
		},
		lost: h.living(func() { h.w.after(h.w.upTo(10*time.Second), h.living(func() { h.acknowledge(e) })) }),
	})
}

// noop reports whether the revision has no script for the event: always the
// same in a world.
func (h *host) noop(event string) bool {
	return event != deploy.DownloadBundle && event != deploy.Install && uint64(len(event))%4 == h.w.seed%4
}

func (h *host) acknowledged(e *entry, status protocol.CommandStatus, err error) {
	h.w.log(h.name, "%s: %s %s", e.id, status, says(err))
	switch {
	case err != nil && deploy.CodeOf(err) == "":
		h.w.after(h.w.upTo(10*time.Second), h.living(func() { h.acknowledge(e) }))
	case err != nil || status != protocol.StatusInProgress:
		e.stage, e.reported, e.busy = done, true, false // it is over, or not for us
	default:
		h.execute(e)
	}
}

// execute runs the scripts of a command.
func (h *host) execute(e *entry) {
	e.stage = running
	h.ran[e.id]++
	if h.ran[e.id] > 1 {
		h.w.violated("nothing runs twice", "%s executes %s again", h.name, e.id)
	}
	h.w.rules.worksOn(h, e.id, e.event)
	m := h.w.mood
	takes, status := h.w.upTo(20*time.Second), protocol.StatusSucceeded
	switch {
	case h.w.once(m.hangs):
		takes += h.w.upTo(3 * time.Hour)
	case h.w.once(m.agentDies):
		h.w.after(takes, h.living(func() {
			h.w.saw("an agent dies in a script")
			h.die(20 * time.Minute)
		}))
		takes += time.Second // never comes
	case h.w.once(m.scripts):
		status = protocol.StatusFailed
	}
	if h.w.once(20) {
		h.w.after(takes/2, h.living(func() { h.progress(e) }))
	}
	h.w.after(takes, h.living(func() { h.finish(e, status) }))
}

// progress tells how far a command is.
func (h *host) progress(e *entry) {
	h.w.send(request{
		from: h.name, what: "progress of " + e.id,
		serve: func(s *server) func() {
			_, _ = s.control.UpdateHostCommand(context.Background(), ns, h.arn(), e.id, nil, nil)
			return func() {}
		},
		lost: func() {},
	})
}

// finish notes a result and reports it.
func (h *host) finish(e *entry, status protocol.CommandStatus) {
	e.stage, e.status = done, status
	h.results[e.id] = status
	h.report(e)
}

// report says how a command ended, until it is answered.
func (h *host) report(e *entry) {
	e.busy = true
	h.w.send(request{
		from: h.name, what: fmt.Sprintf("report %s: %s", e.id, e.status),
		serve: func(s *server) func() {
			err := s.control.CompleteHostCommand(context.Background(), ns, h.arn(),
				control.Completion{CommandID: e.id, Status: e.status})
			if err == nil {
				h.w.rules.reported(h, e.id)
			}
			return h.living(func() { h.reportAnswered(e, err) })
		},
		lost: h.living(func() { h.w.after(h.w.upTo(10*time.Second), h.living(func() { h.report(e) })) }),
	})
}

func (h *host) reportAnswered(e *entry, err error) {
	h.w.log(h.name, "%s: reported %s %s", e.id, e.status, says(err))
	if err != nil && deploy.CodeOf(err) == "" {
		h.w.after(h.w.upTo(10*time.Second), h.living(func() { h.report(e) }))
		return
	}
	e.reported, e.busy = true, false
	if h.w.once(h.w.mood.doubled * 4) {
		h.w.log(h.name, "%s: reports once more", e.id)
		h.report(e) // an agent that is not sure
	}
}

// says is an error for the trace.
func says(err error) string {
	if err == nil {
		return ""
	}
	return "(" + err.Error() + ")"
}

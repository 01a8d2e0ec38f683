package simulation

import (
	"context"
	"slices"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/alarm"
)

// alarms is a source of alarms that does what its script says.
type alarms struct {
	states map[string]deploy.AlarmState
	everOn map[string]bool
	fails  error // what asking for any of them fails with
}

const alarmPeriod = 10 * time.Second

// alarmNames are the alarms there are; a group may name another one.
var alarmNames = []string{"errors", "latency"}

// addAlarms makes the source. In some worlds its alarms change now and then.
func (w *world) addAlarms() {
	w.alarms = &alarms{states: map[string]deploy.AlarmState{}, everOn: map[string]bool{}}
	for _, name := range alarmNames {
		w.alarms.states[name] = deploy.AlarmOK
	}
	w.changeAlarms()
}

func (w *world) changeAlarms() {
	if w.mood.alarms == 0 {
		return
	}
	w.after(w.upTo(w.mood.alarms), func() {
		name := alarmNames[w.rand.IntN(len(alarmNames))]
		states := []deploy.AlarmState{deploy.AlarmOK, deploy.AlarmOK, deploy.AlarmOn, deploy.AlarmInsufficient}
		w.alarms.states[name] = states[w.rand.IntN(len(states))]
		w.alarms.everOn[name] = w.alarms.everOn[name] || w.alarms.states[name] == deploy.AlarmOn
		w.alarms.fails = nil
		if w.once(6) {
			w.alarms.fails = alarm.ErrThrottled
		}
		w.log("alarms", "%s is %s, %v", name, w.alarms.states[name], w.alarms.fails)
		w.changeAlarms()
	})
}

// States is what the engine asks.
func (a *alarms) States(_ context.Context, _ deploy.Namespace, names []string) (map[string]deploy.AlarmState, error) {
	if a.fails != nil {
		return nil, a.fails
	}
	states := map[string]deploy.AlarmState{}
	for _, name := range names {
		if s, known := a.states[name]; known {
			states[name] = s
		}
	}
	return states, nil
}

// alarmSetting is the alarms of a group or deployment, mostly none.
func (w *world) alarmSetting() *deploy.Alarms {
	if !w.once(4) {
		return nil
	}
	a := &deploy.Alarms{Enabled: !w.once(6), IgnorePollFailure: w.once(2), Names: alarmNames[:1+w.rand.IntN(len(alarmNames))]}
	if w.once(10) {
		a.Names = append([]string{"unheard of"}, a.Names...)
	}
	return a
}

// watchAlarms is the server's poller of alarms: it has its turn each period,
// and when it is told of a new deployment. A round that can find nothing new is
// not simulated.
func (s *server) watchAlarms() {
	life := s.life
	s.w.after(s.w.upTo(alarmPeriod)+alarmPeriod/2, func() {
		if s.up && s.life == life {
			if s.w.unread() {
				s.pollAlarms()
			}
			s.watchAlarms()
		}
	})
}

// pollAlarms is a round of the poller.
func (s *server) pollAlarms() {
	if s.polling || s.stalled {
		return
	}
	s.polling = true
	life := s.life
	_, err := s.engine.PollAlarms(context.Background())
	if !s.up || s.life != life {
		return
	}
	s.polling = false
	if err != nil {
		s.w.log(s.name, "alarms: %v", err)
	}
}

// unread reports whether the alarms of a deployment are not as they were last
// read.
func (w *world) unread() bool {
	for _, d := range w.model.active {
		if d.WatchesAlarms() && (d.readingText == "" || !w.alarms.are(d)) {
			return true
		}
	}
	return false
}

// are reports whether the alarms are as they were last read for a deployment.
func (a *alarms) are(d *deployment) bool {
	active, readable := 0, a.fails == nil
	for _, name := range d.Alarms.Names {
		s, known := a.states[name]
		readable = readable && known
		if s == deploy.AlarmOn {
			active++
			if a.fails == nil && !slices.Contains(d.reading.Active, name) {
				return false
			}
		}
	}
	if a.fails != nil {
		active = 0
	}
	return active == len(d.reading.Active) && readable == (d.reading.Unreadable == nil)
}

// hearOfAlarms notices that a deployment is new whose alarms nobody has read.
func (s *server) hearOfAlarms() {
	select {
	case <-s.toldOfAlarms:
		life := s.life
		s.w.after(s.w.lag(), func() {
			if s.up && s.life == life {
				s.pollAlarms()
			}
		})
	default:
	}
}

// ---- rules ----

// read checks a reading that was stored.
func (r *rules) read(d *deployment, text string) {
	if text == "" || text == d.readingText {
		return
	}
	d.readingText, d.reading = text, parse[deploy.AlarmReading](text)
	for _, name := range d.reading.Active {
		if !r.w.alarms.everOn[name] {
			r.broken("alarms are never made up", "%s was read as active for %s", name, d.ID)
		}
	}
	if d.alarmed() && d.Ending == nil {
		r.w.saw("a deployment learns of an alarm")
	}
}

// alarmed reports whether an alarm of the deployment was active when they were
// last read. One that is queued does not mind yet.
func (d *deployment) alarmed() bool { return len(d.reading.Active) > 0 && d.Status != deploy.Queued }

// checkAlarmed: a deployment that has learnt of an alarm does not succeed.
func (r *rules) checkAlarmed(d *deployment) {
	if d.alarmed() && d.Status == deploy.Succeeded && (!d.removing() || d.alarmedInTime) {
		r.broken("alarms stop deployments", "%s is Succeeded, though it learnt of an alarm", d.ID)
	}
	if d.Error != nil && d.Error.Code == deploy.AlarmActive && d.Creator == deploy.CreatorRollback {
		r.broken("alarms do not stop rollbacks", "%s is stopped", d.ID)
	}
}

package store

import (
	"maps"
	"slices"
	"sync"
)

// TopicDeployments is told when a deployment has something new for the engine.
const TopicDeployments = "deployments"

// TopicAlarms is told when there is a deployment whose alarms nobody has read
// yet.
const TopicAlarms = "alarms"

// TopicAudit is told when a record was added to the audit.
const TopicAudit = "audit"

// TopicHost is told when a command for this host can be handed out.
func TopicHost(host string) string { return "host " + host }

// Notify tells the subscribers of a topic once the transaction is on disk.
func (t *Tx) Notify(topic string) { t.topics = append(t.topics, topic) }

// Subscribe returns a channel that receives when the topic is told, and a
// function that ends the subscription. Several tellings before the channel is
// read are one.
func (s *Store) Subscribe(topic string) (<-chan struct{}, func()) { return s.hub.subscribe(topic) }

// hub hands notifications to the subscribers in this process.
type hub struct {
	mu   sync.Mutex
	subs map[string]map[chan struct{}]bool
}

func (h *hub) subscribe(topic string) (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.subs == nil {
		h.subs = map[string]map[chan struct{}]bool{}
	}
	if h.subs[topic] == nil {
		h.subs[topic] = map[chan struct{}]bool{}
	}
	h.subs[topic][c] = true
	return c, func() { h.unsubscribe(topic, c) }
}

func (h *hub) unsubscribe(topic string, c chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.subs[topic], c)
	if len(h.subs[topic]) == 0 {
		delete(h.subs, topic)
	}
}

func (h *hub) publish(topics []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, topic := range topics {
		for c := range h.subs[topic] {
			select {
			case c <- struct{}{}:
			default: // one is waiting already
			}
		}
	}
}

// publishAll tells every subscriber.
func (h *hub) publishAll() {
	h.mu.Lock()
	topics := slices.Collect(maps.Keys(h.subs))
	h.mu.Unlock()
	h.publish(topics)
}

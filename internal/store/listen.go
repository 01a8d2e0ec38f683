package store

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel is where processes tell each other topics. A notification is the id
// of its sender, a blank and the topic; it leaves with the commit of the
// transaction that it is about, so neither is there without the other.
const channel = "slipway"

// listener brings what other processes tell to the hub of this one. It needs a
// connection of its own.
type listener struct {
	id     string // of this process, whose own notifications it has already
	config *pgx.ConnConfig
	hub    *hub
	stop   context.CancelFunc
	ended  chan struct{}
}

const (
	// silence is how long a connection may be quiet before it is asked whether
	// it is still there.
	silence = 20 * time.Second
	// answerTime is how long it has for that answer.
	answerTime = 5 * time.Second
	// reconnectPause is the pause between two attempts to connect.
	reconnectPause = 200 * time.Millisecond
)

// listen starts a listener. It hears what is told from its return on.
func listen(ctx context.Context, config *pgx.ConnConfig, h *hub) (*listener, error) {
	conn, err := subscribe(ctx, config)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.Background())
	l := &listener{id: rand.Text(), config: config, hub: h, stop: stop, ended: make(chan struct{})}
	go l.run(running, conn)
	return l, nil
}

func subscribe(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		hangUp(conn)
		return nil, err
	}
	return conn, nil
}

func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // it is not needed any more, whatever it says
}

func (l *listener) close() {
	l.stop()
	<-l.ended
}

// run passes on what is told until ctx ends. After a connection was lost it
// tells every subscriber, because nobody knows what was told meanwhile.
func (l *listener) run(ctx context.Context, conn *pgx.Conn) {
	defer close(l.ended)
	for {
		l.hear(ctx, conn)
		hangUp(conn)
		if conn = l.reconnect(ctx); conn == nil {
			return
		}
		l.hub.publishAll()
	}
}

// hear returns when the connection is lost or ctx ends.
func (l *listener) hear(ctx context.Context, conn *pgx.Conn) {
	for {
		quiet, cancel := context.WithTimeout(ctx, silence)
		told, err := conn.WaitForNotification(quiet)
		nothing := quiet.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			if sender, topic, _ := strings.Cut(told.Payload, " "); sender != l.id {
				l.hub.publish([]string{topic})
			}
		case !nothing || !answers(ctx, conn):
			return
		}
	}
}

func answers(ctx context.Context, conn *pgx.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	return conn.Ping(ctx) == nil
}

// reconnect returns a connection that listens, or nil when ctx has ended.
func (l *listener) reconnect(ctx context.Context) *pgx.Conn {
	for ctx.Err() == nil {
		conn, err := subscribe(ctx, l.config)
		if err == nil {
			return conn
		}
		select {
		case <-ctx.Done():
		case <-time.After(reconnectPause):
		}
	}
	return nil
}

// tellOthers tells the other processes the topics of a transaction, once it is
// committed.
func (s *Store) tellOthers(t *Tx) error {
	if s.events == nil || len(t.topics) == 0 {
		return nil
	}
	slices.Sort(t.topics)
	t.topics = slices.Compact(t.topics)
	_, err := t.exec(`SELECT pg_notify($1, $2 || ' ' || topic) FROM unnest($3::text[]) AS topic`,
		channel, s.events.id, t.topics)
	return err
}

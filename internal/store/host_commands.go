package store

import (
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
)

// HostKey is the topic and column value for a host: identifiers are unique
// only within a namespace.
func HostKey(ns deploy.Namespace, hostIdentifier string) string {
	return ns.Account + " " + ns.Region + " " + hostIdentifier
}

// InsertCommand makes a command available to its host.
func (t *Tx) InsertCommand(c deploy.HostCommand) error {
	host := HostKey(c.Namespace, c.HostIdentifier)
	_, err := t.exec(`INSERT INTO host_commands (id, deployment_id, host, live, available_at, issued_at, reported, doc)
		VALUES ($1, $2, $3, $4, $5, $5, 0, $6)`,
		c.ID, c.DeploymentID, host, flag(c.State.Live()), ms(c.CreatedAt), doc(c))
	if err == nil {
		t.Notify(TopicHost(host))
	}
	return err
}

// Command returns a host command.
func (t *Tx) Command(id string) (deploy.HostCommand, error) {
	return one[deploy.HostCommand](t, t.locked(`SELECT doc FROM host_commands WHERE id = $1`, waiting), id)
}

// NextCommand returns the oldest command that can be handed to a host now:
// ready, and not handed out in the last seconds.
func (t *Tx) NextCommand(ns deploy.Namespace, hostIdentifier string, now time.Time) (deploy.HostCommand, error) {
	return one[deploy.HostCommand](t, t.locked(`SELECT doc FROM host_commands
		WHERE host = $1 AND live = 1 AND available_at <= $2 ORDER BY available_at, id LIMIT 1`, skipping),
		HostKey(ns, hostIdentifier), ms(now))
}

// NextAvailable returns when a command of the host can be handed out (again);
// ErrNotFound when it has none to wait for.
func (t *Tx) NextAvailable(ns deploy.Namespace, hostIdentifier string) (time.Time, error) {
	at, err := t.number(`SELECT available_at FROM host_commands
		WHERE host = $1 AND live = 1 AND available_at < $2 ORDER BY available_at LIMIT 1`,
		HostKey(ns, hostIdentifier), never)
	return time.UnixMilli(at), err
}

// SaveCommand writes a command. A ready one can be handed out when its lease
// is over, any other one never again.
func (t *Tx) SaveCommand(c deploy.HostCommand) error {
	_, err := t.exec(`UPDATE host_commands SET live = $1, available_at = $2, silent = $3, doc = $4 WHERE id = $5`,
		flag(c.State.Live()), availableAt(c), flag(c.Silence != nil), doc(c), c.ID)
	return err
}

func availableAt(c deploy.HostCommand) int64 {
	if c.State == deploy.CommandReady {
		return max(ms(c.CreatedAt), msOf(c.LeasedUntil))
	}
	return never
}

// ReleaseLeases makes every command that was handed out and not acknowledged
// available again at once.
func (t *Tx) ReleaseLeases() error {
	_, err := t.exec(`UPDATE host_commands SET available_at = 0 WHERE live = 1 AND available_at < $1`, never)
	return err
}

// ReportCommand writes what a host said of a command, for the engine to see:
// its deployment is due. That is not written on the deployment's row, or a
// thousand hosts of one deployment would wait for each other, and the engine
// for them.
func (t *Tx) ReportCommand(c deploy.HostCommand) error {
	_, err := t.exec(`UPDATE host_commands SET live = $1, available_at = $2, silent = $3, reported = 1, doc = $4 WHERE id = $5`,
		flag(c.State.Live()), availableAt(c), flag(c.Silence != nil), doc(c), c.ID)
	t.Notify(TopicDeployments)
	return err
}

// TakeReports returns the commands of a deployment on which hosts reported
// since the last call. They are taken when the transaction is on disk.
func (t *Tx) TakeReports(deploymentID string) ([]deploy.HostCommand, error) {
	// In one statement: a host may report again between two.
	reports, err := many[deploy.HostCommand](t, `UPDATE host_commands SET reported = 0
		WHERE deployment_id = $1 AND reported = 1 RETURNING doc`, deploymentID)
	slices.SortFunc(reports, func(a, b deploy.HostCommand) int { return strings.Compare(a.ID, b.ID) })
	return reports, err
}

// CancelCommand ends a command for the server: a later report of its host
// changes nothing.
func (t *Tx) CancelCommand(id string) error {
	c, err := t.Command(id)
	if err != nil {
		return err
	}
	if !c.State.Live() {
		return nil
	}
	c.State = deploy.CommandCancelled
	return t.SaveCommand(c)
}

// RunningCommands returns how many commands of a deployment its hosts have
// acknowledged and not completed.
func (t *Tx) RunningCommands(deploymentID string) (int, error) {
	live, err := many[deploy.HostCommand](t, `SELECT doc FROM host_commands
		WHERE deployment_id = $1 AND live = 1`, deploymentID)
	n := 0
	for _, c := range live {
		if c.State == deploy.CommandRunning {
			n++
		}
	}
	return n, err
}

package store

import "github.com/slipwayhq/slipway/internal/deploy"

// PutInstance adds an on-premises instance or replaces the record of its name;
// ErrExists when another registered instance has its IAM identity.
func (t *Tx) PutInstance(i deploy.Instance) error {
	_, err := t.exec(`INSERT INTO instances (account, region, name, host_identifier, registered, doc)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (account, region, name) DO UPDATE
		SET host_identifier = excluded.host_identifier, registered = excluded.registered, doc = excluded.doc`,
		i.Account, i.Region, i.Name, i.HostIdentifier(), flag(i.Registered()), doc(i))
	return err
}

// Instance returns the newest record of that name, registered or not.
func (t *Tx) Instance(ns deploy.Namespace, name string) (deploy.Instance, error) {
	return one[deploy.Instance](t, `SELECT doc FROM instances WHERE account = $1 AND region = $2 AND name = $3`,
		ns.Account, ns.Region, name)
}

// InstanceByIdentity returns the registered instance whose agent signs as
// hostIdentifier.
func (t *Tx) InstanceByIdentity(ns deploy.Namespace, hostIdentifier string) (deploy.Instance, error) {
	return one[deploy.Instance](t, `SELECT doc FROM instances
		WHERE account = $1 AND region = $2 AND host_identifier = $3 AND registered = 1`,
		ns.Account, ns.Region, hostIdentifier)
}

// Instances returns up to limit records with a name behind after, in order.
func (t *Tx) Instances(ns deploy.Namespace, after string, limit int) ([]deploy.Instance, error) {
	return many[deploy.Instance](t, `SELECT doc FROM instances
		WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`,
		ns.Account, ns.Region, after, limit)
}

// RegisteredInstances returns all registered instances in the order of their
// names.
func (t *Tx) RegisteredInstances(ns deploy.Namespace) ([]deploy.Instance, error) {
	return many[deploy.Instance](t, `SELECT doc FROM instances
		WHERE account = $1 AND region = $2 AND registered = 1 ORDER BY name`, ns.Account, ns.Region)
}

package store

import "github.com/slipwayhq/slipway/internal/deploy"

// GroupHosts returns what a group remembers of its hosts, by host.
func (t *Tx) GroupHosts(groupID string) (map[string]deploy.GroupHost, error) {
	hosts, err := many[deploy.GroupHost](t, `SELECT doc FROM group_hosts WHERE group_id = $1`, groupID)
	if err != nil {
		return nil, err
	}
	out := make(map[string]deploy.GroupHost, len(hosts))
	for _, h := range hosts {
		out[h.Host] = h
	}
	return out, nil
}

// GroupHost returns what a group remembers of a host.
func (t *Tx) GroupHost(groupID, host string) (deploy.GroupHost, error) {
	return one[deploy.GroupHost](t, `SELECT doc FROM group_hosts WHERE group_id = $1 AND host = $2`, groupID, host)
}

// PutGroupHost replaces what a group remembers of a host.
func (t *Tx) PutGroupHost(h deploy.GroupHost) error {
	_, err := t.exec(`INSERT INTO group_hosts (group_id, host, doc) VALUES ($1, $2, $3)
		ON CONFLICT (group_id, host) DO UPDATE SET doc = excluded.doc`, h.GroupID, h.Host, doc(h))
	return err
}

package store

import (
	"strings"

	"github.com/slipwayhq/slipway/internal/iam"
)

// PutInlinePolicy adds a policy to its owner or replaces it.
func (t *Tx) PutInlinePolicy(o iam.Owner, p iam.InlinePolicy) error {
	_, err := t.exec(`INSERT INTO inline_policies (account, owner, folded, name, document) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, owner, folded, name) DO UPDATE SET document = excluded.document`,
		o.Account, string(o.Kind), strings.ToLower(o.Name), p.Name, p.Document)
	return err
}

// InlinePolicies returns the policies of an owner by name.
func (t *Tx) InlinePolicies(o iam.Owner) ([]iam.InlinePolicy, error) {
	rows, err := t.query(`SELECT name, document FROM inline_policies
		WHERE account = $1 AND owner = $2 AND folded = $3 ORDER BY name`, o.Account, string(o.Kind), strings.ToLower(o.Name))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []iam.InlinePolicy
	for rows.Next() {
		var p iam.InlinePolicy
		if err := rows.Scan(&p.Name, &p.Document); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// DeleteInlinePolicy removes a policy of an owner.
func (t *Tx) DeleteInlinePolicy(o iam.Owner, name string) error {
	return t.deleted(t.exec(`DELETE FROM inline_policies WHERE account = $1 AND owner = $2 AND folded = $3 AND name = $4`,
		o.Account, string(o.Kind), strings.ToLower(o.Name), name))
}

// InsertPolicy adds a managed policy; ErrExists when the name is taken.
func (t *Tx) InsertPolicy(p iam.ManagedPolicy) error {
	_, err := t.exec(`INSERT INTO managed_policies (account, folded, name, path, doc) VALUES ($1, $2, $3, $4, $5)`,
		p.AccountID, strings.ToLower(p.Name), p.Name, p.Path, doc(p))
	return err
}

// SavePolicy replaces the record of a managed policy; name and path stay.
func (t *Tx) SavePolicy(p iam.ManagedPolicy) error {
	_, err := t.exec(`UPDATE managed_policies SET doc = $1 WHERE account = $2 AND folded = $3`,
		doc(p), p.AccountID, strings.ToLower(p.Name))
	return err
}

// Policy returns the managed policy of that name.
func (t *Tx) Policy(account, name string) (iam.ManagedPolicy, error) {
	return one[iam.ManagedPolicy](t, `SELECT doc FROM managed_policies WHERE account = $1 AND folded = $2`,
		account, strings.ToLower(name))
}

// Policies is as [Tx.Users].
func (t *Tx) Policies(account, pathPrefix, after string, limit int) ([]iam.ManagedPolicy, error) {
	return many[iam.ManagedPolicy](t, `SELECT doc FROM managed_policies
		WHERE account = $1 AND substr(path, 1, $2) = $3 AND name > $4 ORDER BY name LIMIT $5`,
		account, len(pathPrefix), pathPrefix, after, limit)
}

// DeletePolicy removes a managed policy.
func (t *Tx) DeletePolicy(account, name string) error {
	return t.deleted(t.exec(`DELETE FROM managed_policies WHERE account = $1 AND folded = $2`, account, strings.ToLower(name)))
}

// AttachPolicy gives an owner a managed policy. To do so again is no change.
func (t *Tx) AttachPolicy(o iam.Owner, arn string) error {
	_, err := t.exec(`INSERT INTO policy_attachments (account, owner, folded, arn) VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, owner, folded, arn) DO NOTHING`, o.Account, string(o.Kind), strings.ToLower(o.Name), arn)
	return err
}

// DetachPolicy takes a managed policy away; ErrNotFound when the owner has it
// not.
func (t *Tx) DetachPolicy(o iam.Owner, arn string) error {
	return t.deleted(t.exec(`DELETE FROM policy_attachments WHERE account = $1 AND owner = $2 AND folded = $3 AND arn = $4`,
		o.Account, string(o.Kind), strings.ToLower(o.Name), arn))
}

// AttachedPolicies returns the ARNs of an owner's managed policies, in order.
func (t *Tx) AttachedPolicies(o iam.Owner) ([]string, error) {
	return t.texts(`SELECT arn FROM policy_attachments WHERE account = $1 AND owner = $2 AND folded = $3 ORDER BY arn`,
		o.Account, string(o.Kind), strings.ToLower(o.Name))
}

// Attachments counts the owners in an account that have a managed policy.
func (t *Tx) Attachments(account, arn string) (int, error) {
	n, err := t.number(`SELECT count(*) FROM policy_attachments WHERE account = $1 AND arn = $2`, account, arn)
	return int(n), err
}

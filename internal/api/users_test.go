package api_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/slipwayhq/slipway/internal/api"
	"github.com/slipwayhq/slipway/internal/iam"
)

// memUsers is the store of the tests.
type memUsers struct {
	mu       sync.Mutex
	users    []iam.User // by name
	keys     []iam.AccessKey
	policies map[string][]iam.UserPolicy // by user, then name
}

var _ api.UserStore = (*memUsers)(nil)

func (m *memUsers) find(account, name string) (int, error) {
	i := slices.IndexFunc(m.users, func(u iam.User) bool { return u.AccountID == account && u.Name == name })
	if i < 0 {
		return i, iam.ErrNotFound
	}
	return i, nil
}

func (m *memUsers) AccessKey(_ context.Context, id string) (iam.AccessKey, iam.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.keys {
		if k.ID == id {
			i, err := m.find(k.AccountID, k.UserName)
			return k, m.users[i], err
		}
	}
	return iam.AccessKey{}, iam.User{}, iam.ErrNotFound
}

func (m *memUsers) CreateUser(_ context.Context, u iam.User) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.users, func(o iam.User) bool { return strings.EqualFold(o.Name, u.Name) }) {
		return iam.ErrExists
	}
	m.users = append(m.users, u)
	slices.SortFunc(m.users, func(a, b iam.User) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func (m *memUsers) User(_ context.Context, account, name string) (iam.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(account, name)
	if err != nil {
		return iam.User{}, err
	}
	return m.users[i], nil
}

func (m *memUsers) Users(_ context.Context, _, prefix, after string, limit int) ([]iam.User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []iam.User
	for _, u := range m.users {
		if strings.HasPrefix(u.Path, prefix) && u.Name > after && len(list) < limit {
			list = append(list, u)
		}
	}
	return list, nil
}

func (m *memUsers) DeleteUser(_ context.Context, account, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i, err := m.find(account, name)
	if err != nil {
		return err
	}
	if len(m.policies[name]) > 0 || len(m.keysOf(name)) > 0 {
		return iam.ErrInUse
	}
	m.users = slices.Delete(m.users, i, i+1)
	return nil
}

func (m *memUsers) keysOf(user string) []iam.AccessKey {
	var list []iam.AccessKey
	for _, k := range m.keys {
		if k.UserName == user {
			k.Secret = ""
			list = append(list, k)
		}
	}
	return list
}

func (m *memUsers) CreateAccessKey(_ context.Context, k iam.AccessKey) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find(k.AccountID, k.UserName); err != nil {
		return err
	}
	if len(m.keysOf(k.UserName)) >= iam.MaxAccessKeys {
		return iam.ErrLimit
	}
	m.keys = append(m.keys, k)
	return nil
}

func (m *memUsers) AccessKeys(_ context.Context, account, user string) ([]iam.AccessKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.find(account, user)
	return m.keysOf(user), err
}

func (m *memUsers) DeleteAccessKey(_ context.Context, _, user, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.IndexFunc(m.keys, func(k iam.AccessKey) bool { return k.UserName == user && k.ID == id })
	if i < 0 {
		return iam.ErrNotFound
	}
	m.keys = slices.Delete(m.keys, i, i+1)
	return nil
}

func (m *memUsers) PutPolicy(_ context.Context, account, user string, p iam.UserPolicy) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find(account, user); err != nil {
		return err
	}
	if m.policies == nil {
		m.policies = map[string][]iam.UserPolicy{}
	}
	others := slices.DeleteFunc(m.policies[user], func(o iam.UserPolicy) bool { return o.Name == p.Name })
	m.policies[user] = append(others, p)
	return nil
}

func (m *memUsers) Policies(_ context.Context, account, user string) ([]iam.UserPolicy, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.find(account, user)
	return slices.Clone(m.policies[user]), err
}

func (m *memUsers) DeletePolicy(_ context.Context, _, user, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.policies[user])
	m.policies[user] = slices.DeleteFunc(m.policies[user], func(p iam.UserPolicy) bool { return p.Name == name })
	if len(m.policies[user]) == before {
		return iam.ErrNotFound
	}
	return nil
}

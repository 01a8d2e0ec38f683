package local

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

func newID() string { return deploy.NewUUID() }

// get returns the record of a function.
func (f *Functions) get(k key) (*record, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	r := f.records[k]
	if r == nil || r.Deleted {
		return nil, notFound("Function not found: %s", arn(k))
	}
	return r, nil
}

// change replaces the record of a function by what do makes of a copy of it.
// The change is on disk before anybody sees it.
func (f *Functions) change(k key, do func(*record) error) error {
	f.changing.Lock()
	defer f.changing.Unlock()
	old, err := f.get(k)
	if err != nil {
		return err
	}
	r := old.clone()
	if err := do(r); err != nil {
		return err
	}
	return f.replace(r)
}

func (f *Functions) replace(r *record) error {
	if err := f.save(r); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records[r.key()] = r
	return nil
}

// Create makes a function of an archive. With publish it has a version 1, or
// the next one if there has been a function of that name.
func (f *Functions) Create(ns deploy.Namespace, name string, c Config, archive []byte, publish bool) (Function, error) {
	k := key{ns, name}
	if !namePattern.MatchString(name) || !scopePattern.MatchString(ns.Account) || !scopePattern.MatchString(ns.Region) {
		return Function{}, invalid("%.200q is not a name for a function: it must have 1 to 64 letters, digits, - or _", name)
	}
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return Function{}, err
	}
	exists := conflict("Function already exist: %s", name)
	if _, err := f.get(k); err == nil {
		return Function{}, exists
	}
	code, err := f.store(archive)
	if err != nil {
		return Function{}, err
	}
	f.changing.Lock()
	defer f.changing.Unlock()
	if _, err := f.get(k); err == nil {
		return Function{}, exists
	}
	r := &record{Key: ns, Name: name, Aliases: map[string]Alias{}}
	f.mu.RLock()
	if before := f.records[k]; before != nil {
		r.Last = before.Last
	}
	f.mu.RUnlock()
	now := time.Now().UTC()
	r.Latest = Version{Number: Latest, Config: c, Code: code, RevisionID: newID(), ModifiedAt: now}
	v := r.Latest
	if publish {
		v = r.publish("", now, newID)
	}
	return r.function(v), f.replace(r)
}

func (r *record) function(v Version) Function { return Function{r.Key, r.Name, v, r.Reserved} }

// UpdateCode gives Latest other code. RevisionID, if it is not empty, must
// still be Latest's.
func (f *Functions) UpdateCode(ns deploy.Namespace, name, revisionID string, archive []byte, publish bool) (Function, error) {
	k := key{ns, name}
	if _, err := f.get(k); err != nil {
		return Function{}, err
	}
	code, err := f.store(archive)
	if err != nil {
		return Function{}, err
	}
	return f.updateLatest(k, revisionID, publish, func(v *Version) error {
		v.Code = code
		return nil
	})
}

// UpdateConfig changes how Latest runs.
func (f *Functions) UpdateConfig(ns deploy.Namespace, name, revisionID string, edit func(*Config)) (Function, error) {
	return f.updateLatest(key{ns, name}, revisionID, false, func(v *Version) error {
		v.Config.Environment = maps.Clone(v.Config.Environment)
		edit(&v.Config)
		return v.Config.check()
	})
}

func (f *Functions) updateLatest(k key, revisionID string, publish bool, edit func(*Version) error) (updated Function, err error) {
	err = f.change(k, func(r *record) error {
		if err := checkRevision(revisionID, r.Latest.RevisionID); err != nil {
			return err
		}
		if err := edit(&r.Latest); err != nil {
			return err
		}
		now := time.Now().UTC()
		r.Latest.RevisionID, r.Latest.ModifiedAt = newID(), now
		v := r.Latest
		if publish {
			v = r.publish("", now, newID)
		}
		updated = r.function(v)
		return nil
	})
	if err == nil {
		f.pool.retire(func(t target) bool { return t.key == k && t.version.Number == Latest })
	}
	return updated, err
}

// checkRevision compares the id that a caller has seen with the one that is.
func checkRevision(seen, is string) error {
	if seen != "" && seen != is {
		return stale("The RevisionId provided does not match the latest RevisionId. Call the GetFunction or the GetAlias API to retrieve the latest RevisionId")
	}
	return nil
}

// Publish makes a version of what Latest is. If nothing has changed since the
// last one, that is the answer.
func (f *Functions) Publish(ns deploy.Namespace, name, description, revisionID, codeSHA256 string) (published Function, err error) {
	err = f.change(key{ns, name}, func(r *record) error {
		if err := checkRevision(revisionID, r.Latest.RevisionID); err != nil {
			return err
		}
		if codeSHA256 != "" && codeSHA256 != r.Latest.Code.Base64() {
			return invalid("CodeSHA256 (%.100s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.",
				codeSHA256, r.Latest.Code.Base64())
		}
		published = r.function(r.publish(description, time.Now().UTC(), newID))
		return nil
	})
	return published, err
}

// Base64 is the hash as Lambda writes it.
func (c Code) Base64() string {
	sum, _ := hex.DecodeString(c.SHA256) // it is one
	return base64.StdEncoding.EncodeToString(sum)
}

// Get returns a function in the version that a qualifier names. That of an
// alias is the one that has no weight.
func (f *Functions) Get(ns deploy.Namespace, name, qualifier string) (Function, error) {
	r, err := f.get(key{ns, name})
	if err != nil {
		return Function{}, err
	}
	v, err := r.resolve(qualifier, 1)
	return r.function(v), err
}

// List returns the functions of a namespace by name.
func (f *Functions) List(ns deploy.Namespace) (list []Function) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for k, r := range f.records {
		if k.Namespace == ns && !r.Deleted {
			list = append(list, r.function(r.Latest))
		}
	}
	slices.SortFunc(list, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Versions returns Latest and the published versions of a function.
func (f *Functions) Versions(ns deploy.Namespace, name string) ([]Function, error) {
	r, err := f.get(key{ns, name})
	if err != nil {
		return nil, err
	}
	list := []Function{r.function(r.Latest)}
	for _, v := range r.Versions {
		list = append(list, r.function(v))
	}
	return list, nil
}

// Delete removes a function, or one of its versions that no alias routes to.
func (f *Functions) Delete(ns deploy.Namespace, name, qualifier string) error {
	k := key{ns, name}
	err := f.change(k, func(r *record) error {
		if qualifier == "" {
			*r = record{Key: r.Key, Name: r.Name, Deleted: true, Last: r.Last}
			return nil
		}
		if qualifier == Latest {
			return invalid("$LATEST version cannot be deleted without deleting the function.")
		}
		if _, err := r.version(qualifier); err != nil {
			return err
		}
		if aliases := r.referring(qualifier); len(aliases) > 0 {
			return conflict("Version of the function is in use by the aliases %s: let them route to another version first", strings.Join(aliases, ", "))
		}
		r.Versions = slices.DeleteFunc(r.Versions, func(v Version) bool { return v.Number == qualifier })
		return nil
	})
	if err == nil {
		f.pool.retire(func(t target) bool {
			return t.key == k && (qualifier == "" || t.version.Number == qualifier)
		})
	}
	return err
}

// SetConcurrency limits how many invocations of a function run at one time.
// Nil: the server's limit. Zero stops the function.
func (f *Functions) SetConcurrency(ns deploy.Namespace, name string, limit *int) error {
	if limit != nil && *limit < 0 {
		return invalid("ReservedConcurrentExecutions must not be negative")
	}
	return f.change(key{ns, name}, func(r *record) error {
		r.Reserved = limit
		return nil
	})
}

// CreateAlias makes an alias.
func (f *Functions) CreateAlias(ns deploy.Namespace, name string, a Alias) (Alias, error) {
	if err := checkAliasName(a.Name); err != nil {
		return Alias{}, err
	}
	err := f.change(key{ns, name}, func(r *record) error {
		if _, known := r.Aliases[a.Name]; known {
			return conflict("Alias already exists: %s:%s", arn(r.key()), a.Name)
		}
		if err := r.checkAlias(a); err != nil {
			return err
		}
		a.Alias = a.Normal()
		a.RevisionID = newID()
		r.Aliases[a.Name] = a
		return nil
	})
	return a, err
}

// GetAlias returns an alias.
func (f *Functions) GetAlias(ns deploy.Namespace, name, alias string) (Alias, error) {
	r, err := f.get(key{ns, name})
	if err != nil {
		return Alias{}, err
	}
	return r.alias(alias)
}

// EditAlias changes an alias. RevisionID, if it is not empty, must still be
// the alias's.
func (f *Functions) EditAlias(ns deploy.Namespace, name, alias, revisionID string, edit func(*Alias)) (changed Alias, err error) {
	err = f.change(key{ns, name}, func(r *record) error {
		a, err := r.alias(alias)
		if err != nil {
			return err
		}
		if err := checkRevision(revisionID, a.RevisionID); err != nil {
			return err
		}
		a.Weights = maps.Clone(a.Weights)
		edit(&a)
		if err := r.checkAlias(a); err != nil {
			return err
		}
		a.Alias = a.Normal()
		a.RevisionID = newID()
		r.Aliases[alias], changed = a, a
		return nil
	})
	return changed, err
}

// Aliases returns the aliases of a function by name, or those that route to a
// version.
func (f *Functions) Aliases(ns deploy.Namespace, name, version string) ([]Alias, error) {
	r, err := f.get(key{ns, name})
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(r.Aliases))
	if version != "" {
		names = r.referring(version)
	}
	list := make([]Alias, len(names))
	for i, n := range names {
		list[i] = r.Aliases[n]
	}
	return list, nil
}

// DeleteAlias removes an alias, if it is there.
func (f *Functions) DeleteAlias(ns deploy.Namespace, name, alias string) error {
	return f.change(key{ns, name}, func(r *record) error {
		delete(r.Aliases, alias)
		return nil
	})
}

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, 3)
	c.Memory = cmp.Or(c.Memory, 128)
	return c
}

// maxEnvironment is how many bytes the environment variables of a function may
// have as JSON.
const maxEnvironment = 4 << 10

// check applies Lambda's limits, and says what this machine cannot run.
func (c Config) check() error {
	if c.Timeout < 1 || c.Timeout > 900 {
		return invalid("Timeout must be from 1 to 900 seconds, not %d", c.Timeout)
	}
	if c.Memory < 128 || c.Memory > 10_240 {
		return invalid("MemorySize must be from 128 to 10240 MB, not %d", c.Memory)
	}
	if len(c.Description) > 256 {
		return invalid("Description must have at most 256 characters")
	}
	for name, value := range c.Environment {
		if !variablePattern.MatchString(name) || reserved(name) {
			return invalid("Lambda was unable to configure your environment variables because the environment variables you have "+
				"provided contains reserved keys that are currently not supported for modification or are no names. Reserved keys used in this request: %.100s", name)
		}
		if strings.Contains(value, "\x00") {
			return invalid("The environment variable %.100s has a zero byte", name)
		}
	}
	if text, err := json.Marshal(c.Environment); err != nil || len(text) > maxEnvironment {
		return invalid("Lambda was unable to configure your environment variables because the environment variables you have provided "+
			"exceeded the %d bytes limit.", maxEnvironment)
	}
	_, err := command(c, "", "")
	return err
}

var _ function.Service = (*Functions)(nil)

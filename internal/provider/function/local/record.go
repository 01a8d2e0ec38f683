package local

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/provider/function"
)

// Latest is the version that can still be changed.
const Latest = "$LATEST"

// Config is how a version runs, besides its code.
type Config struct {
	Description string
	Runtime     string
	Handler     string
	Role        string // kept and compared; a function has no rights by it
	Timeout     int    // seconds
	Memory      int    // MB; told to the function, not enforced
	Environment map[string]string
}

func (c Config) same(o Config) bool {
	return c.Description == o.Description && c.Runtime == o.Runtime && c.Handler == o.Handler && c.Role == o.Role &&
		c.Timeout == o.Timeout && c.Memory == o.Memory && maps.Equal(c.Environment, o.Environment)
}

// Code is an archive that was unpacked.
type Code struct {
	SHA256 string // of the zip file, hexadecimal: its folder's name
	Size   int64  // of the zip file, bytes
}

// Version is one state of a function: Latest, or one that was published and
// never changes.
type Version struct {
	Number     string // Latest, or from 1
	Config     Config
	Code       Code
	RevisionID string
	ModifiedAt time.Time
}

// Alias is a name for a version, or for two with a share each.
type Alias struct {
	Name        string
	Description string
	function.Alias
}

// Function is what Get returns.
type Function struct {
	deploy.Namespace
	Name    string
	Version Version
	// Reserved is the function's own limit on how many invocations run at one
	// time. Nil: the server's.
	Reserved *int
}

// ARN names the function, without a version.
func (f Function) ARN() string { return arn(key{f.Namespace, f.Name}) }

func arn(k key) string { return "arn:aws:lambda:" + k.Region + ":" + k.Account + ":function:" + k.name }

// record is all there is of a function. A deleted one stays, so that no number
// of a version is used twice.
type record struct {
	Key       deploy.Namespace
	Name      string
	Deleted   bool `json:",omitempty"`
	Last      int  // the highest number that a version has had
	Latest    Version
	Versions  []Version // published, by number
	Aliases   map[string]Alias
	Reserved  *int   `json:",omitempty"`
	Variables string `json:",omitempty"` // sealed: environment variables by version, as JSON
}

func (r *record) key() key { return key{r.Key, r.Name} }

func (r *record) clone() *record {
	c := *r
	c.Versions, c.Aliases = slices.Clone(r.Versions), maps.Clone(r.Aliases)
	if c.Aliases == nil {
		c.Aliases = map[string]Alias{}
	}
	return &c
}

// version returns a version by number.
func (r *record) version(number string) (Version, error) {
	if number == "" || number == Latest {
		return r.Latest, nil
	}
	for _, v := range r.Versions {
		if v.Number == number {
			return v, nil
		}
	}
	return Version{}, notFound("Function not found: %s:%s", arn(r.key()), number)
}

// alias returns an alias by name.
func (r *record) alias(name string) (Alias, error) {
	a, known := r.Aliases[name]
	if !known {
		return a, notFound("Cannot find alias arn: %s:%s", arn(r.key()), name)
	}
	return a, nil
}

// resolve returns the version that a qualifier means, now and for one
// invocation: draw, from 0 up to 1, falls on one of an alias's versions.
func (r *record) resolve(qualifier string, draw float64) (Version, error) {
	if a, known := r.Aliases[qualifier]; known {
		number := a.Version
		for other, weight := range a.Weights { // there is one at most
			if draw < weight {
				number = other
			}
		}
		return r.version(number)
	}
	return r.version(qualifier)
}

// publish makes a version of what Latest is, unless that is the last version
// already.
func (r *record) publish(description string, now time.Time, newID func() string) Version {
	v := r.Latest
	if description != "" {
		v.Config.Description = description
	}
	if n := len(r.Versions); n > 0 {
		last := r.Versions[n-1]
		was := last.Config
		if description == "" {
			was.Description = v.Config.Description // it was described when it was published
		}
		if last.Code == v.Code && was.same(v.Config) {
			return last
		}
	}
	r.Last++
	v.Number, v.RevisionID, v.ModifiedAt = strconv.Itoa(r.Last), newID(), now
	r.Versions = append(r.Versions, v)
	return v
}

// checkAlias applies Lambda's rules for what an alias may route to.
func (r *record) checkAlias(a Alias) error {
	primary, err := r.version(a.Version)
	if err != nil {
		return err
	}
	if len(a.Weights) > 1 {
		return invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for number, weight := range a.Weights {
		switch other, err := r.version(number); {
		case !(weight >= 0 && weight <= 1): // not a number is neither
			return invalid("The weight of version %s must be from 0.0 to 1.0, not %g", number, weight)
		case a.Version == Latest || number == Latest:
			return invalid("$LATEST is not supported for an alias pointing to more than 1 version")
		case number == a.Version:
			return invalid("Invalid function version %s. Function version %s is already included in routing configuration.", number, number)
		case errors.Is(err, function.ErrNotFound):
			return invalid("The function has no version %s to give a weight to", number)
		case err != nil:
			return err
		case other.Config.Role != primary.Config.Role:
			return invalid("The versions %s and %s of an alias must have the same execution role", a.Version, number)
		}
	}
	return nil
}

// referring names the aliases that route to a version.
func (r *record) referring(number string) (names []string) {
	for name, a := range r.Aliases {
		if _, weighted := a.Weights[number]; weighted || a.Version == number {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

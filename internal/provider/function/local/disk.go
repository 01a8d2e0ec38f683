package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// load reads all records.
func (f *Functions) load() (map[key]*record, error) {
	records := map[key]*record{}
	root := f.path(stateDir)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r := &record{}
		if err = json.Unmarshal(text, r); err == nil {
			err = f.unseal(r)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		records[r.key()] = r
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the functions: %w", err)
	}
	return records, nil
}

// save writes a record; it is on disk when save returns.
func (f *Functions) save(r *record) error {
	sealed, err := f.seal(r)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(sealed, "", "\t")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(f.path(stateDir), r.Key.Account, r.Key.Region, r.Name+".json"), text)
}

// seal returns a record with its environment variables sealed.
func (f *Functions) seal(r *record) (*record, error) {
	if f.opts.Secrets == nil {
		return r, nil
	}
	s := r.clone()
	variables := map[string]map[string]string{}
	take := func(v *Version) {
		if len(v.Config.Environment) > 0 {
			variables[v.Number] = v.Config.Environment
			v.Config.Environment = nil
		}
	}
	take(&s.Latest)
	for i := range s.Versions {
		take(&s.Versions[i])
	}
	if s.Variables = ""; len(variables) == 0 {
		return s, nil
	}
	text, err := json.Marshal(variables)
	s.Variables = f.opts.Secrets.Seal(arn(r.key()), string(text))
	return s, err
}

func (f *Functions) unseal(r *record) error {
	if r.Variables == "" {
		return nil
	}
	if f.opts.Secrets == nil {
		return errors.New("the environment variables are sealed, and there is no key")
	}
	text, err := f.opts.Secrets.Open(arn(r.key()), r.Variables)
	if err != nil {
		return fmt.Errorf("the environment variables cannot be read: %w", err)
	}
	variables := map[string]map[string]string{}
	if err := json.Unmarshal([]byte(text), &variables); err != nil {
		return err
	}
	r.Variables = ""
	r.Latest.Config.Environment = variables[Latest]
	for i := range r.Versions {
		r.Versions[i].Config.Environment = variables[r.Versions[i].Number]
	}
	return nil
}

// writeFile replaces a file as a whole. It is on disk when writeFile returns.
func writeFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	if err = errors.Join(err, temp.Sync(), temp.Close()); err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return syncDir(dir)
}

// syncDir puts the names in a folder on disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

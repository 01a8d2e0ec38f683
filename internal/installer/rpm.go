package installer

import (
	"bytes"
	"fmt"

	"github.com/google/rpmpack"
)

// rpmArchs are RPM's names of the machines.
var rpmArchs = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// rpm packs an RPM package.
func (p Package) rpm() ([]byte, error) {
	other, err := rpmpack.NewRelation(p.other())
	if err != nil {
		return nil, err
	}
	r, err := rpmpack.NewRPM(rpmpack.RPMMetaData{
		Name: p.Name, Version: p.packageVersion(), Release: release, Arch: rpmArchs[p.Arch], OS: "linux",
		Summary: summary, Description: description, URL: homepage, Licence: "Apache-2.0", Packager: maintainer,
		BuildHost: "localhost", BuildTime: p.Time, Epoch: rpmpack.NoEpoch, Compressor: "gzip:6",
		Conflicts: rpmpack.Relations{other},
	})
	if err != nil {
		return nil, err
	}
	for _, f := range p.files() {
		kind := rpmpack.GenericFile
		if f.config {
			kind = rpmpack.ConfigFile | rpmpack.NoReplaceFile
		}
		r.AddFile(rpmpack.RPMFile{
			Name: f.path, Body: f.body, Mode: uint(f.mode), Owner: "root", Group: "root",
			MTime: uint32(p.Time.Unix()), Type: kind,
		})
	}
	r.AddPostin(p.script(postinst))
	r.AddPreun(p.script(prerm))
	r.AddPostun(p.script(postrm))
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		return nil, fmt.Errorf("cannot pack the RPM: %w", err)
	}
	return out.Bytes(), nil
}

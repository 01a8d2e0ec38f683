package installer

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5" //nolint:gosec // the format has it
	"errors"
	"fmt"
	"strings"
)

// deb is a Debian package. Where its data is lets a shell take it out.
type deb struct {
	content              []byte
	dataOffset, dataSize int
}

// deb packs a Debian package.
func (p Package) deb() (d deb, err error) {
	files := p.files()
	control, err := p.archive(p.controlFiles(files))
	if err != nil {
		return d, err
	}
	data, err := p.archive(files)
	if err != nil {
		return d, err
	}
	out := bytes.NewBufferString("!<arch>\n")
	p.member(out, "debian-binary", []byte("2.0\n"))
	p.member(out, "control.tar.gz", control)
	d.dataOffset, d.dataSize = out.Len()+memberHeader, len(data)
	p.member(out, "data.tar.gz", data)
	d.content = out.Bytes()
	return d, nil
}

const memberHeader = 60

// member appends a member of an ar archive.
func (p Package) member(out *bytes.Buffer, name string, content []byte) {
	fmt.Fprintf(out, "%-16s%-12d%-6d%-6d%-8o%-10d`\n", name, p.Time.Unix(), 0, 0, 0o100644, len(content))
	out.Write(content)
	if len(content)%2 == 1 {
		out.WriteByte('\n')
	}
}

// archive packs files, with the folders above them, as root's.
func (p Package) archive(files []file) ([]byte, error) {
	var out bytes.Buffer
	gz := gzip.NewWriter(&out) // more effort takes thrice the time for one byte of a hundred
	tw := tar.NewWriter(gz)
	add := func(name string, kind byte, mode int64, body []byte) error {
		h := &tar.Header{
			Name: "." + name, Typeflag: kind, Mode: mode, Size: int64(len(body)),
			ModTime: p.Time, Uname: "root", Gname: "root", Format: tar.FormatGNU,
		}
		if err := tw.WriteHeader(h); err != nil {
			return err
		}
		_, err := tw.Write(body)
		return err
	}
	err := add("/", tar.TypeDir, 0o755, nil)
	for _, dir := range folders(files) {
		err = errors.Join(err, add(dir+"/", tar.TypeDir, 0o755, nil))
	}
	for _, f := range files {
		err = errors.Join(err, add(f.path, tar.TypeReg, f.mode, f.body))
	}
	err = errors.Join(err, tw.Close(), gz.Close())
	return out.Bytes(), err
}

// controlFiles are what dpkg reads and runs.
func (p Package) controlFiles(files []file) []file {
	var size int
	var sums, conffiles strings.Builder
	for _, f := range files {
		size += len(f.body)
		fmt.Fprintf(&sums, "%x  %s\n", md5.Sum(f.body), strings.TrimPrefix(f.path, "/")) //nolint:gosec // as above
		if f.config {
			fmt.Fprintln(&conffiles, f.path)
		}
	}
	control := fmt.Sprintf("Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\nInstalled-Size: %d\n"+
		"Conflicts: %s\nReplaces: %[6]s\nSection: admin\nPriority: optional\nHomepage: %s\nDescription: %s\n %s\n",
		p.Name, p.packageVersion(), p.Arch, maintainer, (size+1023)/1024, p.other(), homepage, summary, description)
	return []file{
		{path: "/conffiles", mode: 0o644, body: []byte(conffiles.String())},
		{path: "/control", mode: 0o644, body: []byte(control)},
		{path: "/md5sums", mode: 0o644, body: []byte(sums.String())},
		{path: "/postinst", mode: 0o755, body: []byte(p.script(postinst))},
		{path: "/postrm", mode: 0o755, body: []byte(p.script(postrm))},
		{path: "/prerm", mode: 0o755, body: []byte(p.script(prerm))},
	}
}

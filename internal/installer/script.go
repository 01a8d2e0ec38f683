package installer

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/slipwayhq/slipway/internal/agent/service"
)

//go:embed install.sh
var installScript string

// interpreter is the script's first line.
const interpreter = "#!/bin/sh\n"

// writeScript writes the installer: a script that holds the packages as text,
// so that it can come by a pipe too. The endpoint is what the agent serves if
// its host is told nothing else.
func writeScript(w io.Writer, binaries []Binary, endpoint string) error {
	var archs []string
	var places strings.Builder
	var packed []encoded
	for _, b := range binaries {
		p, err := b.Package(service.OfficialName)
		if err != nil {
			return err
		}
		d, err := p.deb()
		if err != nil {
			return err
		}
		r, err := p.rpm()
		if err != nil {
			return err
		}
		archs = append(archs, b.Arch)
		fmt.Fprintf(&places, "\t%s) offset=%d size=%d ;;\n", b.Arch, d.dataOffset+1, d.dataSize)
		packed = append(packed, encoded{"deb-" + b.Arch, d.content}, encoded{"rpm-" + b.Arch, r})
	}
	before, after, _ := strings.Cut(installScript, "@CASES@")
	fill := strings.NewReplacer("@ENDPOINT@", endpoint, "@ARCHS@", strings.Join(archs, " "), "@PLACES@", places.String())
	out := bufio.NewWriter(w)
	_, _ = out.WriteString(interpreter + fill.Replace(before)) // Flush tells
	for _, e := range packed {
		e.write(out)
	}
	_, _ = out.WriteString(fill.Replace(after))
	return out.Flush()
}

// encoded is a package in the script.
type encoded struct {
	name    string
	content []byte
}

// write writes the branch of the script that prints the package.
func (e encoded) write(out *bufio.Writer) {
	const width = 76 // what base64 itself writes on a line
	text := base64.StdEncoding.EncodeToString(e.content)
	fmt.Fprintf(out, "\t%s)\n\t\tbase64 -d <<'END'\n", e.name)
	for len(text) > 0 {
		n := min(width, len(text))
		_, _ = out.WriteString(text[:n] + "\n") // Flush tells
		text = text[n:]
	}
	_, _ = out.WriteString("END\n\t\t;;\n")
}

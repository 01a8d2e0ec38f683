// Command mkpackages makes the deb and rpm packages of the agent, each under
// its own name and under that of the official agent, from programs for Linux.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/slipwayhq/slipway/internal/agent/service"
	"github.com/slipwayhq/slipway/internal/installer"
)

func main() {
	out := flag.String("out", "dist", "folder for the packages")
	version := flag.String("version", "", "version, such as v1.2.3 (default: the one in the program)")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: mkpackages [-out DIR] [-version V] PROGRAM...")
		os.Exit(2)
	}
	for _, path := range flag.Args() {
		if err := pack(path, *out, *version); err != nil {
			fmt.Fprintln(os.Stderr, "mkpackages:", err)
			os.Exit(1)
		}
	}
}

// pack makes all packages of one program.
func pack(path, out, version string) error {
	b, err := installer.ReadBinary(path)
	if err != nil {
		return err
	}
	if version != "" {
		b.Version = version
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, name := range []string{service.Name, service.OfficialName} {
		p, err := b.Package(name)
		if err != nil {
			return err
		}
		for _, kind := range []installer.Kind{installer.Deb, installer.RPM} {
			content, err := p.Pack(kind)
			if err != nil {
				return err
			}
			file := filepath.Join(out, p.FileName(kind))
			if err := os.WriteFile(file, content, 0o644); err != nil {
				return err
			}
			fmt.Println(file)
		}
	}
	return nil
}

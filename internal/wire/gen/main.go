// Command gen writes the Go types of package wire from its model file. It is
// run by go generate in the folder of that package.
package main

import (
	"log"
	"os"
)

const (
	modelFile = "model.txt"
	goFile    = "codedeploy_gen.go"
)

func main() {
	log.SetFlags(0)
	text, err := os.ReadFile(modelFile)
	if err != nil {
		log.Fatal(err)
	}
	source, err := generate(string(text))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(goFile, source, 0o644); err != nil {
		log.Fatal(err)
	}
}

// generate returns the Go source for the text of a model file.
func generate(text string) ([]byte, error) {
	m, err := parse(text)
	if err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m.source()
}

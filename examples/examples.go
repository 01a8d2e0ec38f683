// Package examples holds the example applications, so that the demo has them
// wherever the program runs.
package examples

import "embed"

// Web is a small web application, in the folder "web".
//
//go:embed web
var Web embed.FS

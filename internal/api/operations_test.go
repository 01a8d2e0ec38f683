package api

import (
	"reflect"
	"testing"

	"github.com/slipwayhq/slipway/internal/wire"
)

// TestTableFitsTheModel catches a handler under the wrong name, one with
// another operation's input, and an answer where the API has none.
func TestTableFitsTheModel(t *testing.T) {
	table := CodeDeploy(nil, Pager{}).Operations
	for name, op := range table {
		model, ok := wire.Lookup(name)
		if !ok {
			t.Errorf("the API has no operation %s", name)
			continue
		}
		if got, want := reflect.TypeOf(op.newInput()), reflect.TypeOf(model.NewInput()); got != want {
			t.Errorf("%s takes %v, want %v", name, got, want)
		}
		if op.hasOutput != model.HasOutput {
			t.Errorf("%s: has an output: %v, want %v", name, op.hasOutput, model.HasOutput)
		}
	}
	for _, name := range wire.OperationNames() {
		if _, ok := table[name]; !ok {
			t.Errorf("not implemented: %s", name)
		}
	}
}

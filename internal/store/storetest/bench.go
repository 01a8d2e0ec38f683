package storetest

import (
	"fmt"
	"testing"

	"github.com/slipwayhq/slipway/internal/deploy"
	"github.com/slipwayhq/slipway/internal/store"
)

// Bench measures what a call of CreateDeployment writes and what one of
// GetDeployment reads.
func Bench(b *testing.B, s *store.Store) {
	b.Run("CreateDeployment", func(b *testing.B) {
		if err := s.Update(b.Context(), insertApplication(shop)); err != nil {
			b.Fatal(err)
		}
		n := 0
		for b.Loop() {
			n++
			err := s.Update(b.Context(), func(tx *store.Tx) error {
				d := deployment(fmt.Sprint("d-", n), fmt.Sprint("g", n), n)
				r := deploy.RegisteredRevision{Namespace: ns, ApplicationID: shop.ID, Revision: d.Revision, RegisteredAt: d.CreatedAt}
				if err := tx.PutRevision(r); err != nil {
					return err
				}
				return tx.InsertDeployment(d)
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("GetDeployment", func(b *testing.B) {
		for b.Loop() {
			err := s.View(b.Context(), func(tx *store.Tx) error {
				_, err := tx.Deployment("d-1")
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

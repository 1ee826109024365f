package app

import (
	"time"

	"realname/ratelimit/velocity/local"
)

// openVelocities makes the engine of sliding windows: of this process, filled from the ledger.
func (g *gateway) openVelocities() (err error) {
	g.velocities, err = local.New(local.Options{Source: g.store, Now: time.Now})
	return err
}

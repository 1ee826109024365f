package redis

import (
	"context"

	"realname/ratelimit/velocity"
)

// InSequence sends the scripts of a hold one after another to where their keys lie, and nothing else: the floor of
// holds in Cluster.
func (e *Engine) InSequence(ctx context.Context, h velocity.Hold) error {
	for _, g := range e.groups(h.Limits) {
		c, err := e.servers.cluster.MasterForKey(ctx, g.keys[0])
		if err != nil {
			return err
		}
		digest, err := e.servers.server(c.Options().Addr, c).script(ctx)
		if err != nil {
			return err
		}
		if err := c.EvalSha(ctx, digest, g.keys, e.question(opHold, h.ID, h.TTL, g)).Err(); err != nil {
			return err
		}
	}
	return nil
}

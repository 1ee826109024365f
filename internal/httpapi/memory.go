package httpapi

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	"realname/compliance"
)

// What a body costs in memory, in multiples of its length.
const (
	costJSON = 3 // the text, its decoded strings, and the photos behind their base64
	costRaw  = 2 // a buffer that is copied while it grows
)

const defaultBodyMemory = 256 << 20

// hold takes the memory that the body of a request may cost, before a byte of
// it is read, and waits for it until the request's context ends. It is called
// once for a request; letGo gives the memory back.
func (a *API) hold(c echo.Context, limit, cost int64) error {
	size := c.Request().ContentLength
	if size > limit {
		return refuseLarge(limitDetail(limit))
	}
	if size < 0 {
		size = limit // not announced
	}
	// A body larger than all there is must pass alone.
	weight := min(size*cost, a.o.BodyMemory)
	if weight == 0 {
		return nil
	}
	if ctx := c.Request().Context(); !a.memory.TryAcquire(weight) {
		err := a.memory.Acquire(ctx, weight)
		if errors.Is(err, context.DeadlineExceeded) {
			return compliance.E(compliance.FaultUnavailable, "busy", "too many large bodies at once")
		}
		if err != nil {
			return err
		}
	}
	c.Set(keyHeld, weight)
	return nil
}

// letGo gives back the memory of a body when its request is answered.
func (a *API) letGo(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		defer func() {
			if weight, ok := c.Get(keyHeld).(int64); ok {
				a.memory.Release(weight)
			}
		}()
		return next(c)
	}
}

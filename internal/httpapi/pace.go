package httpapi

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/verify"
)

// pace counts the request on its tenant and tells how many are left, in the fields of the IETF's draft
// draft-ietf-httpapi-ratelimit-headers-10.
func (a *API) pace(c echo.Context, who verify.Caller) error {
	if a.o.Pace == nil {
		return nil
	}
	v := a.o.Pace.Take(c.Request().Context(), who.TenantID)
	h := c.Response().Header()
	h.Set("RateLimit-Policy", fmt.Sprintf(`"tenant";q=%d;w=%d`, v.Limit, seconds(v.Window)))
	h.Set("RateLimit", fmt.Sprintf(`"tenant";r=%d;t=%d`, v.Remaining, seconds(v.Reset)))
	if v.Allowed {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(max(1, seconds(v.Retry))))
	return compliance.E(compliance.FaultTooMany, "too_many_requests", "the tenant makes more requests than its share")
}

// seconds are whole ones, rounded up: who waits them has waited enough.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

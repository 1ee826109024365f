package httpapi

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/compliance/auditlog"
)

// checkpoint serves the newest signed checkpoint; it changes, so nobody may keep it.
func (a *API) checkpoint(c echo.Context) error {
	text, err := a.o.Log.Checkpoint(c.Request().Context())
	if errors.Is(err, auditlog.ErrNotYet) {
		return compliance.E(compliance.FaultNotFound, "checkpoint_not_ready", "the log has no checkpoint yet")
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", text)
}

// tile serves tiles and entry bundles. They never change; whoever keeps them is behind the credential.
func (a *API) tile(c echo.Context) error {
	data, err := a.o.Log.Tile(c.Request().Context(), "tile/"+c.Param("*"))
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, echo.MIMEOctetStream, data)
}

package httpapi

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/semaphore"

	"realname/compliance"
	"realname/ratelimit/request"
)

//go:embed openapi.yaml
var specification []byte

// Specification is the OpenAPI 3.1 document of the API, in YAML.
func Specification() []byte { return bytes.Clone(specification) }

// Options are what an API is made of. All are needed but Probes, Pace, RequestTimeout and BodyMemory.
type Options struct {
	Service     Service
	Log         Log
	Clauses     Clauses
	Credentials Credentials
	Probes      []Probe
	Registry    *prometheus.Registry // of the process; served at /metrics
	Logger      *slog.Logger
	Now         func() time.Time
	IDs         *compliance.IDs
	// Pace bounds how fast one tenant may ask; nil does not.
	Pace *request.Limiter
	// RequestTimeout bounds one request, uploads included; 50 s when zero.
	RequestTimeout time.Duration
	// BodyMemory bounds what request bodies and what is decoded from them may take at once, in bytes; 256 MiB when zero.
	BodyMemory int64
}

// API is the HTTP handler. It is safe for concurrent use.
type API struct {
	o      Options
	echo   *echo.Echo
	keys   *keyCache
	memory *semaphore.Weighted
	routes map[string]bool // the templates that may stand in a log line or a label

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	problems *prometheus.CounterVec
}

// New makes the handler and registers its metrics.
func New(o Options) (*API, error) {
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = 50 * time.Second
	}
	if o.BodyMemory <= 0 {
		o.BodyMemory = defaultBodyMemory
	}
	a := &API{
		o: o, echo: echo.New(), keys: newKeyCache(o.Credentials, o.Now), memory: semaphore.NewWeighted(o.BodyMemory),
		routes: map[string]bool{},
	}
	if err := a.measure(); err != nil {
		return nil, err
	}
	a.echo.HideBanner = true
	a.echo.HTTPErrorHandler = func(err error, c echo.Context) { a.fail(c, err) }
	a.echo.Use(a.identify, a.observe, a.guard, a.letGo)
	a.route()
	for _, r := range a.echo.Routes() {
		a.routes[r.Path] = true
	}
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.echo.ServeHTTP(w, r) }

func (a *API) route() {
	e := a.echo
	e.GET("/healthz", a.health)
	e.GET("/readyz", a.ready)
	e.GET("/metrics", echo.WrapHandler(promhttp.HandlerFor(a.o.Registry, promhttp.HandlerOpts{})))
	e.GET("/openapi.yaml", a.openapi)

	// Middleware stands at each route: a group's would answer 404 where 405 is right.
	e.GET("/v1/audit/checkpoint", a.checkpoint, a.authenticate, a.allow(compliance.RoleTenant, compliance.RoleRegulator))
	// The leaves are those of all tenants, so no tenant may read them.
	e.GET("/v1/audit/tile/*", a.tile, a.authenticate, a.allow(compliance.RoleRegulator))

	tenants := []echo.MiddlewareFunc{a.authenticate, a.allow(compliance.RoleTenant), a.attempts}
	e.POST("/v1/verifications", a.createVerification, tenants...)
	e.GET("/v1/verifications", a.findVerification, tenants...)
	e.GET("/v1/verifications/:id", a.getVerification, tenants...)
	e.POST("/v1/verifications/:id/evidence", a.addEvidence, tenants...)
	e.GET("/v1/verifications/:id/receipt", a.getReceipt, tenants...)
	e.POST("/v1/verifications/:id/disclosures", a.discloseField, tenants...)
	e.GET("/v1/verifications/:id/explanation", a.getExplanation, tenants...)
	e.POST("/v1/verifications/:id/objections", a.fileObjection, tenants...)
	e.GET("/v1/objections", a.listObjections, tenants...)
	e.GET("/v1/objections/:id", a.getObjection, tenants...)
	e.POST("/v1/objections/:id/resolve", a.resolveObjection, tenants...)
	e.POST("/v1/evidence", a.createEvidence, tenants...)
	e.POST("/v1/evidence/:id/disclosures", a.createDisclosure, tenants...)
	e.POST("/v1/openings", a.createOpening, tenants...)
	e.POST("/v1/openings/import", a.importOpenings, tenants...)
	e.GET("/v1/openings/:id", a.getOpening, tenants...)
	e.POST("/v1/openings/:id/confirm", a.confirmOpening, tenants...)
	e.POST("/v1/openings/:id/release", a.step(Service.Release), tenants...)
	e.POST("/v1/openings/:id/activate", a.step(Service.Activate), tenants...)
	e.POST("/v1/openings/:id/suspend", a.step(Service.Suspend), tenants...)
	e.POST("/v1/openings/:id/resume", a.step(Service.Resume), tenants...)
	e.POST("/v1/openings/:id/replace", a.renew(Service.Replace), tenants...)
	e.POST("/v1/openings/:id/reclass", a.renew(Service.Reclass), tenants...)
	e.POST("/v1/openings/:id/close", a.closeOpening, tenants...)
	e.POST("/v1/stock", a.loadStock, tenants...)
	e.GET("/v1/stock/:id", a.getStock, tenants...)
	e.POST("/v1/stock/reconciliations", a.reconcileStock, tenants...)
	e.GET("/v1/stock/reconciliations/:id", a.getReconciliation, tenants...)
	e.PUT("/v1/stock/baselines/:family", a.putBaseline, tenants...)
	e.POST("/v1/quota-exceptions", a.createException, tenants...)
	e.GET("/v1/quota-exceptions/:id", a.getException, tenants...)
	e.POST("/v1/quota-exceptions/:id/approve", a.approveException, tenants...)
	e.POST("/v1/limits", a.showLimits, tenants...)
	e.POST("/v1/numbers/check", a.checkNumber, tenants...)
	e.POST("/v1/photos/check", a.checkPhoto, tenants...)

	// A phone client comes with a one-time token instead of a key, and may do nothing but this.
	uploaders := []echo.MiddlewareFunc{a.authenticateUpload, a.attempts}
	e.HEAD("/v1/evidence/:id", a.headEvidence, uploaders...)
	e.PATCH("/v1/evidence/:id", a.patchEvidence, uploaders...)
}

func (a *API) health(c echo.Context) error {
	return a.json(c, http.StatusOK, healthAnswer{Status: "ok"})
}

type healthAnswer struct {
	Status string `json:"status"`
}

type readyAnswer struct {
	Status       string             `json:"status"`
	Dependencies []dependencyAnswer `json:"dependencies"`
}

type dependencyAnswer struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Ready    bool   `json:"ready"`
}

// readyTimeout bounds all probes of one question together.
const readyTimeout = 2 * time.Second

func (a *API) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTimeout)
	defer cancel()
	out := readyAnswer{Status: "ready", Dependencies: []dependencyAnswer{}}
	status := http.StatusOK
	for _, p := range a.o.Probes {
		err := p.Check(ctx)
		if err != nil {
			a.o.Logger.WarnContext(ctx, "dependency not ready", "dependency", p.Name, "cause", scrub(err.Error()))
			if p.Required {
				out.Status, status = "not_ready", http.StatusServiceUnavailable
			}
		}
		out.Dependencies = append(out.Dependencies, dependencyAnswer{Name: p.Name, Required: p.Required, Ready: err == nil})
	}
	return a.json(c, status, out)
}

func (a *API) openapi(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml", specification)
}

func (a *API) json(c echo.Context, status int, v any) error {
	return a.write(c, status, echo.MIMEApplicationJSON, v)
}

// write encodes before it sends, so that an answer is whole or is an error.
func (a *API) write(c echo.Context, status int, mediaType string, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Language", languageOf(c.Request()))
	h.Add("Vary", "Accept-Language")
	return c.Blob(status, mediaType, buf.Bytes())
}

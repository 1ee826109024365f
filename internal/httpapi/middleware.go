package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/text/language"

	"realname/compliance"
	"realname/verify"
)

// Keys of what one request carries in its echo.Context.
const (
	keyRequest = "request"
	keyCaller  = "caller"
	keyUpload  = "upload"
	keyCode    = "code"
	keyHeld    = "held"
)

// prefixRequest marks the id of a request: it is in every answer and log line, and in no ledger.
const prefixRequest compliance.Prefix = "req"

const headerRequestID = "X-Request-Id"

// identify gives the request an id of our own, a deadline and the headers that
// every answer has. An id that the client sends is not trusted.
func (a *API) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := a.o.IDs.New(prefixRequest)
		c.Set(keyRequest, id)
		h := c.Response().Header()
		h.Set(headerRequestID, id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if c.Request().TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		ctx, cancel := context.WithTimeout(c.Request().Context(), a.o.RequestTimeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// observe writes the access log line and the metrics; it sees the final status.
func (a *API) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begin := a.o.Now()
		if err := next(c); err != nil {
			c.Error(err)
		}
		took := a.o.Now().Sub(begin)
		status, method, route := c.Response().Status, methodOf(c.Request()), a.routeOf(c)
		a.requests.WithLabelValues(method, route, fmt.Sprint(status)).Inc()
		a.seconds.WithLabelValues(method, route).Observe(took.Seconds())
		a.o.Logger.InfoContext(c.Request().Context(), "request", a.attrs(c, "status", status, "ms", took.Milliseconds())...)
		return nil
	}
}

// guard turns a panic into a 500. The panic's value may quote the request, so only its type and place are logged.
func (a *API) guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if abort, ok := v.(error); ok && errors.Is(abort, http.ErrAbortHandler) {
				panic(v)
			}
			a.o.Logger.ErrorContext(c.Request().Context(), "panic", a.attrs(c, "type", fmt.Sprintf("%T", v), "at", frames())...)
			err = compliance.E(compliance.FaultInternal, "internal", "")
		}()
		return next(c)
	}
}

// frames names the functions above the panic that is being recovered.
func frames() []string {
	var pcs [12]uintptr
	iter := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	var names []string
	for {
		f, more := iter.Next()
		names = append(names, fmt.Sprintf("%s:%d", f.Function, f.Line))
		if !more {
			return names
		}
	}
}

// attempts records what a known caller sent and could not be decoded, before
// the refusal leaves. What cannot be recorded is answered as unavailable.
func (a *API) attempts(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		r, ok := errors.AsType[*refusal](err)
		if !ok {
			return err
		}
		// The record is made even when the client has gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), attemptTimeout)
		defer cancel()
		endpoint := methodOf(c.Request()) + " " + specPath(a.routeOf(c))
		if failed := a.o.Service.RefuseAttempt(ctx, caller(c), endpoint, r.code); failed != nil {
			return failed
		}
		return err
	}
}

const attemptTimeout = 5 * time.Second

// allow lets only these roles pass.
func (a *API) allow(roles ...compliance.TenantRole) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			for _, role := range roles {
				if caller(c).Role == role {
					return next(c)
				}
			}
			return compliance.E(compliance.FaultForbidden, "forbidden", "not for the role of this credential")
		}
	}
}

func (a *API) measure() error {
	a.requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realname_http_requests_total", Help: "Requests answered, by method, route template and status.",
	}, []string{"method", "route", "status"})
	a.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "realname_http_request_seconds", Help: "Time from the first byte of a request to its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"method", "route"})
	a.problems = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "realname_http_problems_total", Help: "Requests answered with a problem, by its stable code.",
	}, []string{"code"})
	for _, m := range []prometheus.Collector{a.requests, a.seconds, a.problems} {
		if err := a.o.Registry.Register(m); err != nil {
			return fmt.Errorf("httpapi: register metrics: %w", err)
		}
	}
	return nil
}

// attrs are the log attributes of a request: templates and ids, never path, query or body.
func (a *API) attrs(c echo.Context, more ...any) []any {
	out := []any{"request", requestID(c), "method", methodOf(c.Request()), "route", a.routeOf(c)}
	if tenant := caller(c).TenantID; tenant != "" {
		out = append(out, "tenant", tenant)
	}
	if code, ok := c.Get(keyCode).(string); ok {
		out = append(out, "code", code)
	}
	return append(out, more...)
}

// routeOf is the template that matched. Where none did echo tells the raw path, which must not be told on.
func (a *API) routeOf(c echo.Context) string {
	if a.routes[c.Path()] {
		return c.Path()
	}
	return "unmatched"
}

// specPath writes an echo template as OpenAPI does: `/v1/openings/{id}`.
func specPath(route string) string {
	parts := strings.Split(route, "/")
	for i, p := range parts {
		switch {
		case strings.HasPrefix(p, ":"):
			parts[i] = "{" + p[1:] + "}"
		case p == "*":
			parts[i] = "{path}"
		}
	}
	return strings.Join(parts, "/")
}

// methodOf bounds what a client can make a label or a log line say.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "OTHER"
}

func requestID(c echo.Context) string {
	id, _ := c.Get(keyRequest).(string)
	return id
}

func caller(c echo.Context) verify.Caller {
	who, _ := c.Get(keyCaller).(verify.Caller)
	return who
}

// The languages of an answer.
const (
	langZH = "zh-CN"
	langEN = "en"
)

var languages = language.NewMatcher([]language.Tag{language.MustParse(langZH), language.English})

// languageOf is the best of our languages for Accept-Language (RFC 9110, 12.5.4); Chinese when nothing is asked for.
func languageOf(r *http.Request) string {
	const maxHeader = 256
	wish := r.Header.Get("Accept-Language")
	if len(wish) > maxHeader {
		return langZH
	}
	tags, _, err := language.ParseAcceptLanguage(wish)
	if err != nil {
		return langZH
	}
	if _, i, _ := languages.Match(tags...); i == 1 {
		return langEN
	}
	return langZH
}

var longDigits = regexp.MustCompile(`[0-9Xx]{6,}`)

// scrub makes the text of an error fit for the log: no long numbers, no names, no line breaks, bounded.
func scrub(text string) string {
	const limit = 400
	text = longDigits.ReplaceAllString(text, "#")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
	return text[:min(len(text), limit)]
}

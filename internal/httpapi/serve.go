package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServeOptions say how a handler is served.
type ServeOptions struct {
	CertFile, KeyFile string        // both set: TLS 1.2 or later, with HTTP/2
	Grace             time.Duration // for requests that run when ctx ends; 15 s when zero
	Logger            *slog.Logger
}

// Serve answers on listener until ctx ends, then lets running requests finish
// within the grace. The listener is closed on return.
func Serve(ctx context.Context, listener net.Listener, h http.Handler, o ServeOptions) error {
	if o.Grace <= 0 {
		o.Grace = 15 * time.Second
	}
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() {
		if o.CertFile != "" || o.KeyFile != "" {
			ended <- server.ServeTLS(listener, o.CertFile, o.KeyFile)
			return
		}
		ended <- server.Serve(listener)
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("httpapi: serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.Grace)
	defer cancel()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		// What still runs has had its grace; its clients see a broken connection and ask again.
		err = server.Close()
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("httpapi: shut down: %w", err)
	}
	return nil
}

// Command authority-sim is a stand-in for an upstream authority, with faults on
// demand. It is for development and tests; it knows only invented persons.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"realname/verify/authority/standin"
)

type options struct {
	Listen  string `help:"Address to listen on." default:"127.0.0.1:8090"`
	Secret  string `help:"File with the shared secret that signs queries and answers." required:"" type:"existingfile"`
	Persons string `help:"NDJSON file of invented persons: {\"number\":…,\"name\":…} a line. More by PUT /persons." type:"existingfile"`
}

const description = `A stand-in for the upstream identity authority.

While it runs, PUT /fault {"fault":"down"} makes it fail; GET /fault tells how.
Faults: healthy, down, broken, slow (with delay_ms), garbage, unsigned, forged, wrong_id, wrong_code, too_long, cut.`

func main() {
	var o options
	kong.Parse(&o, kong.Description(description))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "authority-sim:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	secret, err := os.ReadFile(o.Secret)
	if err != nil {
		return err
	}
	s := standin.New([]byte(strings.TrimSpace(string(secret))))
	if o.Persons != "" {
		f, err := os.Open(o.Persons)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := s.Load(f); err != nil {
			return err
		}
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", o.Listen)
	if err != nil {
		return err
	}
	fmt.Println("authority-sim: listening on", ln.Addr())
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = srv.Close() })
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

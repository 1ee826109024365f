// Command realname-keyagent keeps the master keys of a gateway's vault in a process of its own, which answers a unix
// socket: the gateway asks for HMACs, wrapping and unwrapping, and never holds the keys.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Serve  serveCmd  `cmd:"" help:"Answer a gateway."`
	Create createCmd `cmd:"" help:"Make a key file."`
	Rotate rotateCmd `cmd:"" help:"Add a version to a key file; a running agent reads it again."`
	Drop   dropCmd   `cmd:"" help:"Take a version out of a key file, once realname vault destroy says so."`
}

const description = `Keeps the master keys of a realname gateway's vault.

    realname-keyagent create --keys FILE
    realname-keyagent serve  --keys FILE --socket /run/realname/keys.sock

and in the gateway's configuration: vault: {key: agent, agent: /run/realname/keys.sock}.
Run it as the gateway's user, or as root. The file is that of realname vault; moving
keys to an agent is moving the file.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	k := kong.Parse(&commands{}, kong.Name("realname-keyagent"), kong.Description(description), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "realname-keyagent:", err)
		stop()
		os.Exit(1)
	}
}

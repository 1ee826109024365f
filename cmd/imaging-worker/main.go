//go:build vision

// Command imaging-worker runs the photo pipeline in a process of its own. The
// gateway starts, confines and replaces it; it is the only binary that links
// OpenCV and ONNX Runtime.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"realname/imaging"
	"realname/imaging/sandbox"
	"realname/imaging/vision"
)

const help = `Checks identity-card photos, one at a time, for the realname gateway.

The gateway starts its workers itself (imaging.workers in its configuration) and
limits, watches and replaces them. Once its models are loaded a worker opens no
file, connects to nothing and starts no program: landlock and seccomp see to it. Start one by hand only to look at it:

  imaging-worker --assets .assets --socket worker.sock &
  curl --unix-socket worker.sock http://worker/ready

On a machine of its own, "serve" keeps such workers and lends them to gateways
that name it under imaging.remote:

  imaging-worker serve --listen :7443 --cert m.pem --key m.key --client-ca ca.pem

It prints nothing but faults and, when serving, what becomes of its workers, to
standard error; a worker writes no file. It ends on SIGTERM with 0, with 1 when it
cannot start or serve, and with 2 on wrong usage.`

var commands struct {
	Work  workCmd  `cmd:"" default:"withargs" help:"Be one worker (the default)."`
	Serve serveCmd `cmd:"" help:"Keep workers, and lend them to gateways on other machines over mutual TLS."`
}

type workCmd struct {
	Sandbox imaging.SandboxMode `default:"best_effort" enum:"best_effort,required" help:"What to do where the kernel lacks landlock or seccomp: serve with what there is (best_effort) or not at all (required)."`
	Socket  string              `required:"" placeholder:"FILE" help:"Unix socket to listen on; it must not exist yet."`
	Assets  string              `default:".assets" env:"REALNAME_ASSETS" placeholder:"DIR" help:"Folder of ONNX Runtime's library and the OCR models, as 'make setup' fills it (${default})."`
}

func main() {
	parser := kong.Must(&commands, kong.Name("imaging-worker"), kong.Description(help),
		kong.Exit(func(code int) { os.Exit(min(code, 2)) })) // kong's own code for usage is 80
	chosen, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	chosen.BindTo(ctx, (*context.Context)(nil))
	if err := chosen.Run(); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "imaging-worker:", err)
		os.Exit(1)
	}
}

// Run is one worker until ctx ends.
func (c *workCmd) Run(ctx context.Context) error {
	pipeline, err := vision.Open(vision.Options{AssetsDir: c.Assets})
	if err != nil {
		return fmt.Errorf("open the pipeline: %w", err)
	}
	defer pipeline.Close()
	return serve(ctx, c.Socket, c.Sandbox, pipeline)
}

// serve confines the process for the rest of its life once it listens.
func serve(ctx context.Context, socket string, mode imaging.SandboxMode, pipeline imaging.Pipeline) error {
	// Only its owner may connect, also where the folder is open to others.
	syscall.Umask(0o177)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	held, err := sandbox.Enter()
	if err != nil && mode == imaging.SandboxRequired {
		return err
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "imaging-worker:", err)
	}
	return imaging.Serve(ctx, listener, pipeline, held)
}

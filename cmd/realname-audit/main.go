// Command realname-audit checks the audit log of a realname gateway, and
// receipts from it, offline and without trust in whoever runs the gateway. It
// needs the public key of the log and nothing else. It also watches a running
// gateway, and can be a witness that cosigns its checkpoints.
//
// Exit status: 0 sound, 1 tampered with (it says where), 2 could not check, 3 no
// answer for too long (monitor).
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// The exit statuses.
const (
	exitSound     = 0
	exitTampered  = 1
	exitUnchecked = 2
	exitSilent    = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	status := run(os.Args[1:], console{
		out: os.Stdout, err: os.Stderr, env: os.Getenv, terminal: isTerminal(os.Stderr), ctx: ctx,
	})
	stop()
	os.Exit(status)
}

// console is what the program speaks to.
type console struct {
	out, err io.Writer
	env      func(string) string
	terminal bool // err is one: progress is welcome

	ctx   context.Context //nolint:containedctx // ends what runs until it is told to stop; nil for none
	now   func() time.Time
	after func(time.Duration) <-chan time.Time
}

func (c console) context() context.Context {
	if c.ctx == nil {
		return context.Background()
	}
	return c.ctx
}

func (c console) time() time.Time {
	if c.now == nil {
		return time.Now()
	}
	return c.now()
}

func (c console) wait(d time.Duration) <-chan time.Time {
	if c.after == nil {
		return time.After(d)
	}
	return c.after(d)
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

type cli struct {
	Lang    string     `help:"${h_lang}" enum:"auto,en,zh-CN" default:"auto"`
	JSON    bool       `name:"json" help:"${h_json}"`
	Verify  verifyCmd  `cmd:"" help:"${h_verify}"`
	Receipt receiptCmd `cmd:"" help:"${h_receipt}"`
	Package packageCmd `cmd:"" help:"${h_package}"`

	Disclosure  disclosureCmd  `cmd:"" help:"${h_disclosure}"`
	Consistency consistencyCmd `cmd:"" help:"${h_consistency}"`
	Monitor     monitorCmd     `cmd:"" help:"${h_monitor}"`
	Witness     witnessCmd     `cmd:"" help:"${h_witness}"`
}

// teach prints the help and, below it, what a command's own text teaches: kong
// takes such texts from a method, which does not know the language.
func teach(words map[string]string) kong.HelpPrinter {
	return func(o kong.HelpOptions, ctx *kong.Context) error {
		if err := kong.DefaultHelpPrinter(o, ctx); err != nil {
			return err
		}
		node := ctx.Selected()
		if node == nil {
			return nil
		}
		if t, ok := node.Target.Addr().Interface().(interface{ helpKey() string }); ok {
			_, err := io.WriteString(ctx.Stdout, "\n"+words[t.helpKey()]+"\n")
			return err
		}
		return nil
	}
}

// command is what every subcommand is.
type command interface{ run(p printer) int }

func run(args []string, c console) int {
	var app cli
	words := catalogue[language(args, c.env)]
	helped := false
	parser, err := kong.New(&app,
		kong.Name("realname-audit"), kong.Description(words["h_program"]),
		kong.Vars(words), kong.Writers(c.out, c.err), kong.UsageOnError(),
		kong.Exit(func(int) { helped = true }), kong.Help(teach(words)),
	)
	if err != nil {
		return printer{c, words, app.JSON}.unchecked("", err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(args)
	if helped {
		return exitSound
	}
	p := printer{c, words, app.JSON}
	if err != nil {
		return p.unchecked("", err)
	}
	return ctx.Selected().Target.Addr().Interface().(command).run(p)
}

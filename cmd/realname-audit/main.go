// Command realname-audit checks the audit log of a realname gateway, and
// receipts from it, offline and without trust in whoever runs the gateway. It
// needs the public key of the log and nothing else.
//
// Exit status: 0 sound, 1 tampered with (it says where), 2 could not check.
package main

import (
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// The exit statuses.
const (
	exitSound     = 0
	exitTampered  = 1
	exitUnchecked = 2
)

func main() {
	os.Exit(run(os.Args[1:], console{
		out: os.Stdout, err: os.Stderr, env: os.Getenv, terminal: isTerminal(os.Stderr),
	}))
}

// console is what the program speaks to.
type console struct {
	out, err io.Writer
	env      func(string) string
	terminal bool // err is one: progress is welcome
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

	Disclosure disclosureCmd `cmd:"" help:"${h_disclosure}"`
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
		kong.Exit(func(int) { helped = true }),
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

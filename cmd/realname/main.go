// Command realname is the gateway for real-name verification and its
// operator's tools. No command takes personal data as an argument.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Serve         serveCmd         `cmd:"" help:"Run the gateway."`
	Tenant        tenantCmd        `cmd:"" help:"Add and list tenants, and set their own limits."`
	Key           keyCmd           `cmd:"" help:"Create and revoke API keys."`
	Vault         vaultCmd         `cmd:"" help:"List, rotate and destroy master keys, and bring what is sealed under a new one."`
	Retention     retentionCmd     `cmd:"" help:"End the retention of evidence."`
	Stock         stockCmd         `cmd:"" help:"Load existing openings, and compare them with the tenant's own file."`
	Limits        limitsCmd        `cmd:"" help:"Tell what limits leave room for, and try a policy on a history."`
	Determination determinationCmd `cmd:"" help:"Record and lift what authorities determined of persons, and tell what follows."`
	Audit         auditCmd         `cmd:"" help:"Hand a regulator what the audit log proves, disclose one input of a decision, begin a new log after a restored backup."`
	Calendar      calendarCmd      `cmd:"" help:"Working days and days off, by which terms are counted."`
	Policy        policyCmd        `cmd:"" help:"Check, show, try, compare, replay and explain the rules that decide."`
	Number        numberCmd        `cmd:"" help:"Check, explain and make document numbers."`
	Areas         areasCmd         `cmd:"" help:"Show and update the division codes of GB/T 2260."`
	Image         imageCmd         `cmd:"" help:"Check photos of documents."`
	Doctor        doctorCmd        `cmd:"" help:"Say what is present, missing or too old, and the command that mends it."`
	Demo          demoCmd          `cmd:"" help:"Do the main job once, on invented persons, and show a table."`
	Run           runCmd           `cmd:"" help:"Run gateway and authority stand-in with demo credentials, and keep serving."`
}

const description = `A compliance gateway for real-name verification in China.

Start with "realname doctor", then "realname demo". To run it in earnest, write a
configuration (deploy/realname.yaml shows every key), add a tenant with
"realname tenant add", make its key with "realname key create", and
"realname serve --config FILE".`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	parser := kong.Must(&commands{}, kong.Name("realname"), kong.Description(description), kong.UsageOnError(),
		kong.BindTo(ctx, (*context.Context)(nil)))
	k, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(withoutArguments(err))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "realname:", err)
		stop()
		os.Exit(exitCode(err))
	}
}

// exitCode is 1, or what the error itself says.
func exitCode(err error) int {
	var coder kong.ExitCoder
	if errors.As(err, &coder) {
		return coder.ExitCode()
	}
	return 1
}

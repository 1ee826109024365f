// Command fetch puts the files that deploy/assets.lock pins into the assets folder, and leaves alone what is already
// there. With -relock it instead rewrites the lock's digests after a version in it was changed by hand.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"realname/deploy"
)

func main() {
	dir := flag.String("dir", deploy.AssetsDir(), "assets folder")
	relock := flag.String("relock", "", "rewrite the digests of this lock file from the packages it names, and stop")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *dir, *relock); err != nil {
		fmt.Fprintln(os.Stderr, "setup:", err)
		if errors.Is(err, errContent) {
			fmt.Fprintln(os.Stderr, "setup: nothing of that package was kept. If it repeats, do not use that copy of the package.")
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, dir, relock string) error {
	if relock != "" {
		return rewriteLock(ctx, os.Stdout, npmPack, relock)
	}
	lock, err := deploy.Assets()
	if err != nil {
		return err
	}
	return install(ctx, os.Stdout, npmPack, lock.For(runtime.GOARCH), dir)
}

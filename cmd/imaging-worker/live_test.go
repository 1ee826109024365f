//go:build vision

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
	"realname/imaging/vision"
	"realname/internal/specimen"
)

// The test binary is its own worker: with roleVariable set it runs main, or the
// same with a pipeline that is tempted before each check.
const (
	roleVariable = "REALNAME_TEST_ROLE"
	roleWorker   = "worker"
	roleTempted  = "tempted"

	temptationOpen = "reach out" // as the name of a claim: what the pipeline tries first
	temptationExec = "become a program"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case roleWorker:
		main()
	case roleTempted:
		if err := temptedWorker(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default:
		os.Exit(m.Run())
	}
}

// tempted stands for a pipeline that an image has taken over.
type tempted struct{ *vision.Pipeline }

func temptedWorker() error {
	pipeline, err := vision.Open(vision.Options{AssetsDir: assets()})
	if err != nil {
		return err
	}
	return serve(context.Background(), os.Args[len(os.Args)-1], imaging.SandboxRequired, tempted{pipeline})
}

func (p tempted) Check(ctx context.Context, req imaging.Request, info imaging.Info) (imaging.Report, error) {
	if req.Claim == nil {
		return p.Pipeline.Check(ctx, req, info)
	}
	switch req.Claim.Name {
	case temptationExec:
		return imaging.Report{}, syscall.Exec("/bin/true", []string{"true"}, nil)
	case temptationOpen:
		for name, attempt := range map[string]func() error{
			"open":    func() error { _, err := os.Open(filepath.Join(assets(), "ocr", "keys.txt")); return err },
			"create":  func() error { _, err := os.Create("stolen"); return err },
			"connect": func() error { _, err := net.Dial("tcp", "127.0.0.1:1"); return err },
			"start":   func() error { return exec.Command("/bin/true").Run() },
		} {
			if err := attempt(); !errors.Is(err, syscall.EPERM) {
				return imaging.Report{}, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return p.Pipeline.Check(ctx, imaging.Request{Image: req.Image, Side: req.Side}, info)
}

// assets is where `make setup` leaves models and portraits.
func assets() string {
	if dir := os.Getenv("REALNAME_ASSETS"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", ".assets")
}

// live is a pool of real workers, each wholly confined.
func live(t testing.TB, role string, change func(*imaging.Options)) *imaging.Pool {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "live") // short: a socket's address holds 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o := imaging.Options{
		Path: self, Args: []string{"--assets", assets()}, Dir: dir, Sandbox: imaging.SandboxRequired,
		// CPU time is what an image costs; the wall only says how busy the machine is.
		Timeout: time.Minute, CPU: 5 * time.Second,
		Env:    []string{roleVariable + "=" + role, "REALNAME_ASSETS=" + assets()},
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
	}
	if change != nil {
		change(&o)
	}
	pool, err := imaging.Open(t.Context(), o)
	if err != nil && strings.Contains(err.Error(), "sandbox incomplete") {
		t.Skip(err) // a kernel or a container without it; the release is tested on one that has both
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

// photograph is an easy photo of a card, and what its holder would claim.
func photograph(t testing.TB, seed uint64) imaging.Request {
	t.Helper()
	rng := specimen.Seed(seed)
	person := specimen.NewPerson(rng)
	paths, err := specimen.Portraits(filepath.Join(assets(), "portraits"))
	if err != nil {
		t.Fatal(err)
	}
	portrait, err := specimen.LoadPortrait(paths[rng.IntN(len(paths))])
	if err != nil {
		t.Fatal(err)
	}
	card, err := specimen.Card(person, portrait)
	if err != nil {
		t.Fatal(err)
	}
	img, _ := specimen.Photograph(rng, card, specimen.Easy())
	return imaging.Request{Image: specimen.JPEG(img, 85), Claim: &imaging.Claim{Number: person.Number, Name: person.Name}}
}

// read says that a card was found and read; whether its portrait pleases is the pipeline's own test.
func read(report imaging.Report, err error) bool {
	return err == nil && report.Class == imaging.ClassResidentFront &&
		report.NumberAgreement == imaging.Agrees && report.NameAgreement == imaging.Agrees
}

func TestConfinedWorkerChecksCards(t *testing.T) {
	pool := live(t, roleWorker, func(o *imaging.Options) { o.Workers = 1 })
	for seed := range uint64(3) {
		if report, err := pool.Check(t.Context(), photograph(t, 100+seed)); !read(report, err) {
			t.Errorf("seed %d: class %s, %+v, %v", seed, report.Class, report.Reasons, err)
		}
	}
	s := pool.Stats()
	if !s.Workers[0].Sandbox.Complete() || s.Crashes+s.Retries+s.Distrusted != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestConfinedWorkerCannotReachOut(t *testing.T) {
	pool := live(t, roleTempted, func(o *imaging.Options) { o.Workers = 1 })
	card := photograph(t, 101)
	card.Claim.Name = temptationOpen
	report, err := pool.Check(t.Context(), card)
	if err != nil || report.Class != imaging.ClassResidentFront {
		t.Fatalf("got %s, %v", report.Class, err)
	}
}

func TestIntruderCostsItsOwnRequestOnly(t *testing.T) {
	pool := live(t, roleTempted, nil)
	card := photograph(t, 101)
	card.Claim.Name = temptationExec
	_, err := pool.Check(t.Context(), card)
	var unavailable *imaging.UnavailableError
	if !errors.As(err, &unavailable) || unavailable.Reason != imaging.UnavailableWorkers {
		t.Fatalf("got %v", err)
	}
	report, err := pool.Check(t.Context(), imaging.Request{Image: card.Image})
	if err != nil || report.Class != imaging.ClassResidentFront {
		t.Fatalf("the next one got %s, %v", report.Class, err)
	}
	if s := pool.Stats(); s.Crashes != 2 || s.Unavailable != 1 { // no image had been answered yet, so none is accused
		t.Errorf("stats %+v", s)
	}
}

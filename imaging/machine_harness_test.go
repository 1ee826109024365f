package imaging_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
	"realname/internal/tlstest"
)

const lendingVariable = "REALNAME_TEST_LENDING"

// lending is what a machine of these tests is told.
type lending struct {
	Address     string
	Credentials imaging.Credentials
	Workers     int
	Queue       int
	Timeout     time.Duration // default 10 s
	CPU         time.Duration // default Timeout
	Dir         string
}

// lend is a machine: a process that lends a pool of its own until SIGTERM.
func lend() int {
	var l lending
	if err := json.Unmarshal([]byte(os.Getenv(lendingVariable)), &l); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	pool, err := imaging.Open(ctx, imaging.Options{
		Path: os.Args[0], Env: []string{roleVariable + "=" + roleWorker, marksVariable + "=" + os.Getenv(marksVariable)}, Dir: l.Dir,
		Workers: l.Workers, QueueLength: l.Queue, Timeout: l.Timeout, CPU: l.CPU, MemoryBytes: -1,
		Backoff: func(int) time.Duration { return 0 }, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer pool.Close()
	listener, err := net.Listen("tcp", l.Address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(listener.Addr())
	if err := imaging.Lend(ctx, listener, pool, l.Credentials); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// machineProcess is a running machine.
type machineProcess struct {
	t     testing.TB
	l     lending
	marks string
	log   *lockedBuffer
	cmd   *exec.Cmd
}

func startMachine(t testing.TB, marks string, l lending) *machineProcess {
	t.Helper()
	if l.Address == "" {
		l.Address = "127.0.0.1:0"
	}
	if l.Timeout == 0 {
		l.Timeout = 10 * time.Second
	}
	if l.CPU == 0 {
		l.CPU = l.Timeout
	}
	l.Dir = shortTempDir(t)
	m := &machineProcess{t: t, l: l, marks: marks, log: &lockedBuffer{}}
	m.start()
	t.Cleanup(func() {
		m.kill(syscall.SIGKILL)
		if t.Failed() {
			t.Log("machine " + m.l.Address + ":\n" + m.log.String())
		}
	})
	return m
}

// start runs the process at the address that it had before, if any.
func (m *machineProcess) start() {
	m.t.Helper()
	text, err := json.Marshal(m.l)
	if err != nil {
		m.t.Fatal(err)
	}
	m.cmd = exec.Command(os.Args[0])
	m.cmd.Env = []string{roleVariable + "=" + roleMachine, marksVariable + "=" + m.marks, lendingVariable + "=" + string(text)}
	m.cmd.Stderr = m.log
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		m.t.Fatal(err, m.log.String())
	}
	m.l.Address = strings.TrimSpace(line)
}

func (m *machineProcess) kill(signal syscall.Signal) {
	_ = m.cmd.Process.Signal(signal)
	_ = m.cmd.Wait()
}

func (m *machineProcess) named() imaging.Machine {
	return imaging.Machine{Address: m.l.Address, ServerName: tlstest.Name}
}

// tier is a gateway's pool without workers of its own, over machines.
func tier(t testing.TB, ca *tlstest.Issuer, change func(*imaging.Options), lendings ...lending) (*bench, []*machineProcess) {
	t.Helper()
	o, b := options(t, roleWorker)
	o.Credentials = imaging.Credentials(ca.Client(t.TempDir()))
	server := imaging.Credentials(ca.Server(t.TempDir()))
	var machines []*machineProcess
	for _, l := range lendings {
		l.Credentials = server
		m := startMachine(t, b.marks, l)
		machines = append(machines, m)
		o.Machines = append(o.Machines, m.named())
	}
	o.Backoff = func(int) time.Duration { return 10 * time.Millisecond }
	if change != nil {
		change(&o)
	}
	pool, err := imaging.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	b.Pool = pool
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log("gateway:\n" + b.log.String())
		}
	})
	return b, machines
}

func (b *bench) awaitUp(n int) {
	b.t.Helper()
	eventually(b.t, fmt.Sprintf("%d machines", n), func() bool {
		up := 0
		for _, m := range b.Stats().Machines {
			if m.Up {
				up++
			}
		}
		return up == n
	})
}

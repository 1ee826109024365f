// Package redistest gives tests real Redis servers on free ports of this machine: single ones, a master with replicas
// and Sentinels, a Cluster of six processes; and ways to kill, pause, flush, fail over and re-shard them.
package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// RequireServices is the environment variable that turns a missing Redis from a skipped test into a failed one.
const RequireServices = "REALNAME_REQUIRE_SERVICES"

// Server is one process of redis-server.
type Server struct {
	Addr   string
	Client *goredis.Client // for the test itself

	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
	log  *bytes.Buffer
	done chan struct{} // closed when the process has ended
}

// Start starts a single server that keeps nothing on disk, until the test ends. More arguments are redis-server's.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	port := freePort(t)
	s := prepare(t, port, append([]string{"--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, args...))
	s.Restart()
	return s
}

func prepare(t testing.TB, port int, args []string) *Server {
	t.Helper()
	s := &Server{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		t:    t, args: args, log: &bytes.Buffer{}, dir: t.TempDir(),
	}
	s.Client = goredis.NewClient(&goredis.Options{Addr: s.Addr, MaxRetries: -1, PoolSize: 4})
	t.Cleanup(func() {
		_ = s.Client.Close() // nothing was written that matters
		s.Kill()
		if t.Failed() {
			t.Logf("redis-server at %s:\n%s", s.Addr, tail(s.log.Bytes()))
		}
	})
	return s
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

// Restart starts the process anew, on the same port and in the same folder, and waits until it answers.
func (s *Server) Restart() {
	s.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		missing := "Redis is not installed (Debian package redis-server)"
		if os.Getenv(RequireServices) == "" {
			s.t.Skip(missing)
		}
		s.t.Fatal(missing)
	}
	s.Kill()
	s.cmd = exec.Command(program, s.args...)
	s.cmd.Dir = s.dir
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.done = make(chan struct{})
	if err := s.launch(); err != nil {
		s.t.Fatal(err)
	}
	Eventually(s.t, "redis-server answers", func() error {
		select {
		case <-s.done:
			return errors.New("it ended")
		default:
		}
		return s.Client.Ping(context.Background()).Err()
	})
}

// launch starts the process from a thread that lives as long as it, because the kernel sends the death signal when the
// starting thread ends.
func (s *Server) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		cmd, done := s.cmd, s.done
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // ended by a signal
			close(done)
		}
	}()
	err := <-started
	if err != nil {
		s.cmd = nil
	}
	return err
}

// Kill ends the process at once, as SIGKILL does.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill() // it may have ended already
	<-s.done
	s.cmd = nil
}

// Pause stops the process: connections stay open and nothing is answered, until Resume.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Flush deletes all keys.
func (s *Server) Flush() {
	s.t.Helper()
	if err := s.Client.FlushAll(context.Background()).Err(); err != nil {
		s.t.Fatal(err)
	}
}

// Now is the server's clock.
func (s *Server) Now() time.Time {
	s.t.Helper()
	now, err := s.Client.Time(context.Background()).Result()
	if err != nil {
		s.t.Fatal(err)
	}
	return now
}

// do runs a command and fails the test where it fails.
func (s *Server) do(args ...any) *goredis.Cmd {
	s.t.Helper()
	cmd := s.Client.Do(context.Background(), args...)
	if cmd.Err() != nil {
		s.t.Fatalf("%v at %s: %v", args, s.Addr, cmd.Err())
	}
	return cmd
}

// Eventually waits, up to a minute, until f returns nil.
func Eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute: %v", what, err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// Trio is a master with two replicas, watched by three Sentinels.
type Trio struct {
	Servers   []*Server
	Sentinels []*Server
	Name      string // of the master, for Sentinel
	t         testing.TB
}

// StartSentinel starts a Trio.
func StartSentinel(t testing.TB) *Trio {
	t.Helper()
	trio := &Trio{Name: "limits", t: t, Servers: []*Server{Start(t)}}
	_, port, _ := net.SplitHostPort(trio.Servers[0].Addr)
	for range 2 {
		trio.Servers = append(trio.Servers, Start(t, "--replicaof", "127.0.0.1 "+port, "--repl-diskless-sync-delay", "0"))
	}
	for range 3 {
		own := freePort(t)
		conf := fmt.Sprintf("port %d\nbind 127.0.0.1\nsentinel monitor %[2]s 127.0.0.1 %[3]s 2\n"+
			"sentinel down-after-milliseconds %[2]s 500\nsentinel failover-timeout %[2]s 3000\n", own, trio.Name, port)
		s := prepare(t, own, nil)
		path := filepath.Join(s.dir, "sentinel.conf")
		if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		s.args = []string{path, "--sentinel"}
		s.Restart()
		trio.Sentinels = append(trio.Sentinels, s)
	}
	Eventually(t, "the Sentinels know each other", trio.complete)
	return trio
}

// complete tells whether the Sentinels know each other and the replicas.
func (trio *Trio) complete() error {
	return trio.each(func(master map[string]string) bool {
		return master["num-other-sentinels"] == "2" && master["num-slaves"] == "2" && master["flags"] == "master"
	})
}

// each tells whether ok is true of the master as every Sentinel describes it.
func (trio *Trio) each(ok func(master map[string]string) bool) error {
	for _, s := range trio.Sentinels {
		cmd := goredis.NewMapStringStringCmd(context.Background(), "SENTINEL", "MASTER", trio.Name)
		if err := s.Client.Process(context.Background(), cmd); err != nil {
			return err
		}
		if got := cmd.Val(); !ok(got) {
			return fmt.Errorf("%s sees %s:%s, %s others, %s replicas, flags %s",
				s.Addr, got["ip"], got["port"], got["num-other-sentinels"], got["num-slaves"], got["flags"])
		}
	}
	return nil
}

// Addrs are the Sentinels' addresses.
func (trio *Trio) Addrs() []string { return addresses(trio.Sentinels) }

// Master is the present master.
func (trio *Trio) Master() *Server {
	trio.t.Helper()
	for _, s := range trio.Servers {
		if s.cmd == nil {
			continue
		}
		role, err := s.Client.Do(context.Background(), "ROLE").Slice()
		if err == nil && len(role) > 0 && role[0] == "master" && trio.named() == s.Addr {
			return s
		}
	}
	return nil
}

func (trio *Trio) named() string {
	got := trio.Sentinels[0].do("SENTINEL", "GET-MASTER-ADDR-BY-NAME", trio.Name).Val().([]any)
	return net.JoinHostPort(got[0].(string), got[1].(string))
}

// Failover has Sentinel promote a replica, and waits until that is done.
func (trio *Trio) Failover() {
	trio.t.Helper()
	was := trio.Master()
	Eventually(trio.t, "Sentinel begins a failover", func() error {
		return trio.Sentinels[0].Client.Do(context.Background(), "SENTINEL", "FAILOVER", trio.Name).Err()
	})
	trio.await(was)
}

// KillMaster kills the master and waits until a replica took its place.
func (trio *Trio) KillMaster() *Server {
	trio.t.Helper()
	was := trio.Master()
	was.Kill()
	trio.await(was)
	return was
}

// await waits until all Sentinels are done with the failover. A replica that dies just after its promotion, while one of
// them still hands out the new address, leaves that one waiting for it forever.
func (trio *Trio) await(was *Server) {
	trio.t.Helper()
	Eventually(trio.t, "another master", func() error {
		m := trio.Master()
		if m == nil || m == was {
			return errors.New("none yet")
		}
		return trio.each(func(master map[string]string) bool {
			return net.JoinHostPort(master["ip"], master["port"]) == m.Addr && master["flags"] == "master"
		})
	})
}

func addresses(servers []*Server) []string {
	var out []string
	for _, s := range servers {
		out = append(out, s.Addr)
	}
	return out
}

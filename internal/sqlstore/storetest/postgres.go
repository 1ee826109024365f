package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// RequireServices is the environment variable that turns a missing engine from
// a skipped test into a failed one.
const RequireServices = "REALNAME_REQUIRE_SERVICES"

var errNotInstalled = errors.New("PostgreSQL is not installed (Debian package postgresql)")

// server is one PostgreSQL server of this test process.
type server struct {
	dir  string
	port int
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	log  bytes.Buffer
}

// shared is a server that starts when it is first needed.
type shared struct {
	fsync string // on or off

	once    sync.Once
	running *server
	failed  error
	mu      sync.Mutex
	nth     int
}

// No test cuts the power, so that only benchmarks pay for the disk.
var (
	forTests      = shared{fsync: "off"}
	forBenchmarks = shared{fsync: "on"}
)

// PostgreSQL makes an empty schema on a server of this process, far quicker
// than a database. A benchmark gets a server that flushes to disk, a test one
// that does not.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	if _, is := t.(*testing.B); is {
		return forBenchmarks.schema(t)
	}
	return forTests.schema(t)
}

// Stop ends the servers that were started; call it at the end of TestMain.
func Stop() {
	for _, s := range []*shared{&forTests, &forBenchmarks} {
		if s.running != nil {
			s.running.stop()
		}
	}
}

func (s *shared) schema(t testing.TB) string {
	t.Helper()
	s.once.Do(func() { s.running, s.failed = start(s.fsync) })
	if errors.Is(s.failed, errNotInstalled) && os.Getenv(RequireServices) == "" {
		t.Skip(s.failed)
	}
	if s.failed != nil {
		t.Fatal(s.failed)
	}
	s.mu.Lock()
	s.nth++
	name := fmt.Sprintf("ledger_%d", s.nth)
	s.mu.Unlock()
	s.running.admin(t, "CREATE SCHEMA "+name)
	return s.running.dsn(name)
}

func (s *server) dsn(schema string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("realname"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: "/postgres", RawQuery: url.Values{"sslmode": {"disable"}, "search_path": {schema}}.Encode(),
	}).String()
}

func (s *server) admin(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", s.dsn("public"))
	if err == nil {
		_, err = db.ExecContext(context.Background(), statement)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// start makes a cluster in a temporary folder and starts it on a free port.
func start(fsync string) (_ *server, err error) {
	bin, err := newestBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "realname-postgresql-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, done: make(chan struct{})}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	who, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "realname", "--auth", "trust",
		"--encoding", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, who
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if s.port, err = freePort(); err != nil {
		return nil, err
	}
	s.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=120", "-c", "fsync="+fsync)
	s.cmd.Dir, s.cmd.SysProcAttr = dir, who
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.launch(); err != nil {
		return nil, err
	}
	return s, s.ready()
}

// newestBin finds Debian's newest PostgreSQL binaries.
func newestBin() (string, error) {
	dirs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(dirs) == 0 {
		return "", errNotInstalled
	}
	major := func(dir string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		return n
	}
	newest := slices.MaxFunc(dirs, func(a, b string) int { return major(a) - major(b) })
	if _, err := os.Stat(filepath.Join(newest, "initdb")); err != nil {
		return "", errNotInstalled
	}
	return newest, nil
}

// unprivileged returns how to run the server, which refuses to run as root:
// root runs it as the user `postgres`, to whom it gives dir. The server ends
// with this process, however that ends.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, uerr := strconv.Atoi(u.Uid)
	gid, gerr := strconv.Atoi(u.Gid)
	if err := errors.Join(uerr, gerr, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// launch starts the process from a thread that lives as long as it, because
// the kernel sends the death signal when the starting thread ends.
func (s *server) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // stopped by a signal
			close(s.done)
		}
	}()
	if err := <-started; err != nil {
		s.cmd = nil
		return err
	}
	return nil
}

// ready waits until the server takes connections.
func (s *server) ready() error {
	db, err := sql.Open("pgx", s.dsn("public"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing was written
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("postgres ended: %s", s.log.String())
		case <-ctx.Done():
			return fmt.Errorf("postgres is not ready: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGINT) // ended already: nothing to do
		<-s.done
	}
	_ = os.RemoveAll(s.dir) // a leftover in the temporary folder harms nothing
}

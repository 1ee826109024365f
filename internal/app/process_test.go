//go:build vision

package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// gatewayBinary builds the gateway's own binary once for all tests of this package.
var gatewayBinary = sync.OnceValues(func() (string, error) {
	beside, err := worker()
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(beside), "realname")
	out, err := exec.Command("go", "build", "-o", path, "realname/cmd/realname").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// process is a gateway in a process of its own; what it is asked goes by the methods of running.
type process struct {
	*running
	file string // its configuration
	cmd  *exec.Cmd
	log  *lockedBuffer
	tmp  string // its folder of temporary files; empty: the system's
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.WriteString(line + "\n")
}

func (l *lockedBuffer) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// inProcess stops the gateway of r and starts it again as a process.
func inProcess(t *testing.T, r *running, tmp string) *process {
	t.Helper()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(r.config)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{running: r, file: filepath.Join(t.TempDir(), "realname.yaml"), log: &lockedBuffer{}, tmp: tmp}
	if err := os.WriteFile(p.file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	p.launch(t)
	return p
}

func (p *process) launch(t *testing.T) {
	t.Helper()
	path, err := gatewayBinary()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(path, "serve", "--config", p.file)
	if p.tmp != "" {
		p.cmd.Env = append(os.Environ(), "TMPDIR="+p.tmp)
	}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	startChild(t, p.cmd)
	serving, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.log.add(lines.Text())
			if at, ok := strings.CutPrefix(lines.Text(), "realname: serving on "); ok {
				serving <- at
			}
		}
	}()
	p.stop = sync.OnceValue(func() error {
		err := p.cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		return errors.Join(err, p.cmd.Wait())
	})
	t.Cleanup(func() { _ = p.stop() })
	select {
	case at := <-serving:
		p.base = "http://" + at
	case <-ended:
		t.Fatalf("the gateway did not start: %s", p.log.text())
	case <-time.After(time.Minute):
		t.Fatalf("the gateway is not serving: %s", p.log.text())
	}
}

// startChild starts a process that ends with this one, however that ends: from a thread that lives as long, because the
// kernel sends the signal when the starting thread ends.
func startChild(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, ended := make(chan error), make(chan struct{})
	t.Cleanup(func() { close(ended) })
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		<-ended
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
}

// realname runs an operator's command as a process.
func (p *process) realname(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := gatewayBinary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), path, append(args, "--config", p.file)...).CombinedOutput()
	return string(out), err
}

// until waits for something that a gateway does by itself.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

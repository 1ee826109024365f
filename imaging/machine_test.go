package imaging_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
	"realname/internal/tlstest"
)

func TestMachineAnswers(t *testing.T) {
	b, _ := tier(t, tlstest.New(t), nil, lending{Workers: 2})
	b.awaitUp(1)
	claim := &imaging.Claim{Number: "the number", Name: "王小明"}
	report, err := b.Check(t.Context(), imaging.Request{Image: photo(t, "ok"), Side: imaging.SideBack, Claim: claim})
	if err != nil || report.Fields.Name != claim.Name || report.Reasons[0].Code != "back" || report.Pipeline != "obedient 1" {
		t.Fatalf("got %+v, %v", report, err)
	}
	_, err = b.check(t.Context(), "corrupt")
	refused(t, err, imaging.UploadCorrupt)
	s := b.Stats()
	if !s.Ready() || len(s.Workers) != 0 || s.Machines[0].Seats != 2 || s.Machines[0].Pipeline != "obedient 1" || s.Retries+s.Lost != 0 {
		t.Errorf("stats %+v", s)
	}
}

// What a worker does on another machine counts as if it were here.
func TestFailuresOfAMachinesWorkers(t *testing.T) {
	for _, c := range []struct {
		command string
		code    string // of the upload; none where the image is not held to be at fault
		count   func(imaging.Stats) uint64
	}{
		{"crash", imaging.UploadTooCostly, func(s imaging.Stats) uint64 { return s.Crashes }},
		{"panic", imaging.UploadTooCostly, func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"burn", imaging.UploadTooCostly, func(s imaging.Stats) uint64 { return s.Overspent }},
		{"no-verdict", "", func(s imaging.Stats) uint64 { return s.Distrusted }},
		{"hang", "", func(s imaging.Stats) uint64 { return s.Timeouts }},
		{"fail", "", nil},
	} {
		t.Run(c.command, func(t *testing.T) {
			l := lending{Workers: 1, Timeout: patience, CPU: 100 * time.Millisecond}
			if c.command == "hang" {
				l.Timeout = time.Second
			}
			b, _ := tier(t, tlstest.New(t), func(o *imaging.Options) { o.Timeout = patience }, l)
			b.awaitUp(1)
			b.answers()
			_, err := b.check(t.Context(), c.command)
			if c.code == "" {
				unavailable(t, err, imaging.UnavailableWorkers)
			} else {
				refused(t, err, c.code)
			}
			if c.count != nil {
				eventually(t, "both in the counts", func() bool { return c.count(b.Stats()) == 2 })
			}
			b.answers()
		})
	}
}

func TestStrangersAreTurnedAway(t *testing.T) {
	ours, theirs := tlstest.New(t), tlstest.New(t)
	m := startMachine(t, t.TempDir(), lending{Workers: 1, Timeout: time.Second, Credentials: imaging.Credentials(ours.Server(t.TempDir()))})
	authorities := x509.NewCertPool()
	authorities.AddCert(ours.Certificate())
	ask := func(certificates []tls.Certificate, version uint16) error {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
			RootCAs: authorities, ServerName: tlstest.Name, Certificates: certificates, MaxVersion: version,
		}}}
		resp, err := client.Get("https://" + m.l.Address + "/ready")
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	pair := func(c imaging.Credentials) []tls.Certificate {
		certificate, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			t.Fatal(err)
		}
		return []tls.Certificate{certificate}
	}
	if err := ask(pair(imaging.Credentials(ours.Client(t.TempDir()))), 0); err != nil {
		t.Fatalf("a gateway: %v", err)
	}
	for _, c := range []struct {
		name         string
		certificates []tls.Certificate
		version      uint16
		says         string
	}{
		{"without a certificate", nil, 0, "certificate required"},
		{"with one of another CA", pair(imaging.Credentials(theirs.Client(t.TempDir()))), 0, "unknown certificate authority"},
		{"with a machine's own", pair(imaging.Credentials(ours.Server(t.TempDir()))), 0, "bad certificate"},
		{"by TLS 1.2", pair(imaging.Credentials(ours.Client(t.TempDir()))), tls.VersionTLS12, "protocol version not supported"},
	} {
		if err := ask(c.certificates, c.version); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.says)
		}
	}
}

func TestWrongMachinesAreNotUsed(t *testing.T) {
	ours, theirs := tlstest.New(t), tlstest.New(t)
	for _, c := range []struct {
		name    string
		machine imaging.Credentials
		called  string
		says    string
	}{
		{"another name", imaging.Credentials(ours.Server(t.TempDir())), "imaging-2.test", "not imaging-2.test"},
		{"another CA", imaging.Credentials(theirs.Server(t.TempDir())), tlstest.Name, "unknown authority"},
		{"a gateway's certificate", imaging.Credentials(ours.Client(t.TempDir())), tlstest.Name, "incompatible key usage"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := startMachine(t, t.TempDir(), lending{Workers: 1, Timeout: time.Second, Credentials: c.machine})
			b, _ := tier(t, ours, func(o *imaging.Options) {
				o.Machines = []imaging.Machine{{Address: m.l.Address, ServerName: c.called}}
				o.Budget = time.Second
			})
			eventually(t, "the reason", func() bool { return strings.Contains(b.log.String(), c.says) })
			_, err := b.check(t.Context(), "ok")
			unavailable(t, err, imaging.UnavailableOverdue)
			if b.Stats().Ready() {
				t.Error("it is up")
			}
		})
	}
}

func TestCredentialsMustLoad(t *testing.T) {
	good := imaging.Credentials(tlstest.New(t).Client(t.TempDir()))
	for name, spoil := range map[string]func(*imaging.Credentials){
		"no certificate":     func(c *imaging.Credentials) { c.Certificate += ".absent" },
		"no key":             func(c *imaging.Credentials) { c.Key += ".absent" },
		"no CA":              func(c *imaging.Credentials) { c.CA += ".absent" },
		"another's key":      func(c *imaging.Credentials) { c.Key = tlstest.New(t).Client(t.TempDir()).Key },
		"a CA that is a key": func(c *imaging.Credentials) { c.CA = c.Key },
	} {
		o, b := options(t, roleWorker)
		o.Machines, o.Credentials = []imaging.Machine{{Address: "127.0.0.1:1"}}, good
		spoil(&o.Credentials)
		if pool, err := imaging.Open(t.Context(), o); err == nil {
			t.Errorf("%s: opened", name)
			pool.Close()
		}
		nothingLeft(t, b.dir)
	}
}

// Both sides change to another CA while they run; what was signed by the old one is turned away then.
func TestCertificatesAreRenewedWithoutRestart(t *testing.T) {
	before, after := tlstest.New(t), tlstest.New(t)
	o, b := options(t, roleWorker)
	client, server := t.TempDir(), t.TempDir()
	m := startMachine(t, b.marks, lending{Workers: 1, Timeout: 10 * time.Second, Credentials: imaging.Credentials(before.Server(server))})
	o.Machines, o.Credentials = []imaging.Machine{m.named()}, imaging.Credentials(before.Client(client))
	pool, err := imaging.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	b.Pool = pool
	b.awaitUp(1)
	pid := b.answers()

	after.Server(server)
	b.awaitUp(0) // the gateway knows the old CA only
	after.Client(client)
	b.awaitUp(1)
	if again := b.answers(); again != pid {
		t.Errorf("worker %d, now %d", pid, again)
	}
	before.Client(client)
	b.awaitUp(0)
	if err := os.WriteFile(o.Credentials.Key, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a word about it", func() bool { return strings.Contains(b.log.String(), "do not load") })
	after.Client(client)
	b.awaitUp(1)
	b.answers()
}

func TestLoadIsSharedAmongMachines(t *testing.T) {
	b, _ := tier(t, tlstest.New(t), nil, lending{Workers: 2}, lending{Workers: 2})
	b.awaitUp(2)
	var held []<-chan answer
	for i := range 4 {
		name := fmt.Sprint("held", i)
		held = append(held, b.begin(t.Context(), "hold:"+name))
		b.awaitMark(name)
		if s := b.Stats().Machines; s[0].Busy-s[1].Busy > 1 || s[1].Busy-s[0].Busy > 1 {
			t.Errorf("after %d checks: %+v", i+1, s)
		}
	}
	for i := range 4 {
		b.release(fmt.Sprint("held", i))
	}
	for _, h := range held {
		if got := <-h; got.err != nil {
			t.Error(got.err)
		}
	}
}

// The one queue bounds what waits, wherever the workers are.
func TestFullQueueTurnsAwayBeforeMachines(t *testing.T) {
	b, _ := tier(t, tlstest.New(t), func(o *imaging.Options) { o.QueueLength = 2 }, lending{Workers: 1})
	b.awaitUp(1)
	held := b.begin(t.Context(), "hold:held")
	b.awaitMark("held")
	waiting := []<-chan answer{held, b.begin(t.Context(), "ok"), b.begin(t.Context(), "ok")}
	eventually(t, "two that wait", func() bool { return b.Stats().Waiting == 2 })
	_, err := b.check(t.Context(), "ok")
	unavailable(t, err, imaging.UnavailableBusy)
	b.release("held")
	for _, result := range waiting {
		if got := <-result; got.err != nil {
			t.Error(got.err)
		}
	}
}

// Three gateways and one worker: the third is turned away, and comes again until it has its turn.
func TestGatewaysShareAMachine(t *testing.T) {
	ca := tlstest.New(t)
	first, machines := tier(t, ca, nil, lending{Workers: 1, Queue: 1, Timeout: patience})
	first.awaitUp(1)
	var others []*bench
	for range 2 {
		b, _ := tier(t, ca, func(o *imaging.Options) { o.Machines = []imaging.Machine{machines[0].named()} })
		b.awaitUp(1)
		others = append(others, b)
	}
	held := first.begin(t.Context(), "hold:held")
	first.awaitMark("held")
	results := []<-chan answer{held, others[0].begin(t.Context(), "ok"), others[1].begin(t.Context(), "ok")}
	status, again := rawCheck(t, ca, machines[0], photo(t, "ok"), func(status int) bool { return status == http.StatusServiceUnavailable })
	if status != http.StatusServiceUnavailable || again != "1" {
		t.Errorf("a fourth got status %d, Retry-After %q", status, again)
	}
	first.release("held")
	for _, result := range results {
		if got := <-result; got.err != nil {
			t.Error(got.err)
		}
	}
}

// rawCheck posts a check until its status is as wanted, by a hand-made request.
func rawCheck(t *testing.T, ca *tlstest.Issuer, m *machineProcess, image []byte, wanted func(int) bool) (status int, retryAfter string) {
	t.Helper()
	files := imaging.Credentials(ca.Client(t.TempDir()))
	certificate, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	authorities.AddCert(ca.Certificate())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: authorities, ServerName: tlstest.Name, Certificates: []tls.Certificate{certificate},
	}}, Timeout: time.Second}
	eventually(t, "the status", func() bool {
		resp, err := client.Post("https://"+m.l.Address+"/check", "", strings.NewReader(string(framed("{}", image))))
		if err != nil {
			return false // it waits behind another
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		status, retryAfter = resp.StatusCode, resp.Header.Get("Retry-After")
		return wanted(status)
	})
	return status, retryAfter
}

func TestDeadMachineIsTakenOutAndComesBack(t *testing.T) {
	b, machines := tier(t, tlstest.New(t), nil, lending{Workers: 1}, lending{Workers: 1})
	b.awaitUp(2)
	result := b.begin(t.Context(), "first:seen:hang")
	b.awaitMark("seen")
	dead := slices.IndexFunc(b.Stats().Machines, func(m imaging.MachineStats) bool { return m.Busy == 1 })
	machines[dead].kill(syscall.SIGKILL)
	if got := <-result; got.err != nil {
		t.Fatal(got.err)
	}
	b.awaitUp(1)
	for range 5 {
		b.answers()
	}
	machines[dead].start()
	b.awaitUp(2)
	if s := b.Stats(); s.Unavailable != 0 || s.Lost == 0 || s.Costly != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A machine that is stopped keeps its connections: only that it does not answer a look tells.
func TestPausedMachineIsTakenOut(t *testing.T) {
	b, machines := tier(t, tlstest.New(t), nil, lending{Workers: 1}, lending{Workers: 1})
	b.awaitUp(2)
	result := b.begin(t.Context(), "first:seen:hang")
	b.awaitMark("seen")
	paused := slices.IndexFunc(b.Stats().Machines, func(m imaging.MachineStats) bool { return m.Busy == 1 })
	if err := machines[paused].cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if got := <-result; got.err != nil {
		t.Fatal(got.err)
	}
	b.answers()
	if err := machines[paused].cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	b.awaitUp(2)
}

// An orderly stop lets what is under way end.
func TestMachineStopsInOrder(t *testing.T) {
	b, machines := tier(t, tlstest.New(t), nil, lending{Workers: 1})
	b.awaitUp(1)
	result := b.begin(t.Context(), "hold:held")
	b.awaitMark("held")
	if err := machines[0].cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a closed door", func() bool {
		conn, err := net.Dial("tcp", machines[0].l.Address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	b.release("held")
	if got := <-result; got.err != nil {
		t.Error(got.err)
	}
	if err := machines[0].cmd.Wait(); err != nil {
		t.Error(err)
	}
	if s := b.Stats(); s.Lost+s.Retries != 0 {
		t.Errorf("stats %+v", s)
	}
}

// Here and on two machines, workers and whole machines are killed and stopped at
// random under 16 clients: each check is answered, and with its own report.
func TestKillsEverywhereLoseNoCheck(t *testing.T) {
	const clients, everyNth = 16, 12
	each := 20
	if long, err := strconv.Atoi(os.Getenv("REALNAME_PROVE_CHECKS")); err == nil {
		each = long / clients
	}
	b, machines := tier(t, tlstest.New(t), func(o *imaging.Options) { o.Workers, o.Budget, o.Timeout = 2, 4*patience, 2*time.Second },
		lending{Workers: 2, Timeout: 4 * time.Second}, lending{Workers: 2, Timeout: 4 * time.Second})
	b.awaitUp(2)
	deeds := make(chan int, clients*each)
	var group, reaper sync.WaitGroup
	reaper.Go(func() {
		turn := 0
		for pid := range deeds {
			turn++
			switch signal := []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP}[turn%2]; {
			case turn%9 == 0: // a machine, with all its workers
				m := machines[turn/9%2]
				m.kill(syscall.SIGKILL)
				m.start()
			default: // the worker that answered last, here or there
				_ = syscall.Kill(pid, signal)
			}
		}
	})
	for client := range clients {
		group.Go(func() {
			for i := range each {
				claim := &imaging.Claim{Name: fmt.Sprint(client, ".", i)}
				report, err := b.Check(t.Context(), imaging.Request{Image: photo(t, "work"), Claim: claim})
				if err != nil || report.Verdict != imaging.Accept || report.Fields.Name != claim.Name {
					t.Errorf("%s: got %+v, %v", claim.Name, report, err)
					return
				}
				if (client*each+i)%everyNth == 0 {
					deeds <- int(report.Reasons[0].Value)
				}
			}
		})
	}
	group.Wait()
	close(deeds)
	reaper.Wait()
	b.answers()
	s := b.Stats()
	t.Logf("%d checks, %d retries: %d killed, %d hung, %d lost their machine", s.Checks, s.Retries, s.Killed, s.Timeouts, s.Lost)
	if s.Unavailable+s.Costly != 0 || s.Killed+s.Timeouts+s.Lost == 0 {
		t.Errorf("stats %+v", s)
	}
}

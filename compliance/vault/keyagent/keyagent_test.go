package keyagent

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"realname/compliance/vault"
)

// agent is a real agent on a real socket.
type agent struct {
	path string
	ring atomic.Pointer[vault.Ring]
	stop func()
}

func start(t *testing.T, keys vault.MasterKeys) *agent {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // t.TempDir may be longer than a socket's path can be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	a := &agent{path: filepath.Join(dir, "s")}
	a.use(t, keys)
	a.serve(t)
	return a
}

func (a *agent) use(t *testing.T, keys vault.MasterKeys) {
	t.Helper()
	r, err := keys.Open(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a.ring.Store(&r)
}

func (a *agent) serve(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ln, err := Listen(ctx, a.path)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	s := Server{Ring: func() vault.Ring { return *a.ring.Load() }}
	go func() { ended <- s.Serve(ctx, ln) }()
	a.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(a.stop)
}

func bothSuites(t *testing.T) vault.MasterKeys {
	t.Helper()
	keys, err := vault.NewMasterKeys(vault.International, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if keys, err = keys.Rotated(vault.National, time.Time{}, rand.Reader); err != nil {
		t.Fatal(err)
	}
	return keys
}

func over(t *testing.T, c *Client) *vault.Vault {
	t.Helper()
	ring, err := c.Ring(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Over(ring, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A vault over an agent is the vault over its keys: what one made the other knows, finds and opens.
func TestAVaultOverAnAgentIsTheSameVault(t *testing.T) {
	keys := bothSuites(t)
	c := Dial(start(t, keys).path)
	defer c.Close()
	here, err := vault.New(keys, rand.Reader, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, pair := range [][2]*vault.Vault{{here, over(t, c)}, {over(t, c), here}} {
		a, b := pair[0], pair[1]
		one, err1 := a.DocumentKeys("resident_id", "CHN", "x")
		two, err2 := b.DocumentKeys("resident_id", "CHN", "x")
		if err := errors.Join(err1, err2); err != nil || len(one) != 2 || one[0] != two[0] || one[1] != two[1] {
			t.Errorf("%+v and %+v, %v", one, two, err)
		}
		dk, err := a.NewDataKey("dek_1", "tnt_1", "signup", "class")
		if err != nil || dk.MasterVersion != 2 || dk.Suite != "sm4-gcm" {
			t.Fatalf("%+v, %v", dk, err)
		}
		if _, err := b.Sealer(dk); err != nil {
			t.Errorf("a data key does not open: %v", err)
		}
		dk.TenantID = "tnt_2"
		if _, err := b.Sealer(dk); !errors.Is(err, vault.ErrSealBroken) {
			t.Errorf("a data key of another tenant: %v", err)
		}
		digest, err := a.RequestDigest([]byte("body"))
		if same, err2 := b.SameRequest(digest, []byte("body")); err != nil || err2 != nil || !same {
			t.Errorf("a request is another, %v, %v", err, err2)
		}
		x, err1 := a.Index("purpose", "scope")
		y, err2 := b.Index("purpose", "scope")
		if err := errors.Join(err1, err2); err != nil || x.Value(1, []byte("v")) != y.Value(1, []byte("v")) {
			t.Errorf("an index is another, %v", err)
		}
	}
	for version, k := range map[int]vault.MasterKey{1: keys[1], 2: keys[2]} {
		ring, err := c.Ring(t.Context())
		if err != nil || ring[version].Suite != k.Suite {
			t.Fatalf("version %d: %s, %v", version, ring[version].Suite, err)
		}
	}
}

func TestAnAgentAnswersNothingElse(t *testing.T) {
	keys := bothSuites(t)
	only, err := keys.WithDocumentsOnly(1)
	if err != nil {
		t.Fatal(err)
	}
	a := start(t, only)
	c := Dial(a.path)
	defer c.Close()
	for what, r := range map[string]request{
		"a version that is not there":    {Op: opHMAC, Version: 9, Purpose: vault.ForDocuments},
		"a purpose that is none":         {Op: opHMAC, Version: 2, Purpose: "wrap"},
		"an index of a destroyed one":    {Op: opHMAC, Version: 1, Purpose: vault.ForIndex},
		"wrapping under a destroyed one": {Op: opWrap, Version: 1, Data: []byte("key")},
	} {
		if _, err := c.ask(r); !errors.Is(err, vault.ErrUnknownMaster) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := c.ask(request{Op: opHMAC, Version: 1, Purpose: vault.ForDocuments, Data: []byte("x")}); err != nil || len(got.Bytes) != 32 {
		t.Errorf("a document key of a destroyed one: %v", err)
	}
	if _, err := c.ask(request{Op: opUnwrap, Version: 2, Data: []byte("nonsense")}); !errors.Is(err, vault.ErrSealBroken) {
		t.Errorf("nonsense is unwrapped: %v", err)
	}
	if _, err := c.ask(request{Op: opHMAC, Version: 2, Purpose: vault.ForDocuments, Data: make([]byte, maxLine)}); err == nil {
		t.Error("a line without end was asked")
	}
	for _, text := range []string{"nonsense\n", `{"op":"export","version":2}` + "\n", strings.Repeat("a", 2*maxLine), "\x00\n", `{"op":1}` + "\n"} {
		conn, err := net.Dial("unix", a.path)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = conn.Write([]byte(text))
		in := bufio.NewReader(conn)
		if said, err := in.ReadString('\n'); err == nil && said != `{"error":"malformed"}`+"\n" {
			t.Errorf("%.20q is answered by %q", text, said)
		}
		if _, err := in.ReadByte(); err == nil {
			t.Errorf("after %.20q the agent goes on talking", text)
		}
		_ = conn.Close()
	}
}

// An agent that is gone is an error, never an answer; one that is back is asked again.
func TestAnAgentThatIsGone(t *testing.T) {
	keys := bothSuites(t)
	a := start(t, keys)
	c := Dial(a.path)
	defer c.Close()
	v := over(t, c)
	before, err := v.DocumentKeys("resident_id", "CHN", "x")
	if err != nil {
		t.Fatal(err)
	}
	dk, err := v.NewDataKey("dek_1", "tnt_1", "signup", "class")
	if err != nil {
		t.Fatal(err)
	}
	a.stop()
	_, err1 := v.DocumentKeys("resident_id", "CHN", "x")
	_, err2 := v.Tokens("network", "x")
	_, err3 := v.RequestDigest([]byte("x"))
	_, err4 := v.SameRequest("2:ab", []byte("x"))
	_, err5 := v.Index("a", "b")
	_, err6 := v.NewDataKey("dek_1", "tnt_1", "signup", "class")
	_, err7 := v.Sealer(dk)
	_, err8 := v.Rewrap(dk)
	_, err9 := c.Ring(t.Context())
	for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
		if !errors.Is(err, vault.ErrUnavailable) {
			t.Errorf("question %d: %v", i, err)
		}
	}
	a.serve(t)
	after, err := v.DocumentKeys("resident_id", "CHN", "x")
	if err != nil || after[0] != before[0] {
		t.Errorf("%+v, %v", after, err)
	}
}

// What answers in the agent's place and is none gives errors.
func TestWhatIsNoAgent(t *testing.T) {
	for _, says := range []string{"", "\n", "{}\n", "nonsense\n", `{"keys":[{"version":0}]}` + "\n", `{"bytes":"AAAA"}` + "\n", `{"error":"failed"}` + "\n", strings.Repeat("{", 3*maxLine)} {
		dir, err := os.MkdirTemp("", "agent")
		if err != nil {
			t.Fatal(err)
		}
		ln, err := net.Listen("unix", filepath.Join(dir, "s"))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = bufio.NewReader(conn).ReadString('\n')
				_, _ = conn.Write([]byte(says))
				_ = conn.Close()
			}
		}()
		c := Dial(ln.Addr().String())
		if _, err := c.Ring(t.Context()); !errors.Is(err, vault.ErrUnavailable) {
			t.Errorf("%.20q: %v", says, err)
		}
		if mac, err := (remote{c, 1}).MAC(vault.ForDocuments, []byte("x")); !errors.Is(err, vault.ErrUnavailable) {
			t.Errorf("%.20q: %x, %v", says, mac, err)
		}
		_ = errors.Join(c.Close(), ln.Close(), os.RemoveAll(dir))
	}
}

func TestManyAskAtOnce(t *testing.T) {
	c := Dial(start(t, bothSuites(t)).path)
	defer c.Close()
	v := over(t, c)
	want, err := v.DocumentKeys("resident_id", "CHN", "x")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 20 {
				if got, err := v.DocumentKeys("resident_id", "CHN", "x"); err != nil || got[0] != want[0] || got[1] != want[1] {
					t.Errorf("%+v, %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestTheSocketIsItsOwners(t *testing.T) {
	a := start(t, bothSuites(t))
	info, err := os.Stat(a.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := Listen(t.Context(), a.path); err == nil || !strings.Contains(err.Error(), "another agent") {
		t.Errorf("a second agent: %v", err)
	}
	a.stop()
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: a.path, Net: "unix"}) // as of one that was killed
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	_ = left.Close()
	a.serve(t)
	if err := os.Chmod(filepath.Dir(a.path), 0o777); err != nil {
		t.Fatal(err)
	}
	a.stop()
	if _, err := Listen(t.Context(), a.path); err == nil || !strings.Contains(err.Error(), "owner alone") {
		t.Errorf("in a folder of everybody: %v", err)
	}
}

func TestConnectionsAreAdmitted(t *testing.T) {
	a := start(t, bothSuites(t))
	a.stop()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ln, err := Listen(ctx, a.path)
	if err != nil {
		t.Fatal(err)
	}
	var refused atomic.Int64
	s := Server{
		Ring: func() vault.Ring { return *a.ring.Load() }, Admit: func(net.Conn) error { return errors.New("no") }, Refused: func(error) { refused.Add(1) },
	}
	go func() { _ = s.Serve(ctx, ln) }()
	if _, err := Dial(a.path).Ring(ctx); !errors.Is(err, vault.ErrUnavailable) || refused.Load() == 0 {
		t.Errorf("%d refused, %v", refused.Load(), err)
	}
}

// BenchmarkHMAC is one question over the socket, beside the HMAC itself.
func BenchmarkHMAC(b *testing.B) {
	keys, err := vault.NewMasterKeys(vault.International, rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	ring, err := keys.Open(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	ln, err := Listen(b.Context(), filepath.Join(dir, "s"))
	if err != nil {
		b.Fatal(err)
	}
	s := Server{Ring: func() vault.Ring { return ring }}
	go func() { _ = s.Serve(b.Context(), ln) }()
	c := Dial(filepath.Join(dir, "s"))
	defer c.Close()
	for name, k := range map[string]vault.Key{"here": ring[1], "agent": remote{c, 1}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := k.MAC(vault.ForDocuments, []byte("resident_id")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

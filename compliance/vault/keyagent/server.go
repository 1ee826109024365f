package keyagent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"realname/compliance/vault"
)

// Listen makes the socket, which its own user alone can open. What is left there of an agent that was killed is removed; an
// agent that answers stays.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("keyagent: another agent serves %s", path), conn.Close())
	}
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == os.ModeSocket {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("keyagent: %w", err)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm()&0o022 != 0 {
		return nil, errors.Join(err, fmt.Errorf("keyagent: the folder of %s must be there, and writable by its owner alone", path))
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("keyagent: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("keyagent: %w", err), ln.Close())
	}
	return ln, nil
}

// Server answers with the keys of a ring that may change.
type Server struct {
	Ring func() vault.Ring
	// Admit is asked for each connection; the peer's user must be root or that of this process, when nil.
	Admit func(net.Conn) error
	// Refused is told of connections that were not admitted; it may be nil.
	Refused func(error)
}

// Serve answers until ctx ends, and then hangs up.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	admit := s.Admit
	if admit == nil {
		admit = sameUser
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer func() { _ = ln.Close() }() // gone, whatever ended this
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("keyagent: %w", err)
		}
		if err := admit(conn); err != nil {
			if s.Refused != nil {
				s.Refused(err)
			}
			_ = conn.Close() // refused
			continue
		}
		wg.Go(func() {
			hangUp := context.AfterFunc(ctx, func() { _ = conn.Close() })
			defer hangUp()
			s.talk(conn)
			_ = conn.Close() // nothing more is said
		})
	}
}

// talk answers one client until it hangs up, or says what is none of the protocol.
func (s *Server) talk(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	out := json.NewEncoder(conn)
	for lines.Scan() {
		a := s.answer(lines.Bytes())
		if out.Encode(a) != nil || a.Error == codeMalformed {
			return
		}
	}
}

func (s *Server) answer(line []byte) answer {
	var r request
	if json.Unmarshal(line, &r) != nil {
		return answer{Error: codeMalformed}
	}
	ring := s.Ring()
	if r.Op == opKeys {
		return answer{Keys: infos(ring)}
	}
	k, here := ring[r.Version]
	if !here || k.Documents && (r.Op != opHMAC || r.Purpose != vault.ForDocuments) {
		return answer{Error: codeUnknown}
	}
	var out []byte
	var err error
	switch r.Op {
	case opHMAC:
		out, err = k.MAC(r.Purpose, r.Data)
	case opWrap:
		out, err = k.Wrap(r.Context, r.Data)
	case opUnwrap:
		out, err = k.Unwrap(r.Context, r.Data)
	default:
		return answer{Error: codeMalformed}
	}
	if err != nil {
		return answer{Error: codeOf(err)}
	}
	return answer{Bytes: out}
}

func infos(ring vault.Ring) []keyInfo {
	out := []keyInfo{}
	for version, k := range ring {
		out = append(out, keyInfo{version, k.Suite, k.From, k.Documents})
	}
	slices.SortFunc(out, func(a, b keyInfo) int { return a.Version - b.Version })
	return out
}

package keyagent

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"time"

	"realname/compliance/vault"
)

const (
	// patience bounds one question; an agent answers within microseconds.
	patience = 2 * time.Second
	// kept is how many connections wait for the next question.
	kept = 16
)

// Client asks an agent. It is safe for concurrent use, and calls again when the agent was started anew.
type Client struct {
	path string
	idle chan *line
}

type line struct {
	net.Conn
	in *bufio.Reader
}

// Dial names the agent's socket; nothing is opened yet.
func Dial(path string) *Client { return &Client{path: path, idle: make(chan *line, kept)} }

// Close hangs up.
func (c *Client) Close() error {
	var errs []error
	for {
		select {
		case l := <-c.idle:
			errs = append(errs, l.Close())
		default:
			return errors.Join(errs...)
		}
	}
}

// Ring is the versions that the agent has now.
func (c *Client) Ring(context.Context) (vault.Ring, error) {
	a, err := c.ask(request{Op: opKeys})
	if err != nil {
		return nil, err
	}
	if len(a.Keys) == 0 {
		return nil, fmt.Errorf("%w: it has no key", vault.ErrUnavailable)
	}
	out := vault.Ring{}
	for _, k := range a.Keys {
		if k.Version < 1 {
			return nil, fmt.Errorf("%w: it has a key of version %d", vault.ErrUnavailable, k.Version)
		}
		out[k.Version] = vault.Opened{Key: remote{c, k.Version}, Suite: k.Suite, From: k.From, Documents: k.Documents}
	}
	return out, nil
}

// ask puts one question. One that fails on a connection from before is put once more on a fresh one: all are repeatable.
func (c *Client) ask(r request) (answer, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return answer{}, fmt.Errorf("keyagent: %w", err)
	}
	if len(text) >= maxLine {
		return answer{}, errors.New("keyagent: a question of more than 64 KiB")
	}
	text = append(text, '\n')
	select {
	case l := <-c.idle:
		if a, err := c.put(l, text); err == nil {
			return judged(a)
		}
	default:
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", c.path)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", vault.ErrUnavailable, err)
	}
	a, err := c.put(&line{conn, bufio.NewReaderSize(conn, 4096)}, text)
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", vault.ErrUnavailable, err)
	}
	return judged(a)
}

// put writes a question and reads its answer; a connection that fails is closed.
func (c *Client) put(l *line, text []byte) (a answer, err error) {
	defer func() {
		if err != nil {
			_ = l.Close() // it failed already
			return
		}
		select {
		case c.idle <- l:
		default:
			_ = l.Close() // enough wait
		}
	}()
	if err := l.SetDeadline(time.Now().Add(patience)); err != nil {
		return a, err
	}
	if _, err := l.Write(text); err != nil {
		return a, err
	}
	reply, err := readLine(l.in)
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(reply, &a)
}

func readLine(in *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, err := in.ReadSlice('\n')
		out = append(out, part...)
		switch {
		case err == nil:
			return out, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(out) > maxLine:
			return nil, errors.New("an answer of more than 64 KiB")
		}
	}
}

func judged(a answer) (answer, error) {
	switch a.Error {
	case "":
		return a, nil
	case codeUnknown:
		return a, vault.ErrUnknownMaster
	case codeBroken:
		return a, vault.ErrSealBroken
	}
	return a, fmt.Errorf("%w: %q", vault.ErrUnavailable, a.Error)
}

// remote is one version at the agent.
type remote struct {
	client  *Client
	version int
}

func (k remote) bytes(r request) ([]byte, error) {
	r.Version = k.version
	a, err := k.client.ask(r)
	if err == nil && len(a.Bytes) == 0 {
		err = fmt.Errorf("%w: an empty answer", vault.ErrUnavailable)
	}
	return a.Bytes, err
}

// MAC implements vault.Key.
func (k remote) MAC(purpose string, data []byte) ([]byte, error) {
	mac, err := k.bytes(request{Op: opHMAC, Purpose: purpose, Data: data})
	if err == nil && len(mac) != 32 {
		err = fmt.Errorf("%w: a MAC of %d bytes", vault.ErrUnavailable, len(mac))
	}
	return mac, err
}

// Wrap implements vault.Key.
func (k remote) Wrap(context, key []byte) ([]byte, error) {
	return k.bytes(request{Op: opWrap, Context: context, Data: key})
}

// Unwrap implements vault.Key.
func (k remote) Unwrap(context, wrapped []byte) ([]byte, error) {
	return k.bytes(request{Op: opUnwrap, Context: context, Data: wrapped})
}

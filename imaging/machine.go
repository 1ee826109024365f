package imaging

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Machine is another machine that lends its workers, see Lend.
type Machine struct {
	Address    string // host:port
	ServerName string // that its certificate must be for; the host of Address where empty
}

// MachineStats describes one machine.
type MachineStats struct {
	Address  string
	Up       bool   // it answers, and has workers; the rest is zero while it does not
	Seats    int    // checks that it takes at a time
	Busy     int    // of them
	Pipeline string // version that its workers named
	Sandbox  Sandbox
}

const (
	lookEvery    = time.Second     // between two looks at a machine that is up
	lookPatience = 2 * time.Second // for its answer; a look needs no worker
	missedLooks  = 2               // in a row that take it out
	mostSeats    = 1024            // of one machine, whatever it says
)

// machine is one of them, and what is known of it.
type machine struct {
	Machine
	log    *slog.Logger
	client *http.Client

	mu      sync.Mutex
	session *session // nil while it is out
}

// session is a time during which a machine is up.
type session struct {
	*machine
	answer machineAnswer
	at     *station
	life   context.Context // ends when the machine is taken out
	end    context.CancelFunc
}

// reach prepares for the pool's machines.
func (p *Pool) reach() error {
	if len(p.o.Machines) == 0 {
		return nil
	}
	keys, err := openKeeper(p.o.Credentials, p.o.Logger)
	if err != nil {
		return err
	}
	for _, named := range p.o.Machines {
		host, _, err := net.SplitHostPort(named.Address)
		if err != nil {
			return fmt.Errorf("imaging: address of a machine: %w", err)
		}
		setDefault(&named.ServerName, host)
		p.machines = append(p.machines, &machine{
			Machine: named, log: p.o.Logger.With("machine", named.Address), client: machineClient(named, keys),
		})
	}
	return nil
}

// machineClient makes a connection a check: a check costs a hundred handshakes, and one
// that never reached the machine is told from one that was lost with it.
func machineClient(to Machine, keys *keeper) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, handshakePatience)
			defer cancel()
			var dialer net.Dialer
			plain, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, &dialError{err}
			}
			conn := tls.Client(plain, keys.client(to.ServerName))
			if err := conn.HandshakeContext(ctx); err != nil {
				return nil, &dialError{errors.Join(err, plain.Close())}
			}
			return conn, nil
		},
		DisableKeepAlives:  true,
		DisableCompression: true,
	}}
}

// follow looks for a machine until the pool closes, and has its workers lent while it is up.
func (p *Pool) follow(m *machine) {
	for failures := 0; p.pause(failures); failures++ {
		answer, err := m.look(p.life)
		if err == nil {
			err = p.acceptable(answer)
		}
		switch {
		case p.life.Err() != nil:
			return
		case err == nil:
			p.attend(m, answer)
			failures = 0
		case failures == 0: // the first of many
			m.log.Warn("imaging machine cannot be used; it will be looked for again", "error", err)
		}
	}
}

func (p *Pool) acceptable(a machineAnswer) error {
	switch {
	case a.Wire != wireVersion():
		return errors.New("it is of another version, and would not be understood")
	case a.Seats <= 0 || a.Seats > mostSeats || a.Patience <= 0:
		return errors.New("it names an absurd number of workers, or no time for them")
	case a.Ready == 0:
		return errors.New("none of its workers is ready")
	case p.o.Sandbox == SandboxRequired && !a.Sandbox.Complete():
		return errors.New("the sandbox is required, and its workers lack a part")
	}
	return nil
}

// look asks a machine how it is.
func (m *machine) look(ctx context.Context) (machineAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.base()+pathReady, nil)
	if err != nil {
		return machineAnswer{}, err
	}
	status, text, err := exchange(m.client, req)
	if err != nil {
		return machineAnswer{}, err
	}
	var answer machineAnswer
	if status != http.StatusOK {
		return answer, fmt.Errorf("it answers with status %d", status)
	}
	err = decodeStrict(text, &answer)
	answer.Pipeline = plain(answer.Pipeline, maxDetail)
	return answer, err
}

func (m *machine) base() string { return "https://" + m.Address }

// attend lends the seats of a machine that is up until it no longer is.
func (p *Pool) attend(m *machine, answer machineAnswer) {
	s := &session{machine: m, answer: answer, at: &station{seats: answer.Seats}}
	s.life, s.end = context.WithCancel(p.life)
	defer s.end()
	m.enter(s)
	defer m.enter(nil)
	m.log.Info("imaging machine is up", "workers", answer.Seats, "pipeline", answer.Pipeline,
		"seccomp", answer.Sandbox.Seccomp, "landlock", answer.Sandbox.Landlock)
	var seats sync.WaitGroup
	for range answer.Seats {
		seats.Go(func() { p.lendSeat(s) })
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for missed := 0; missed < missedLooks; {
		select {
		case <-tick.C:
		case <-s.life.Done():
			missed = missedLooks
			continue
		}
		now, err := m.look(s.life)
		switch {
		case err != nil || now.Ready == 0:
			missed++
		case now.Seats != answer.Seats || now.Pipeline != answer.Pipeline || now.Wire != answer.Wire || now.Sandbox != answer.Sandbox:
			missed = missedLooks // another program answers there now
		default:
			missed = 0
		}
	}
	s.end()
	seats.Wait()
	if p.life.Err() == nil {
		m.log.Warn("imaging machine is taken out")
	}
}

func (m *machine) enter(s *session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.session = s
}

func (m *machine) stats(d *desk) MachineStats {
	m.mu.Lock()
	s := m.session
	m.mu.Unlock()
	if s == nil {
		return MachineStats{Address: m.Address}
	}
	return MachineStats{
		Address: m.Address, Up: true, Seats: s.at.seats, Busy: d.load(s.at), Pipeline: s.answer.Pipeline, Sandbox: s.answer.Sandbox,
	}
}

// lendSeat offers one seat again and again while its machine is up.
func (p *Pool) lendSeat(s *session) {
	own := newSeat(s, s.at)
	for refusals := 0; p.desk.offer(own, s.life.Done(), p.life.Done()); {
		out := <-own.returned
		p.desk.vacate(own)
		switch out {
		case served, abandoned, untouched:
		case turnedAway: // other gateways keep it busy
			if refusals++; !s.rest(p.o.Backoff(refusals)) {
				return
			}
			continue
		case unreached, lost:
			p.count(lost)
			// One look tells a broken connection from a dead machine.
			if _, err := s.look(s.life); err != nil {
				s.end()
				return
			}
		default:
			p.count(out)
		}
		refusals = 0
	}
}

// rest waits a while; false says that the machine is out.
func (s *session) rest(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.life.Done():
		return false
	}
}

// attempt implements worker.
func (s *session) attempt(ctx context.Context, header, image []byte) (Report, outcome, error) {
	report, out, err := s.send(ctx, header, image)
	if out != served && out != abandoned && out != turnedAway {
		s.log.Warn("imaging worker lost on another machine", "why", out.String(), "error", err)
	}
	return report, out, err
}

func (s *session) send(ctx context.Context, header, image []byte) (Report, outcome, error) {
	limited, cancel := context.WithTimeout(ctx, s.answer.Patience+handshakePatience)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	req, err := checkRequest(limited, s.base(), header, image)
	if err != nil {
		return Report{}, served, err
	}
	status, text, err := exchange(s.client, req)
	var dial *dialError
	switch {
	case err == nil:
		return interpretMachine(status, text)
	case ctx.Err() != nil:
		return Report{}, abandoned, err
	case errors.As(err, &dial):
		return Report{}, unreached, err
	default: // it was cut off, took too long, or is out
		return Report{}, lost, err
	}
}

// interpretMachine takes what a worker there was found to be for what one here would be.
func interpretMachine(status int, text []byte) (Report, outcome, error) {
	if status != http.StatusBadGateway && status != http.StatusServiceUnavailable {
		return interpret(status, text)
	}
	var f failure
	if err := decodeStrict(text, &f); err != nil {
		return Report{}, distrusted, err
	}
	for out, code := range outcomeCodes {
		if code == f.Code {
			return Report{}, out, errors.New("on another machine")
		}
	}
	return Report{}, distrusted, fmt.Errorf("it answers with status %d", status)
}

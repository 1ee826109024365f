package imaging

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Credentials names the PEM files by which two machines know each other. Each side
// shows its Certificate, and takes only one that a certificate of CA has signed.
type Credentials struct {
	Certificate string // with its intermediates; for client or server use, as the side demands
	Key         string
	CA          string // one or more certificates; let it sign for nothing but this purpose
}

// keeper holds what the files said last. They are looked at before each handshake, so
// that a renewed certificate needs no restart; while they do not fit, the last that did serve on.
type keeper struct {
	files Credentials
	log   *slog.Logger

	mu          sync.Mutex
	seen        [3]stamp
	certificate tls.Certificate
	authorities *x509.CertPool
}

type stamp struct {
	modified time.Time
	size     int64
}

func openKeeper(files Credentials, log *slog.Logger) (*keeper, error) {
	k := &keeper{files: files, log: log, seen: stamps(files)}
	if err := k.load(); err != nil {
		return nil, err
	}
	return k, nil
}

// stamps tells a changed file from the same; one that is missing has none.
func stamps(files Credentials) (all [3]stamp) {
	for i, name := range []string{files.Certificate, files.Key, files.CA} {
		if info, err := os.Stat(name); err == nil {
			all[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return all
}

func (k *keeper) load() error {
	certificate, err := tls.LoadX509KeyPair(k.files.Certificate, k.files.Key)
	if err != nil {
		return fmt.Errorf("imaging: certificate and key: %w", err)
	}
	text, err := os.ReadFile(k.files.CA)
	if err != nil {
		return fmt.Errorf("imaging: certificates of the CA: %w", err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(text) {
		return errors.New("imaging: the file of the CA holds no certificate")
	}
	k.certificate, k.authorities = certificate, authorities
	return nil
}

func (k *keeper) current() (tls.Certificate, *x509.CertPool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := stamps(k.files); now != k.seen {
		k.seen = now
		if err := k.load(); err != nil {
			k.log.Warn("the changed certificates do not load; those before serve on", "error", err)
		} else {
			k.log.Info("certificates read again")
		}
	}
	return k.certificate, k.authorities
}

// client is for one handshake with a server of that name.
func (k *keeper) client(serverName string) *tls.Config {
	certificate, authorities := k.current()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: serverName, RootCAs: authorities,
		Certificates: []tls.Certificate{certificate},
	}
}

// server asks each client for a certificate. Without tickets, so that each handshake
// is measured by the files of its day.
func (k *keeper) server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			certificate, authorities := k.current()
			return &tls.Config{
				MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{certificate},
				ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authorities, SessionTicketsDisabled: true,
			}, nil
		},
	}
}

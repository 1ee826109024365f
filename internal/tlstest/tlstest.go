// Package tlstest makes certificates for tests in which two processes must know each
// other: real ones, of a CA that lives as long as its test.
package tlstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Issuer is a CA made for one test.
type Issuer struct {
	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// New makes a CA.
func New(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "imaging tier of a test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	i.certificate = i.sign(template, template, &i.key.PublicKey)
	return i
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (i *Issuer) sign(template, parent *x509.Certificate, public *ecdsa.PublicKey) *x509.Certificate {
	i.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, i.key)
	if err != nil {
		i.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		i.t.Fatal(err)
	}
	return certificate
}

// Name is what each certificate is for, beside 127.0.0.1.
const Name = "imaging-1.test"

// Certificate is the CA's own.
func (i *Issuer) Certificate() *x509.Certificate { return i.certificate }

// Files are the paths of PEM files.
type Files struct{ Certificate, Key, CA string }

func (i *Issuer) issue(dir string, use x509.ExtKeyUsage) Files {
	i.t.Helper()
	key := newKey(i.t)
	certificate := i.sign(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{Name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use},
	}, i.certificate, &key.PublicKey)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		i.t.Fatal(err)
	}
	files := Files{
		Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"), CA: filepath.Join(dir, "ca.pem"),
	}
	for name, block := range map[string]*pem.Block{
		files.Certificate: {Type: "CERTIFICATE", Bytes: certificate.Raw},
		files.Key:         {Type: "PRIVATE KEY", Bytes: private},
		files.CA:          {Type: "CERTIFICATE", Bytes: i.certificate.Raw},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			i.t.Fatal(err)
		}
	}
	return files
}

// Server writes what a server needs to a folder, over what is there.
func (i *Issuer) Server(dir string) Files { return i.issue(dir, x509.ExtKeyUsageServerAuth) }

// Client writes what a client needs to a folder, over what is there.
func (i *Issuer) Client(dir string) Files { return i.issue(dir, x509.ExtKeyUsageClientAuth) }

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
)

// remote says how a gateway is spoken to.
type remote struct {
	TokenFile string        `placeholder:"FILE" help:"${h_token}"`
	CA        string        `name:"ca" placeholder:"FILE" help:"${h_ca}"`
	Timeout   time.Duration `default:"10s" help:"${h_timeout}"`
}

// maxFile bounds a file of a log: a full tile is 8 KiB, a checkpoint less than 128 KiB.
const maxFile = 256 << 10

// errNoAnswer: the gateway did not answer, or not with the file. It says nothing of the log.
var errNoAnswer = errors.New("no answer")

// open makes the source of a folder or a URL.
func (r remote) open(ctx context.Context, where string, env func(string) string) (receipt.Source, error) {
	if !strings.Contains(where, "://") {
		root, err := os.OpenRoot(where)
		if err != nil {
			return nil, err
		}
		return folder{root}, nil
	}
	token := env("REALNAME_AUDIT_TOKEN")
	if r.TokenFile != "" {
		text, err := os.ReadFile(r.TokenFile)
		if err != nil {
			return nil, err
		}
		token = string(text)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if r.CA != "" {
		pem, err := os.ReadFile(r.CA)
		if err != nil {
			return nil, err
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no PEM certificate", r.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	client := &http.Client{
		Transport: transport, Timeout: r.Timeout,
		// The token is for this host alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &site{ctx: ctx, client: client, base: strings.TrimSuffix(where, "/"), token: strings.TrimSpace(token)}, nil
}

// folder is a log on disk.
type folder struct{ root *os.Root }

func (f folder) Read(path string) ([]byte, error) {
	data, err := f.root.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	// A folder that was copied while the log grew may hold a wider tile than any checkpoint tells.
	t, perr := tiles.ParsePath(path)
	if perr != nil {
		return nil, err
	}
	for w := t.W + 1; w < tiles.Width; w++ {
		if data, werr := f.root.ReadFile(tiles.Path(tiles.New(t.L, t.N, w))); werr == nil {
			return data, nil
		}
	}
	return nil, err
}

// site is a log that is served.
type site struct {
	ctx    context.Context
	client *http.Client
	base   string
	token  string
}

func (s *site) Read(path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.base+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound && path != tiles.CheckpointPath:
		return nil, fs.ErrNotExist
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: %s for %s", errNoAnswer, resp.Status, path)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: %s is larger than %d bytes", errNoAnswer, path, maxFile)
	}
	return data, nil
}

var sourceWords = map[string]map[string]string{
	"en": {
		"h_token":   "File with the API key of role regulator (default: the variable REALNAME_AUDIT_TOKEN).",
		"h_ca":      "PEM file of the CA that the gateway's certificate is from (default: those of this machine).",
		"h_timeout": "How long one answer may take.",
	},
	"zh-CN": { //nolint:gosec // words about a token, none in it
		"h_token":   "监管角色 API 密钥文件（默认取环境变量 REALNAME_AUDIT_TOKEN）。",
		"h_ca":      "网关证书所属 CA 的 PEM 文件（默认用本机信任的 CA）。",
		"h_timeout": "单次应答的最长时间。",
	},
}

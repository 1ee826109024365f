package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

const least = "authority:\n  url: http://127.0.0.1:8090\n  secret_file: secret\n"

func TestDefaultsStandWhereTheFileIsSilent(t *testing.T) {
	c, err := Parse([]byte(least + "settle:\n  every: 250ms\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Authority.URL, want.Authority.SecretFile = "http://127.0.0.1:8090", "secret"
	want.Settle.Every = Duration(250 * time.Millisecond)
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for text, says := range map[string]string{
		least + "listn: x\n":                             "[4:1]",
		least + "imaging:\n  wrokers: 3\n":               "[5:3]",
		least + "listen: a\nlisten: b\n":                 "listen",
		"listen: x\n":                                    "authority.url is required",
		"# only a comment\n":                             "authority.url is required; authority.secret_file is required",
		"":                                               "authority.url is required; authority.secret_file is required",
		least + "settle:\n  every: soon\n":               "time span",
		least + "settle:\n  every: -1s\n":                "time span",
		least + "imaging:\n  workers: 0\n":               "imaging.workers",
		least + "imaging:\n  sandbox: maybe\n":           "imaging.sandbox",
		least + "imaging:\n  cpu: 0s\n":                  "imaging.cpu",
		least + "imaging:\n  queue_bytes: 1000\n":        "imaging.queue_bytes",
		least + "imaging:\n  memory_bytes: 1000\n":       "imaging.memory_bytes",
		least + "imaging:\n  remote: [{address: a:1}]\n": "imaging.remote_tls",
		least + "imaging:\n  remote: [{address: a}]\n":   "host:port",
		least + "imaging:\n  remote: [{address: a:1}, {address: a:1}]\n  remote_tls: {certificate: c, key: k, ca: a}\n": "names a:1 twice",
		least + "imaging:\n  workers: -1\n  remote: [{address: a:1}]\n":                                                 "imaging.workers",
		least + "imaging:\n  remote: [{port: 1}]\n":                                                                     "[5:",
		least + "imaging:\n  recycle_bytes: 0\n":                                                                        "imaging.recycle_bytes",
		least + "imaging:\n  recycle_checks: 0\n":                                                                       "imaging.recycle_checks",
		least + "numbers:\n  area: a.csv\n":                                                                             "[5:3]",
		least + "tls:\n  certificate: a.pem\n":                                                                          "tls needs",
		least + "log:\n  origin: 'a b'\n":                                                                               "log.origin",
		least + "log:\n  suites: [sm2]\n":                                                                               "begin with ed25519",
		least + "log:\n  suites: [ed25519, ed25519]\n":                                                                  "each once",
		least + "log:\n  suites: [ed25519, rsa]\n":                                                                      "log.suites",
		least + "log: {quorum: 1}\n":                                                                                    "log.quorum",
		least + "log: {witnesses: [{url: 'ftp://w', key: a+b+c}]}\n":                                                    "http://",
		least + "log: {witnesses: [{url: 'http://w', key: a}]}\n":                                                       "NAME+ID+KEY",
		least + "log: {witnesses: [{url: 'http://w', key: a+b+c}, {url: 'http://v', key: a+d+e}]}\n":                    "name a twice",
		least + "---\nlisten: x\n":                                                                                      "one YAML document",
		least + "openings:\n  leases: {esim: 0s}\n":                                                                     "openings.leases.esim",
		least + "openings:\n  lease: 0s\n":                                                                              "openings.lease ",
		least + "openings:\n  lease: 720h1s\n":                                                                          "openings.lease ",
		least + "openings:\n  leases: {esim: 8760h}\n":                                                                  "openings.leases.esim",
		least + "reuse: {images: -1}\n":                                                                                 "reuse.images",
		least + "reuse: {age: 0s}\n":                                                                                    "reuse.age",
		least + "reuse: {template_of: -1}\n":                                                                            "reuse.template_of",
		least + "reuse: {shared: {images: 0}}\n":                                                                        "reuse.shared.images",
		least + "reuse: {shared: {enabled: true}}\n":                                                                    "reuse.shared.legal_basis",
		least + "reuse: {shared: {enabled: true, legal_basis: '  '}}\n":                                                 "reuse.shared.legal_basis",
		least + "reuse: {images: 0, shared: {enabled: true, legal_basis: law}}\n":                                       "reuse.shared needs",
		"\x00": "",
	} {
		_, err := Parse([]byte(text))
		if err == nil {
			t.Errorf("accepted: %q", text)
		} else if !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %q does not say %q", text, err, says)
		}
	}
}

func TestRemoteMachines(t *testing.T) {
	c, err := Parse([]byte(least + `imaging:
  workers: 0
  remote: [{address: "10.0.0.7:7443", server_name: imaging-1.internal}, {address: "imaging-2.internal:7443"}]
  remote_tls: {certificate: gateway.pem, key: gateway.key, ca: imaging-ca.pem}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []RemoteMachine{{"10.0.0.7:7443", "imaging-1.internal"}, {"imaging-2.internal:7443", ""}}
	if diff := cmp.Diff(want, c.Imaging.Remote); diff != "" || c.Imaging.Workers != 0 || c.Imaging.RemoteTLS.CA != "imaging-ca.pem" {
		t.Errorf("%s %+v", diff, c.Imaging)
	}
}

func TestAreasFile(t *testing.T) {
	for text, want := range map[string]string{
		least:                                filepath.Join("var", "realname", "areas.csv"),
		least + "data: d\n":                  filepath.Join("d", "areas.csv"),
		least + "numbers:\n  areas: a/b.csv": "a/b.csv",
	} {
		c, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.AreasFile(); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// The sample in deploy shows every key with its default.
func TestSampleShowsEveryDefault(t *testing.T) {
	text, err := os.ReadFile("../../deploy/realname.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Authority.URL, want.Authority.SecretFile = got.Authority.URL, got.Authority.SecretFile
	if got.Openings.Leases != nil && len(got.Openings.Leases) == 0 {
		got.Openings.Leases = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var keys, sample map[string]any
	all, err := yaml.Marshal(Default())
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(all, &keys); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &sample); err != nil {
		t.Fatal(err)
	}
	missing(t, "", keys, sample)
}

func missing(t *testing.T, path string, want, got map[string]any) {
	t.Helper()
	for k, v := range want {
		g, ok := got[k]
		if !ok {
			t.Errorf("deploy/realname.yaml lacks %s%s", path, k)
			continue
		}
		if sub, ok := v.(map[string]any); ok {
			inner, _ := g.(map[string]any)
			missing(t, path+k+".", sub, inner)
		}
	}
}

func TestLogSuites(t *testing.T) {
	c, err := Parse([]byte(least + "log:\n  suites: [ed25519]\n"))
	if err != nil || len(c.Log.Suites) != 1 || c.Log.Origin != Default().Log.Origin {
		t.Errorf("%+v, %v", c.Log, err)
	}
}

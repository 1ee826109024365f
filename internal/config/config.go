// Package config is the gateway's configuration file: strict YAML, with a
// documented default for every key.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// Config is the whole file. A key that is not here is an error with its line.
type Config struct {
	// Listen is the address of the API. Default 127.0.0.1:8080.
	Listen string `yaml:"listen"`
	// TLS serves HTTPS when both files are given.
	TLS TLS `yaml:"tls"`
	// Data is the folder of ledger, log and keys. Default ./var/realname.
	Data string `yaml:"data"`
	// Ledger chooses the database.
	Ledger Ledger `yaml:"ledger"`
	// Log is the audit log.
	Log Log `yaml:"log"`
	// Vault seals personal data and keys documents.
	Vault Vault `yaml:"vault"`
	// Imaging is the pool of photo-check workers.
	Imaging Imaging `yaml:"imaging"`
	// Reuse is the index of images that were seen before.
	Reuse Reuse `yaml:"reuse"`
	// Authority is the upstream that confirms identities.
	Authority Authority `yaml:"authority"`
	// Policy chooses the clauses.
	Policy Policy `yaml:"policy"`
	// Numbers is how document numbers are judged.
	Numbers Numbers `yaml:"numbers"`
	// Redis is the store that several gateways share for velocities, request rates and answers to repeats. What the law
	// counts does not touch it. Default none: this gateway is alone.
	Redis Redis `yaml:"redis"`
	// Requests bound how fast one tenant may ask.
	Requests Requests `yaml:"requests"`
	// Openings are the reservations of cards and accounts.
	Openings Openings `yaml:"openings"`
	// Uploads are the one-time tokens of phone clients.
	Uploads Uploads `yaml:"uploads"`
	// Settle is how pending decisions are retried.
	Settle Settle `yaml:"settle"`
}

// TLS names PEM files.
type TLS struct {
	Certificate string `yaml:"certificate"` // default none: plain HTTP
	Key         string `yaml:"key"`         // default none
}

// Ledger is the database.
type Ledger struct {
	// DSN is `file:PATH` for SQLite or `postgres://…`. Default: ledger.db in the data folder.
	DSN string `yaml:"dsn"`
}

// Vault seals personal data and keys documents.
type Vault struct {
	// Suite is that of master keys that are made from now on; what was made under another stays readable. Default international.
	Suite string `yaml:"suite"`
	// Key is where the master keys are: in the file vault.keys of the data folder, in the environment variable Env, or at the
	// key agent behind the unix socket Agent. Default file.
	Key   string `yaml:"key"`
	Env   string `yaml:"env"`   // holds what would stand in the file, as it is or in base64; default REALNAME_VAULT_KEYS
	Agent string `yaml:"agent"` // path of the socket; default none
}

// Where master keys are.
const (
	KeyFile  = "file"
	KeyEnv   = "env"
	KeyAgent = "agent"
)

// Log is the audit log.
type Log struct {
	// Origin names the log in every checkpoint; it never changes. Default realname.local/log.
	Origin string `yaml:"origin"`
	// Suites sign every checkpoint, each with a key of its own, the first line first; ed25519 is what third-party
	// tools read, sm2 (with SM3) is China's. A suite that is added later gets its key at the next start. Default [ed25519, sm2].
	Suites []string `yaml:"suites"`
	// Witnesses cosign every checkpoint: none of them will a second history, or one restored from a backup. Default none.
	Witnesses []LogWitness `yaml:"witnesses"`
	// Quorum is how many witnesses must have cosigned before a receipt is final. Where it is positive, nothing is logged
	// after a start until so many have answered that a restored ledger would be found out. Default 0: every receipt is final.
	Quorum int `yaml:"quorum"`
}

// LogWitness is a C2SP tlog-witness.
type LogWitness struct {
	URL string `yaml:"url"` // submission prefix
	Key string `yaml:"key"` // NAME+ID+KEY, as `realname-audit witness keygen` prints it
}

func keyName(key string) string { name, _, _ := strings.Cut(key, "+"); return name }

func (l *Log) check(need func(holds bool, problem string)) {
	need(l.Origin != "" && !strings.ContainsAny(l.Origin, " +\n"), "log.origin must be a name without spaces and +")
	need(len(l.Suites) > 0 && l.Suites[0] == "ed25519", "log.suites must begin with ed25519: third-party tools read no other")
	for i, s := range l.Suites {
		need((s == "ed25519" || s == "sm2") && !slices.Contains(l.Suites[:i], s), "log.suites are ed25519 and sm2, each once")
	}
	need(l.Quorum >= 0 && l.Quorum <= len(l.Witnesses), "log.quorum is 0 to the number of log.witnesses")
	for i, w := range l.Witnesses {
		u, err := url.Parse(w.URL)
		need(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "", "log.witnesses need a url of http:// or https:// each")
		need(strings.Count(w.Key, "+") >= 2, "log.witnesses need a key of NAME+ID+KEY each")
		same := func(o LogWitness) bool { return keyName(o.Key) == keyName(w.Key) }
		need(!slices.ContainsFunc(l.Witnesses[:i], same), "log.witnesses name "+keyName(w.Key)+" twice")
	}
}

// Imaging is the pool of workers.
type Imaging struct {
	Worker    string   `yaml:"worker"`     // path of imaging-worker; default: beside the gateway's own binary
	Assets    string   `yaml:"assets"`     // folder of models; default .assets
	Workers   int      `yaml:"workers"`    // processes here; 0 with remote ones only; default 2
	Queue     int      `yaml:"queue"`      // checks that may wait; default 64
	Timeout   Duration `yaml:"timeout"`    // of one check; default 10s
	MaxBytes  int64    `yaml:"max_bytes"`  // of one image; default 10485760
	MaxPixels int64    `yaml:"max_pixels"` // width x height; default 50000000

	QueueBytes    int64    `yaml:"queue_bytes"`    // of images that may wait; default 268435456
	CPU           Duration `yaml:"cpu"`            // CPU time of one check; default 5s
	MemoryBytes   int64    `yaml:"memory_bytes"`   // private memory of a worker; default 805306368
	RecycleBytes  int64    `yaml:"recycle_bytes"`  // resident memory above which a worker is replaced; default 419430400
	RecycleChecks int      `yaml:"recycle_checks"` // checks after which a worker is replaced; default 5000
	// Sandbox is what to do where the kernel lacks landlock or seccomp: serve with
	// what there is (best_effort) or not start (required). Default best_effort.
	Sandbox string `yaml:"sandbox"`
	// Remote are machines that run `imaging-worker serve`. Default none.
	Remote []RemoteMachine `yaml:"remote"`
	// RemoteTLS is how the gateway and they know each other; required with Remote.
	RemoteTLS RemoteTLS `yaml:"remote_tls"`
}

// RemoteMachine lends its workers.
type RemoteMachine struct {
	Address    string `yaml:"address"`     // host:port
	ServerName string `yaml:"server_name"` // that its certificate is for; default the host of address
}

// RemoteTLS names PEM files; they are read again when they change.
type RemoteTLS struct {
	Certificate string `yaml:"certificate"` // of the gateway, as a client
	Key         string `yaml:"key"`
	CA          string `yaml:"ca"` // that signed the machines' certificates
}

// Reuse is the index of images that were seen before. An entry takes about 2 KB of the ledger.
type Reuse struct {
	Images int      `yaml:"images"` // a tenant's, the oldest go first; 0 keeps no index; default 200000
	Age    Duration `yaml:"age"`    // after which an image is forgotten; default 4320h
	// TemplateOf is how many other persons one template must have shown to be a
	// finding; 0 looks for none, for tenants whose cards all lie in one fixture. Default 3.
	TemplateOf int         `yaml:"template_of"`
	Shared     SharedReuse `yaml:"shared"`
}

// SharedReuse is the index across tenants: no tenant learns of which another image is.
type SharedReuse struct {
	Enabled    bool   `yaml:"enabled"`     // default false
	LegalBasis string `yaml:"legal_basis"` // the law or agreement that allows it; required when enabled, and recorded
	Images     int    `yaml:"images"`      // of all tenants; default 1000000
}

// Authority is one upstream.
type Authority struct {
	Name       string   `yaml:"name"`        // as it appears in checks; default authority
	URL        string   `yaml:"url"`         // required
	SecretFile string   `yaml:"secret_file"` // shared secret of at least 32 bytes; required
	Timeout    Duration `yaml:"timeout"`     // of one query; default 3s
	OpenAfter  uint32   `yaml:"open_after"`  // failures in a row that open the breaker; default 5
	OpenFor    Duration `yaml:"open_for"`    // before it is tried again; default 5s
}

// Policy is the clauses.
type Policy struct {
	File string `yaml:"file"` // default: the built-in policy
}

// Numbers is the judgement of document numbers.
type Numbers struct {
	// Areas is a file of division codes laid over the built-in ones, read again when it changes. Default: areas.csv in the
	// data folder, if it is there.
	Areas string `yaml:"areas"`
}

// Redis is one server, Sentinel or Cluster.
type Redis struct {
	// Addresses, host:port: one of a single server; of Sentinels, when Master is given; else of a Cluster's servers.
	Addresses    []string `yaml:"addresses"`
	Master       string   `yaml:"master"`        // Sentinel's name of the master
	Username     string   `yaml:"username"`      // default none
	PasswordFile string   `yaml:"password_file"` // default none
	CA           string   `yaml:"ca"`            // PEM file; given, the servers are spoken to by TLS
	Prefix       string   `yaml:"prefix"`        // of every key; default realname
	// Nodes is how many gateways share the store, and Node which of them this is, from 0: while the store is gone each
	// keeps to its share. Defaults 1 and 0.
	Nodes int `yaml:"nodes"`
	Node  int `yaml:"node"`
}

// Requests is how many requests a tenant may make.
type Requests struct {
	Most int      `yaml:"most"` // in Per, and at once; 0 does not bound them; default 0
	Per  Duration `yaml:"per"`  // default 1m
}

// MaxLease is the longest lease; verify.MaxLease says why.
const MaxLease = Duration(30 * 24 * time.Hour)

// Openings are reservations.
type Openings struct {
	Lease  Duration            `yaml:"lease"`  // of a reservation, at most 720h; default 15m
	Leases map[string]Duration `yaml:"leases"` // by product; default none
}

// Uploads are phone clients' uploads.
type Uploads struct {
	Token Duration `yaml:"token"` // life of a one-time token; default 15m
}

// Settle is the retry of pending decisions.
type Settle struct {
	Every Duration `yaml:"every"` // default 2s
}

// Duration is a time span written as 15m, 3s, 72h.
type Duration time.Duration

// UnmarshalText reads a span; it must not be negative.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		return errors.New("want a time span such as 3s, 15m or 72h")
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the span.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (r *Redis) check(need func(holds bool, problem string)) {
	for _, a := range r.Addresses {
		_, port, err := net.SplitHostPort(a)
		need(err == nil && port != "", "redis.addresses: want host:port")
	}
	need(r.Master == "" || len(r.Addresses) > 0, "redis.master needs redis.addresses, those of the Sentinels")
	need(r.Nodes == 1 || len(r.Addresses) > 0, "redis.nodes above 1 needs redis.addresses: without a shared store gateways cannot share")
	need(r.Prefix != "" && len(r.Prefix) <= 32 && !strings.ContainsAny(r.Prefix, "{} \t"), "redis.prefix is 1 to 32 characters without braces or spaces")
	need(r.Nodes >= 1 && r.Nodes <= 1000 && r.Node >= 0 && r.Node < r.Nodes, "redis.node is one of 0 to redis.nodes - 1")
}

// Default is the configuration of a file that says nothing.
func Default() Config {
	return Config{
		Listen: "127.0.0.1:8080",
		Data:   filepath.Join("var", "realname"),
		Log:    Log{Origin: "realname.local/log", Suites: []string{"ed25519", "sm2"}, Witnesses: []LogWitness{}},
		Vault:  Vault{Suite: "international", Key: KeyFile, Env: "REALNAME_VAULT_KEYS"},
		Imaging: Imaging{
			Assets: ".assets", Workers: 2, Queue: 64, Timeout: Duration(10 * time.Second),
			MaxBytes: 10 << 20, MaxPixels: 50_000_000,
			QueueBytes: 256 << 20, CPU: Duration(5 * time.Second), MemoryBytes: 768 << 20,
			RecycleBytes: 400 << 20, RecycleChecks: 5000, Sandbox: "best_effort", Remote: []RemoteMachine{},
		},
		Reuse: Reuse{
			Images: 200_000, Age: Duration(180 * 24 * time.Hour), TemplateOf: 3, Shared: SharedReuse{Images: 1_000_000},
		},
		Authority: Authority{Name: "authority", Timeout: Duration(3 * time.Second), OpenAfter: 5, OpenFor: Duration(5 * time.Second)},
		Redis:     Redis{Addresses: []string{}, Prefix: "realname", Nodes: 1},
		Requests:  Requests{Per: Duration(time.Minute)},
		Openings:  Openings{Lease: Duration(15 * time.Minute)},
		Uploads:   Uploads{Token: Duration(15 * time.Minute)},
		Settle:    Settle{Every: Duration(2 * time.Second)},
	}
}

// Load reads a file over the defaults.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	c, err := Parse(text)
	if err != nil {
		return Config{}, fmt.Errorf("config: %s: %w", path, err)
	}
	return c, nil
}

// Parse decodes text strictly over the defaults and checks the result.
func Parse(text []byte) (Config, error) {
	c := Default()
	dec := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict(), yaml.DisallowUnknownField())
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, errors.New(yaml.FormatError(err, false, true))
	}
	if reflect.DeepEqual(c, Config{}) {
		c = Default() // the decoder empties what a document of comments is decoded into
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("want one YAML document")
	}
	return c, c.check()
}

func (c *Config) check() error {
	var wrong []string
	need := func(ok bool, what string) {
		if !ok {
			wrong = append(wrong, what)
		}
	}
	need(c.Listen != "", "listen is empty")
	need(c.Data != "", "data is empty")
	need((c.TLS.Certificate == "") == (c.TLS.Key == ""), "tls needs certificate and key together")
	c.Log.check(need)
	need(c.Vault.Suite == "international" || c.Vault.Suite == "national", "vault.suite must be international or national")
	need(c.Vault.Key == KeyFile || c.Vault.Key == KeyEnv || c.Vault.Key == KeyAgent, "vault.key must be file, env or agent")
	need(c.Vault.Key != KeyEnv || c.Vault.Env != "", "vault.key env needs vault.env, the name of the variable")
	need(c.Vault.Key != KeyAgent || c.Vault.Agent != "", "vault.key agent needs vault.agent, the path of its socket")
	c.Imaging.checkMachines(need)
	need(c.Imaging.Queue > 0, "imaging.queue must be positive")
	need(c.Imaging.Timeout > 0, "imaging.timeout must be positive")
	need(c.Imaging.MaxBytes > 0, "imaging.max_bytes must be positive")
	need(c.Imaging.MaxPixels > 0, "imaging.max_pixels must be positive")
	need(c.Imaging.QueueBytes >= c.Imaging.MaxBytes, "imaging.queue_bytes must have room for one image of max_bytes")
	need(c.Imaging.CPU > 0, "imaging.cpu must be positive")
	need(c.Imaging.MemoryBytes >= 512<<20, "imaging.memory_bytes must be 536870912 or more: models and one photo take most of it")
	need(c.Imaging.RecycleBytes > 0, "imaging.recycle_bytes must be positive")
	need(c.Imaging.RecycleChecks > 0, "imaging.recycle_checks must be positive")
	need(c.Imaging.Sandbox == "best_effort" || c.Imaging.Sandbox == "required", "imaging.sandbox must be best_effort or required")
	need(c.Reuse.Images >= 0, "reuse.images must not be negative")
	need(c.Reuse.Age > 0, "reuse.age must be positive")
	need(c.Reuse.TemplateOf >= 0, "reuse.template_of must not be negative")
	need(!c.Reuse.Shared.Enabled || strings.TrimSpace(c.Reuse.Shared.LegalBasis) != "",
		"reuse.shared compares images across tenants: name its reuse.shared.legal_basis, or switch it off")
	need(!c.Reuse.Shared.Enabled || c.Reuse.Images > 0, "reuse.shared needs reuse.images")
	need(c.Reuse.Shared.Images > 0, "reuse.shared.images must be positive")
	need(c.Authority.URL != "", "authority.url is required")
	need(c.Authority.SecretFile != "", "authority.secret_file is required")
	need(c.Authority.Timeout > 0, "authority.timeout must be positive")
	need(c.Authority.OpenAfter > 0, "authority.open_after must be positive")
	need(c.Openings.Lease > 0 && c.Openings.Lease <= MaxLease, "openings.lease must be positive and at most 720h")
	c.Redis.check(need)
	need(c.Requests.Most >= 0 && c.Requests.Most <= 1_000_000, "requests.most is 0 to 1000000")
	need(c.Requests.Per > 0, "requests.per must be positive")
	need(c.Uploads.Token > 0, "uploads.token must be positive")
	need(c.Settle.Every > 0, "settle.every must be positive")
	for product, lease := range c.Openings.Leases {
		need(lease > 0 && lease <= MaxLease, "openings.leases."+product+" must be positive and at most 720h")
	}
	if len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

func (i *Imaging) checkMachines(need func(ok bool, what string)) {
	need(i.Workers > 0 || i.Workers == 0 && len(i.Remote) > 0, "imaging.workers must be 1 to 64, or 0 with imaging.remote")
	need(i.Workers <= 64, "imaging.workers must be 1 to 64")
	seen := map[string]bool{}
	for _, m := range i.Remote {
		host, port, err := net.SplitHostPort(m.Address)
		need(err == nil && host != "" && port != "", "imaging.remote needs an address of host:port each")
		need(!seen[m.Address], "imaging.remote names "+m.Address+" twice")
		seen[m.Address] = true
	}
	given := i.RemoteTLS.Certificate != "" && i.RemoteTLS.Key != "" && i.RemoteTLS.CA != ""
	need(len(i.Remote) == 0 || given, "imaging.remote needs imaging.remote_tls with certificate, key and ca")
}

// LedgerDSN is the DSN with its default filled in.
func (c *Config) LedgerDSN() string {
	if c.Ledger.DSN != "" {
		return c.Ledger.DSN
	}
	return "file:" + filepath.Join(c.Data, "ledger.db")
}

// AreasFile is the operator's file of division codes; only the default one may be missing.
func (c *Config) AreasFile() string {
	if c.Numbers.Areas != "" {
		return c.Numbers.Areas
	}
	return filepath.Join(c.Data, "areas.csv")
}

// VaultKeys is the file of the vault's master keys.
func (c *Config) VaultKeys() string { return filepath.Join(c.Data, "vault.keys") }

// LogKey is the file of the log's signing keys.
func (c *Config) LogKey() string { return filepath.Join(c.Data, "log.key") }

// LogPublicKey is the file of the log's verification keys, for regulators.
func (c *Config) LogPublicKey() string { return filepath.Join(c.Data, "log.pub") }

// LogFolder is where checkpoint and tiles are published.
func (c *Config) LogFolder() string { return filepath.Join(c.Data, "log") }

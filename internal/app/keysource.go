package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"strings"

	"realname/compliance/vault"
	"realname/compliance/vault/keyagent"
	"realname/internal/config"
)

// keySource is where the master keys are.
type keySource interface {
	// mark changes when the keys may have; read reads them.
	mark(ctx context.Context) string
	read(ctx context.Context) (vault.Ring, error)
	// change writes other keys in the place of those that are there; errElsewhere where this program cannot.
	change(func(vault.MasterKeys) (vault.MasterKeys, error)) error
}

func newKeySource(c *config.Config) keySource {
	switch c.Vault.Key {
	case config.KeyEnv:
		return envKeys(c.Vault.Env)
	case config.KeyAgent:
		return &agentKeys{keyagent.Dial(c.Vault.Agent)}
	}
	return fileKeys(c.VaultKeys())
}

// fileKeys is the name of a key file.
type fileKeys string

func (f fileKeys) mark(context.Context) string {
	info, err := os.Stat(string(f))
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Size(), info.Mode(), info.ModTime().UnixNano())
}

func (f fileKeys) read(context.Context) (vault.Ring, error) {
	keys, err := vault.ReadKeyFile(string(f))
	if err != nil {
		return nil, err
	}
	return keys.Open(rand.Reader)
}

func (f fileKeys) change(do func(vault.MasterKeys) (vault.MasterKeys, error)) error {
	keys, err := vault.ReadKeyFile(string(f))
	if err != nil {
		return err
	}
	next, err := do(keys)
	if err != nil || next == nil {
		return err
	}
	return vault.ReplaceKeyFile(string(f), next)
}

// errElsewhere says where keys are changed that this program does not write.
type errElsewhere string

func (e errElsewhere) Error() string { return string(e) }

// envKeys is the name of an environment variable that holds what would stand in a key file, as it is or in base64.
type envKeys string

func (envKeys) mark(context.Context) string { return "" }

func (e envKeys) read(context.Context) (vault.Ring, error) {
	text, set := os.LookupEnv(string(e))
	if !set {
		return nil, fmt.Errorf("app: the environment variable %s, which vault.env names, is not set", string(e))
	}
	if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil {
		text = string(plain)
	}
	keys, err := vault.ParseKeys(string(e), strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	return keys.Open(rand.Reader)
}

func (e envKeys) change(func(vault.MasterKeys) (vault.MasterKeys, error)) error {
	return errElsewhere("the master keys come from the environment variable " + string(e) +
		": change it where the gateway is started, by a line as `realname-keyagent rotate` writes it, and start the gateway anew")
}

// agentKeys asks a key agent.
type agentKeys struct{ *keyagent.Client }

func (a *agentKeys) mark(ctx context.Context) string {
	ring, err := a.Ring(ctx)
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for version := range ring.Newest() + 1 {
		if k, here := ring[version]; here {
			fmt.Fprint(&out, version, k.Suite, k.From, k.Documents, "\n")
		}
	}
	return out.String()
}

func (a *agentKeys) read(ctx context.Context) (vault.Ring, error) { return a.Ring(ctx) }

func (a *agentKeys) change(func(vault.MasterKeys) (vault.MasterKeys, error)) error {
	return errElsewhere("the master keys are at a key agent: change them there, by `realname-keyagent rotate` or `realname-keyagent drop`")
}

// ForbidDumps keeps the memory of this process out of core files.
func ForbidDumps() error { return vault.ForbidDumps() }

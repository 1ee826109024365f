package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/verify"
)

// The prefixes tell a key from a token, and let leaked ones be searched for.
const (
	keyPrefix   = "rn_"
	tokenPrefix = "rnu_"
)

// HashKey is what is stored of an API key: the hex SHA-256 of its full text.
// A key holds 256 random bits, so its hash needs neither salt nor stretching,
// and a lookup by hash gives away nothing about it by its timing.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// NewKey makes an API key and its hash. The key is shown once and never
// stored. It panics when the source of randomness fails.
func NewKey(rand io.Reader) (key, hash string) { return newSecret(keyPrefix, rand) }

// NewUploadToken makes the one-time token of an upload and its HashKey. It
// never passes for an API key. It panics when the source of randomness fails.
func NewUploadToken(rand io.Reader) (token, hash string) { return newSecret(tokenPrefix, rand) }

func newSecret(prefix string, rand io.Reader) (text, hash string) {
	var secret [32]byte
	if _, err := io.ReadFull(rand, secret[:]); err != nil {
		panic(fmt.Sprintf("httpapi: no randomness for a key: %v", err))
	}
	text = prefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return text, HashKey(text)
}

const (
	keyCacheFor = 5 * time.Second // the longest that a revoked key still works
	keyCacheMax = 4096
)

// keyCache remembers for a short time who holds a key. Failures are not kept.
type keyCache struct {
	from Credentials
	now  func() time.Time

	mu    sync.Mutex
	known map[string]cachedCaller
}

type cachedCaller struct {
	caller verify.Caller
	until  time.Time
}

func newKeyCache(from Credentials, now func() time.Time) *keyCache {
	return &keyCache{from: from, now: now, known: map[string]cachedCaller{}}
}

func (k *keyCache) caller(ctx context.Context, key string) (verify.Caller, error) {
	hash := HashKey(key)
	now := k.now()
	k.mu.Lock()
	hit, ok := k.known[hash]
	k.mu.Unlock()
	if ok && now.Before(hit.until) {
		return hit.caller, nil
	}
	who, err := k.from.CallerByKeyHash(ctx, hash)
	if err != nil {
		return verify.Caller{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.known) >= keyCacheMax {
		clear(k.known)
	}
	k.known[hash] = cachedCaller{who, now.Add(keyCacheFor)}
	return who, nil
}

func errUnauthenticated(detail string) error {
	return compliance.E(compliance.FaultUnauthenticated, "unauthenticated", detail)
}

// credential is the one credential that a request carries.
func credential(r *http.Request) (string, error) {
	bearer, direct := r.Header.Values("Authorization"), r.Header.Values("X-Api-Key")
	switch {
	case len(bearer)+len(direct) == 0:
		return "", errUnauthenticated("send Authorization: Bearer or X-API-Key")
	case len(bearer)+len(direct) > 1:
		return "", errUnauthenticated("send one credential only")
	case len(direct) == 1:
		return direct[0], nil
	}
	scheme, token, _ := strings.Cut(bearer[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errUnauthenticated("the scheme is Bearer")
	}
	return token, nil
}

// authenticate finds the caller by API key.
func (a *API) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		key, err := credential(c.Request())
		if err != nil {
			return err
		}
		if err := a.enter(c, key); err != nil {
			return err
		}
		return next(c)
	}
}

func (a *API) enter(c echo.Context, key string) error {
	if !strings.HasPrefix(key, keyPrefix) { // an upload token, for example
		return errUnauthenticated("the credential is no API key")
	}
	who, err := a.keys.caller(c.Request().Context(), key)
	switch {
	case errors.Is(err, verify.ErrNotFound):
		return errUnauthenticated("the key is unknown or revoked")
	case err != nil:
		if _, ours := errors.AsType[*compliance.Error](err); ours {
			return err
		}
		return compliance.E(compliance.FaultUnavailable, "unavailable", "credentials cannot be checked").Because(err)
	}
	c.Set(keyCaller, who)
	return a.pace(c, who)
}

// authenticateUpload takes an API key of a tenant, or the one-time token of exactly this upload.
func (a *API) authenticateUpload(next echo.HandlerFunc) echo.HandlerFunc {
	tenantsOnly := a.allow(compliance.RoleTenant)(next)
	return func(c echo.Context) error {
		token, err := credential(c.Request())
		if err != nil {
			return err
		}
		if strings.HasPrefix(token, keyPrefix) {
			if err := a.enter(c, token); err != nil {
				return err
			}
			return tenantsOnly(c)
		}
		who, upload, err := a.o.Service.UploadByToken(c.Request().Context(), token)
		if err != nil {
			return err
		}
		if upload.ID != c.Param("id") {
			return compliance.E(compliance.FaultUnauthenticated, "upload_token_invalid", "the token is for another upload")
		}
		c.Set(keyCaller, who)
		c.Set(keyUpload, upload)
		if err := a.pace(c, who); err != nil {
			return err
		}
		return next(c)
	}
}

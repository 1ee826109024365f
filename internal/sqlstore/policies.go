package sqlstore

import (
	"context"
	"errors"

	"realname/compliance"
	"realname/verify"
)

// PutPolicy keeps a policy's text under its digest, which must be that of the
// source. It reports whether the digest was new; only then the event is written,
// and repeating it changes nothing.
func (s *Store) PutPolicy(ctx context.Context, digest string, source []byte, event compliance.Event) (fresh bool, err error) {
	const op = "put policy"
	if compliance.Digest(source) != digest {
		return false, wrap(op, errors.New("the digest is not that of the text"))
	}
	err = s.write(ctx, op, nil, func(t *txn) error {
		n, err := t.exec(`INSERT INTO policies (digest, source, recorded_at) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING`,
			digest, source, t.at.UnixMicro())
		fresh = n == 1
		if err != nil || !fresh {
			return err
		}
		return t.putEvent(event)
	})
	return fresh && err == nil, err
}

// Policy returns the text of a policy by its digest; verify.ErrNotFound if it was never live here.
func (s *Store) Policy(ctx context.Context, digest string) ([]byte, error) {
	var source []byte
	if err := s.find(ctx, `SELECT source FROM policies WHERE digest = $1`, []any{digest}, &source); err != nil {
		return nil, wrap("policy", err)
	}
	if compliance.Digest(source) != digest {
		return nil, wrap("policy", verify.ErrNotFound)
	}
	return source, nil
}

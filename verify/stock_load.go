package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"
	"time"

	"realname/compliance"
	"realname/verify/idnumber"
)

// stockChunk is how many records one transaction loads: long enough to be quick, short enough that a gateway beside it
// does not wait (some tens of milliseconds on SQLite, whose one writer it holds).
const stockChunk = 1000

// StockFile is a CSV file of existing openings.
type StockFile struct {
	Content io.Reader // from its beginning; what can also seek is read twice, and recognised when it comes again
	Key     string    // idempotency key; one made of the content when empty
	Name    string    // of the file, so that another content under it can be told; may be empty
	// Begins is told where the load stands before its next chunk, Progress where after each, and Changed that the name
	// stood for another content before; each may be nil.
	Begins   func(StockLoad)
	Progress func(StockLoad)
	Changed  func(before StockLoad)
	// Stop is asked after each chunk whether to leave the rest to a later call; never, when nil.
	Stop func() bool
}

// LoadStock loads existing openings from a file of any size, a chunk a transaction, and returns how far it came: the
// whole file, or less when f.Stop said so or an error came. The same file again goes on where its load stands, and does
// nothing when that is complete. Rows that cannot be used are refused with their code and hold nothing up; those whose
// external_ref the tenant has already are counted as known. Imported stock may exceed a limit.
func (s *Service) LoadStock(ctx context.Context, c Caller, f StockFile) (StockLoad, error) {
	s = s.pinned()
	digest, err := s.fileDigest(f.Content)
	if err != nil {
		return StockLoad{}, err
	}
	key := f.Key
	switch {
	case key == "" && digest != "":
		key = "file:" + digest
	case key == "":
		key = "stream:" + s.o.IDs.New(compliance.PrefixImport)
	}
	leave, err := s.enter(c.TenantID, key)
	if err != nil {
		return StockLoad{}, err
	}
	defer leave()
	file, err := openStockFile(f.Content, columnKind, columnNumber, columnProduct, columnExternalRef)
	if err != nil {
		return StockLoad{}, err
	}
	load, err := s.stockLoad(ctx, c, key, digest, f)
	if err != nil || load.Complete() {
		load.Replayed = err == nil
		return load, err
	}
	l := &stockLoader{s: s, c: c, f: f, file: file, load: load, today: idnumber.DateOf(s.o.Now()), products: s.rules().Products()}
	if seeker, ok := f.Content.(io.Seeker); ok && load.Row > 0 {
		if _, err := seeker.Seek(load.Byte, io.SeekStart); err != nil {
			return load, compliance.E(compliance.FaultInvalid, "body_truncated", "the file could not be read again").Because(err)
		}
		file.resume(f.Content, load.Byte, load.Row)
	}
	if f.Begins != nil {
		f.Begins(load)
	}
	return l.run(ctx)
}

// fileDigest is the keyed digest of what can be read twice; empty for a stream. A plain one could be searched for the
// number in a file of one row.
func (s *Service) fileDigest(r io.Reader) (string, error) {
	seeker, ok := r.(io.ReadSeeker)
	if !ok {
		return "", nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, seeker); err != nil {
		return "", compliance.E(compliance.FaultInvalid, "body_truncated", "the file could not be read to its end").Because(err)
	}
	if _, err := seeker.Seek(0, io.SeekStart); err != nil {
		return "", compliance.E(compliance.FaultInvalid, "body_truncated", "the file could not be read again").Because(err)
	}
	return s.digest([]byte(hexOf(h)))
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// stockLoad finds the load of the key, or begins it.
func (s *Service) stockLoad(ctx context.Context, c Caller, key, digest string, f StockFile) (StockLoad, error) {
	if err := s.keyIsFor(ctx, c, key, keyOfImport); err != nil {
		return StockLoad{}, err
	}
	load, err := s.o.Ledger.StockLoad(ctx, c.TenantID, key)
	switch {
	case err == nil && load.Digest != digest:
		return StockLoad{}, errKeyReused()
	case err == nil:
		return load, nil
	case !errors.Is(err, ErrNotFound):
		return StockLoad{}, ledgerError(err)
	}
	if _, err := s.o.Ledger.ImportByKey(ctx, c.TenantID, key); err == nil {
		return StockLoad{}, errKeyReused() // for an import in one piece
	} else if !errors.Is(err, ErrNotFound) {
		return StockLoad{}, ledgerError(err)
	}
	load = StockLoad{
		ID: s.o.IDs.New(compliance.PrefixImport), TenantID: c.TenantID, LegalEntityID: c.LegalEntityID, Key: key, Digest: digest,
	}
	if f.Name != "" {
		load.NameDigest = compliance.Digest([]byte(f.Name))
		before, err := s.o.Ledger.StockLoadByName(ctx, c.TenantID, load.NameDigest)
		if err == nil && f.Changed != nil {
			f.Changed(before)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return StockLoad{}, ledgerError(err)
		}
	}
	if load, err = s.o.Ledger.BeginStockLoad(ctx, load); err != nil {
		return StockLoad{}, ledgerError(err)
	}
	return load, nil
}

// StockLoad tells how far a load of the caller's has come.
func (s *Service) StockLoad(ctx context.Context, c Caller, id string) (StockLoad, error) {
	load, err := s.o.Ledger.StockLoadByID(ctx, c.TenantID, id)
	if errors.Is(err, ErrNotFound) {
		return StockLoad{}, compliance.E(compliance.FaultNotFound, "stock_load_not_found", "no such load of this tenant")
	}
	if err != nil {
		return StockLoad{}, ledgerError(err)
	}
	return load, nil
}

// RefusedRows are up to limit rows that a load or reconciliation of the caller's refused, those after a row.
func (s *Service) RefusedRows(ctx context.Context, c Caller, runID string, after int64, limit int) ([]RefusedRow, error) {
	rows, err := s.o.Ledger.RefusedRows(ctx, c.TenantID, runID, after, limit)
	if err != nil {
		return nil, ledgerError(err)
	}
	return rows, nil
}

// stockLoader is one run of LoadStock.
type stockLoader struct {
	s        *Service
	c        Caller
	f        StockFile
	file     *stockFile
	load     StockLoad
	today    idnumber.Date
	products []string
}

func (l *stockLoader) run(ctx context.Context) (StockLoad, error) {
	for {
		if err := ctx.Err(); err != nil {
			return l.load, ledgerError(err)
		}
		chunk, err := l.chunk()
		if err != nil {
			return l.load, err
		}
		after, err := l.s.o.Ledger.LoadStock(ctx, chunk)
		if errors.Is(err, ErrStale) {
			return l.load, compliance.E(compliance.FaultConflict, "stock_load_moved", "this file is being loaded by somebody else")
		}
		if err != nil {
			return l.load, ledgerError(err)
		}
		l.load = after
		l.s.o.OnCommit()
		if l.f.Progress != nil {
			l.f.Progress(l.load)
		}
		if chunk.Last || l.f.Stop != nil && l.f.Stop() {
			return l.load, nil
		}
	}
}

// chunk reads the next records. Of a file that cannot be read to its end nothing is called the last.
func (l *stockLoader) chunk() (StockChunk, error) {
	chunk := StockChunk{Load: l.load}
	for n := 0; n < stockChunk; n++ {
		record, ok := l.file.next()
		if !ok {
			if err := l.file.readError(); err != nil {
				return StockChunk{}, err
			}
			chunk.Last = true
			break
		}
		row, code, err := l.row(&record)
		if err != nil {
			return StockChunk{}, err
		}
		if code != "" {
			chunk.Refused = append(chunk.Refused, record.refused(code))
			continue
		}
		chunk.Rows = append(chunk.Rows, row)
	}
	chunk.Byte, chunk.Row = l.file.at(), l.file.row
	eventID, loaded, known := l.s.o.IDs.New(compliance.PrefixEvent), l.load.Loaded, l.load.Known
	chunk.Event = func(at time.Time, after StockLoad) (compliance.Event, error) {
		return compliance.NewEvent(eventID, compliance.EventOpeningsImported, l.c.TenantID, after.ID, at, map[string]string{
			"loaded": strconv.FormatInt(after.Loaded-loaded, 10), "skipped": strconv.FormatInt(after.Known-known, 10),
			"refused": strconv.Itoa(len(chunk.Refused)), "after_row": strconv.FormatInt(chunk.Load.Row, 10),
			"to_row": strconv.FormatInt(after.Row, 10), "last": strconv.FormatBool(chunk.Last),
		})
	}
	return chunk, nil
}

func (l *stockLoader) row(r *stockRecord) (ImportRow, string, error) {
	if r.code != "" {
		return ImportRow{}, r.code, nil
	}
	ref, code := r.reference()
	if code != "" {
		return ImportRow{}, code, nil
	}
	at, ok := openedAt(r.cells[columnOpenedAt])
	if !ok {
		return ImportRow{}, "field_malformed", nil
	}
	return l.s.stockRow(l.c, StockRow{
		Document: r.document(), Product: r.cells[columnProduct], ExternalRef: ref, State: r.cells[columnState], OpenedAt: at,
	}, l.today, l.products)
}

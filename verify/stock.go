package verify

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"realname/compliance"
	"realname/ratelimit/quota"
	"realname/verify/idnumber"
)

// Import loads existing openings. Rows that cannot be keyed are refused by
// index; the others are loaded in one transaction. Imported stock may exceed a limit.
func (s *Service) Import(ctx context.Context, c Caller, key string, rows []StockRow) (Stock, error) {
	s = s.pinned()
	leave, err := s.enter(c.TenantID, key)
	if err != nil {
		return Stock{}, err
	}
	defer leave()
	imp := Import{
		ID: s.o.IDs.New(compliance.PrefixImport), TenantID: c.TenantID, LegalEntityID: c.LegalEntityID, IdempotencyKey: key,
	}
	stock := Stock{ID: imp.ID, Refused: []StockRefusal{}}
	clear := make([]clearStock, 0, len(rows))
	today, products := idnumber.DateOf(s.o.Now()), s.rules().Products()
	for i, row := range rows {
		clear = append(clear, clearStock{
			Kind: row.Document.Kind, Number: row.Document.Number.Reveal(), IssuingState: row.Document.IssuingState,
			BirthDate: row.Document.BirthDate.Reveal(), Sex: row.Document.Sex.Reveal(), Nationality: row.Document.Nationality.Reveal(),
			Product: row.Product, ExternalRef: row.ExternalRef, State: row.State, OpenedAt: row.OpenedAt.UTC(),
		})
		loaded, code, err := s.stockRow(c, row, today, products)
		if err != nil {
			return Stock{}, err
		}
		if code != "" {
			stock.Refused = append(stock.Refused, StockRefusal{Row: i, Code: code})
			continue
		}
		imp.Rows = append(imp.Rows, loaded)
	}
	canonical, err := json.Marshal(clear)
	if err != nil {
		return Stock{}, err
	}
	if err := s.keyIsFor(ctx, c, key, keyOfImport); err != nil {
		return Stock{}, err
	}
	if done, err := s.o.Ledger.ImportByKey(ctx, c.TenantID, key); err == nil {
		if err := s.same(done.RequestDigest, canonical); err != nil {
			return Stock{}, err
		}
		return Stock{ID: done.ID, Loaded: done.Loaded, Skipped: done.Skipped, Refused: stock.Refused, Replayed: true}, nil
	} else if !errors.Is(err, ErrNotFound) {
		return Stock{}, ledgerError(err)
	}
	if imp.RequestDigest, err = s.digest(canonical); err != nil {
		return Stock{}, err
	}
	eventID, refused := s.o.IDs.New(compliance.PrefixEvent), len(stock.Refused)
	imp.Event = func(at time.Time, r ImportResult) (compliance.Event, error) {
		return compliance.NewEvent(eventID, compliance.EventOpeningsImported, c.TenantID, imp.ID, at, map[string]string{
			"loaded": strconv.Itoa(r.Loaded), "skipped": strconv.Itoa(r.Skipped), "refused": strconv.Itoa(refused),
		})
	}
	done, err := s.o.Ledger.Import(ctx, imp)
	if err != nil {
		return Stock{}, ledgerError(err)
	}
	s.o.OnCommit()
	stock.Loaded, stock.Skipped = done.Loaded, done.Skipped
	return stock, nil
}

// clearStock is a row in clear, for the digest of the request.
type clearStock struct {
	Kind         string    `json:"kind"`
	Number       string    `json:"number"`
	IssuingState string    `json:"issuing_state"`
	BirthDate    string    `json:"birth_date,omitempty"` // left out, so that digests of before it was asked stay
	Sex          string    `json:"sex,omitempty"`
	Nationality  string    `json:"nationality,omitempty"`
	Product      string    `json:"product"`
	ExternalRef  string    `json:"external_ref"`
	State        string    `json:"state"`
	OpenedAt     time.Time `json:"opened_at"`
}

func (s *Service) stockRow(c Caller, row StockRow, today idnumber.Date, products []string) (ImportRow, string, error) {
	subject, code := s.stockSubject(row.Document, today)
	if code != "" {
		return ImportRow{}, code, nil
	}
	state := quota.State(row.State)
	if state == "" {
		state = quota.Active
	}
	switch {
	case !slices.Contains(stockStates, state):
		return ImportRow{}, "opening_state", nil
	case !slices.Contains(products, row.Product):
		return ImportRow{}, "product_unknown", nil
	case today.Before(idnumber.DateOf(row.OpenedAt)):
		return ImportRow{}, "opened_in_future", nil
	case row.ExternalRef == "":
		return ImportRow{}, "external_ref_missing", nil
	}
	keys, err := s.documentKeys(subject)
	return ImportRow{
		Keys: keys, NewPersonID: s.o.IDs.New(compliance.PrefixPerson),
		Opening: Opening{
			ID: s.o.IDs.New(compliance.PrefixOpening), TenantID: c.TenantID, LegalEntityID: c.LegalEntityID, Product: row.Product,
			State: state, Origin: "imported", ExternalRef: row.ExternalRef, OpenedAt: row.OpenedAt.UTC(),
		},
	}, "", err
}

// stockSubject is whom an existing opening counts on. The document may have expired or become void since: its number still
// names its holder. What is claimed beside the number must agree with it, or the row is about somebody else.
func (s *Service) stockSubject(d Document, today idnumber.Date) (idnumber.Subject, string) {
	r := s.numbers.document(d, today)
	if r.Status == idnumber.Invalid {
		return idnumber.Subject{}, r.Reason.String()
	}
	if code := stateFault(&r, d); code != "" {
		return idnumber.Subject{}, code
	}
	claims, impossible := claimsOf(d)
	if len(impossible) > 0 {
		return idnumber.Subject{}, impossible[0]
	}
	found := r.CrossCheck(claims, today)
	for _, part := range []idnumber.DocumentPart{idnumber.BirthClaim, idnumber.SexClaim, idnumber.NationalityClaim} {
		if found[part].Outcome == idnumber.Failed {
			return idnumber.Subject{}, found[part].Code.String()
		}
	}
	subject := subjectOf(&r, d)
	if subject.Number.IsZero() || r.Kind.Class() == idnumber.Instrument {
		return idnumber.Subject{}, "document_not_allowed"
	}
	return subject, ""
}

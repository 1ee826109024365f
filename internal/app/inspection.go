package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/receipt"
	"realname/compliance/receipt/inspection"
	"realname/compliance/receipt/tiles"
	"realname/compliance/signing"
	"realname/internal/sqlstore"
)

// InspectionRequest says what a regulator is to be handed.
type InspectionRequest struct {
	Dir        string // made when it is missing; one that an interrupted export left is completed
	Tenant     string
	From, To   time.Time // To is the first moment after
	Case       string    // the regulator's own number
	LegalBasis string
	Progress   func(done, total int64) // leaves looked at; may be nil
}

//go:embed inspection_zh.txt
var inspectionChinese []byte

//go:embed inspection_en.txt
var inspectionEnglish []byte

// leafPage is how many leaves are read at once.
const leafPage = 1000

// exporter writes one package.
type exporter struct {
	o        *Operator
	req      InspectionRequest
	reader   *auditlog.Reader
	signed   []byte // the checkpoint of the package
	manifest inspection.Manifest
	files    map[string]string // hex SHA-256 by path
}

// ExportInspection writes the package and returns its manifest. It is itself an event, which is not in the package.
func (o *Operator) ExportInspection(ctx context.Context, req InspectionRequest) (inspection.Manifest, error) {
	tenants, err := o.store.Tenants(ctx)
	switch {
	case err != nil:
		return inspection.Manifest{}, err
	case !slices.ContainsFunc(tenants, func(t sqlstore.Tenant) bool { return t.ID == req.Tenant }):
		return inspection.Manifest{}, fmt.Errorf("no tenant %s; `realname tenant list` shows them", req.Tenant)
	case !req.From.Before(req.To):
		return inspection.Manifest{}, errors.New("the days end before they begin")
	case oneLine(req.Case) == "" || oneLine(req.LegalBasis) == "":
		return inspection.Manifest{}, errors.New("a case number and a legal basis are needed, each of one line")
	}
	e := &exporter{o: o, req: req, files: map[string]string{}}
	if err := e.open(ctx); err != nil {
		return inspection.Manifest{}, err
	}
	if err := e.write(ctx); err != nil {
		return inspection.Manifest{}, err
	}
	return e.manifest, e.record(ctx)
}

func oneLine(text string) string {
	if strings.ContainsAny(text, "\r\n") || len(text) > 200 {
		return ""
	}
	return strings.TrimSpace(text)
}

// open takes the checkpoint that all receipts will lead to: the one an interrupted export began with, or the newest.
func (e *exporter) open(ctx context.Context) error {
	var verifiers []note.Verifier
	for _, k := range e.o.keys.known {
		verifiers = append(verifiers, k.Verifier())
	}
	keys := signing.NewVerifiers(verifiers...)
	e.reader = auditlog.NewReader(auditlog.Options{
		Origin: e.o.config.Log.Origin, Verifiers: keys, Ledger: e.o.store.Log(), Storage: auditlog.ReadFolder(e.o.config.LogFolder()),
	})
	if err := os.MkdirAll(e.req.Dir, 0o700); err != nil {
		return fmt.Errorf("app: inspection: %w", err)
	}
	if _, err := os.Stat(e.path(inspection.ManifestFile)); err == nil {
		return fmt.Errorf("%s holds a whole package already", e.req.Dir)
	}
	var err error
	if e.signed, err = os.ReadFile(e.path(inspection.CheckpointFile)); errors.Is(err, fs.ErrNotExist) {
		e.signed, err = e.reader.Checkpoint(ctx)
	}
	if err != nil {
		return fmt.Errorf("app: inspection: the checkpoint: %w", err)
	}
	c, err := tiles.Open(e.signed, keys)
	if err != nil {
		return fmt.Errorf("app: inspection: the checkpoint: %w", err)
	}
	e.manifest = inspection.Manifest{
		Origin: c.Origin, Case: oneLine(e.req.Case), LegalBasis: oneLine(e.req.LegalBasis), Tenant: e.req.Tenant,
		From: e.req.From.UTC().Truncate(time.Microsecond), To: e.req.To.UTC().Truncate(time.Microsecond), Made: e.o.now().UTC().Truncate(time.Second), Size: c.Size,
	}
	return nil
}

func (e *exporter) path(name string) string {
	return filepath.Join(e.req.Dir, filepath.FromSlash(name))
}

// put writes one file whole or not at all, and keeps its digest.
func (e *exporter) put(name string, data []byte) error {
	sum := sha256.Sum256(data)
	e.files[name] = hex.EncodeToString(sum[:])
	if there, err := os.ReadFile(e.path(name)); err == nil && bytes.Equal(there, data) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(e.path(name)), 0o700); err != nil {
		return err
	}
	temp := e.path(name) + ".part"
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, e.path(name))
}

func (e *exporter) write(ctx context.Context) error {
	keys, err := os.ReadFile(e.o.config.LogPublicKey())
	if err != nil {
		return fmt.Errorf("app: inspection: %w", err)
	}
	for name, data := range map[string][]byte{
		inspection.CheckpointFile: e.signed, inspection.KeysFile: keys, "README.zh.txt": inspectionChinese, "README.en.txt": inspectionEnglish,
	} {
		if err := e.put(name, data); err != nil {
			return fmt.Errorf("app: inspection: %w", err)
		}
	}
	first, last, err := e.span(ctx)
	if err != nil {
		return err
	}
	if err := e.events(ctx, first, last); err != nil {
		return err
	}
	return e.seal()
}

// leaves calls f with each leaf of the tenant, in the order of the log.
func (e *exporter) leaves(ctx context.Context, pass int64, f func(index int64, raw []byte, l receipt.Leaf) error) error {
	for from := int64(0); from < e.manifest.Size; from += leafPage {
		to := min(from+leafPage, e.manifest.Size)
		page, err := e.o.store.Log().Leaves(ctx, from, to)
		if err != nil {
			return err
		}
		for i, raw := range page {
			l, err := receipt.ParseLeaf(raw)
			if err != nil {
				return fmt.Errorf("app: inspection: leaf %d: %w", from+int64(i), err)
			}
			if l.Tenant != e.req.Tenant {
				continue
			}
			if err := f(from+int64(i), raw, l); err != nil {
				return err
			}
		}
		if e.req.Progress != nil {
			e.req.Progress(pass*e.manifest.Size+to, 2*e.manifest.Size)
		}
	}
	return nil
}

// span is the range of the tenant's own numbers that the days take, one more on either side; 0 and 0 for none.
func (e *exporter) span(ctx context.Context) (first, last int64, err error) {
	newest := int64(0)
	err = e.leaves(ctx, 0, func(index int64, _ []byte, l receipt.Leaf) error {
		newest = l.Seq
		row, err := inspection.Row(l.Event, l.Seq, index, e.manifest.From, e.manifest.To)
		if err != nil {
			return err
		}
		if row[3] == "true" {
			if first == 0 {
				first = l.Seq
			}
			last = l.Seq
		}
		return nil
	})
	if first == 0 || err != nil {
		return 0, 0, err
	}
	return max(first-1, 1), min(last+1, newest), nil
}

// events writes events, index, receipts, records and policies of the tenant's numbers from first to last.
func (e *exporter) events(ctx context.Context, first, last int64) error {
	lines, err := e.stream(inspection.EventsFile)
	if err != nil {
		return err
	}
	defer lines.file.Close()
	index, err := e.stream(inspection.IndexFile)
	if err != nil {
		return err
	}
	defer index.file.Close()
	rows := csv.NewWriter(index)
	if err := rows.Write(inspection.Columns); err != nil {
		return err
	}
	e.manifest.FirstSeq, e.manifest.LastSeq = first, last
	err = e.leaves(ctx, 1, func(at int64, _ []byte, l receipt.Leaf) error {
		if first == 0 || l.Seq < first || l.Seq > last {
			return nil
		}
		e.manifest.Events++
		row, err := inspection.Row(l.Event, l.Seq, at, e.manifest.From, e.manifest.To)
		if err != nil {
			return err
		}
		if _, err := lines.Write(append(slices.Clip(l.Event), '\n')); err != nil {
			return err
		}
		if err := rows.Write(row); err != nil {
			return err
		}
		proof, err := e.reader.ProofAt(ctx, e.signed, at)
		if err != nil {
			return err
		}
		if err := e.put(inspection.ReceiptFile(at), proof); err != nil {
			return err
		}
		return e.decision(ctx, l.Event)
	})
	if err != nil {
		return err
	}
	rows.Flush()
	return errors.Join(rows.Error(), lines.end(), index.end())
}

// stream is a file that is written piece by piece, and stands under its name once it is whole.
type stream struct {
	e    *exporter
	name string
	file *os.File
	sum  hash.Hash
}

func (e *exporter) stream(name string) (*stream, error) {
	f, err := os.OpenFile(e.path(name)+".part", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	return &stream{e, name, f, sha256.New()}, err
}

// Write implements io.Writer.
func (s *stream) Write(b []byte) (int, error) {
	s.sum.Write(b)
	return s.file.Write(b)
}

func (s *stream) end() error {
	s.e.files[s.name] = hex.EncodeToString(s.sum.Sum(nil))
	return errors.Join(s.file.Close(), os.Rename(s.file.Name(), s.e.path(s.name)))
}

// decision writes the record and the policy that a decision's event names.
func (e *exporter) decision(ctx context.Context, event []byte) error {
	var d struct {
		Kind    compliance.EventKind    `json:"kind"`
		Subject string                  `json:"subject"`
		Data    compliance.DecisionData `json:"data"`
	}
	if err := json.Unmarshal(event, &d); err != nil || d.Kind != compliance.EventDecision {
		return err
	}
	stored, err := e.o.store.DecisionVersion(ctx, e.req.Tenant, d.Subject, d.Data.Version)
	if err != nil {
		return err
	}
	record, err := compliance.Canonical(stored.Decision)
	if err != nil {
		return err
	}
	if compliance.Digest(record) != d.Data.Digest {
		return fmt.Errorf("app: inspection: the record of %s version %d is not what its event commits to", d.Subject, d.Data.Version)
	}
	if err := e.put(inspection.RecordFile(d.Subject, d.Data.Version), record); err != nil {
		return err
	}
	name := inspection.PolicyFile(d.Data.PolicyDigest)
	if e.files[name] != "" {
		return nil
	}
	text, err := e.o.store.Policy(ctx, d.Data.PolicyDigest)
	if err != nil {
		return fmt.Errorf("app: inspection: policy %s: %w", d.Data.PolicyDigest, err)
	}
	return e.put(name, text)
}

// seal writes the list of files and the signed manifest: from then on the package is whole.
func (e *exporter) seal() error {
	names := make([]string, 0, len(e.files))
	for name := range e.files {
		names = append(names, name)
	}
	slices.Sort(names)
	var list bytes.Buffer
	for _, name := range names {
		fmt.Fprintf(&list, "%s  %s\n", e.files[name], name)
	}
	e.manifest.Files = compliance.Digest(list.Bytes())
	var signers []note.Signer
	for _, k := range e.o.keys.log {
		signers = append(signers, k.Signer())
	}
	signed, err := e.manifest.Sign(signers...)
	if err != nil {
		return fmt.Errorf("app: inspection: %w", err)
	}
	if err := e.put(inspection.FilesFile, list.Bytes()); err != nil {
		return fmt.Errorf("app: inspection: %w", err)
	}
	return e.put(inspection.ManifestFile, signed)
}

// record writes the event of the export.
func (e *exporter) record(ctx context.Context) error {
	m := &e.manifest
	ev, err := e.o.event(compliance.EventExported, m.Tenant, m.Tenant, map[string]string{
		"by": operatorName, "case": m.Case, "legal_basis": m.LegalBasis, "from": m.From.UTC().Format(time.RFC3339), "to": m.To.UTC().Format(time.RFC3339),
		"files": m.Files, "events": fmt.Sprint(m.Events),
	})
	if err != nil {
		return err
	}
	return e.o.store.Append(ctx, ev)
}

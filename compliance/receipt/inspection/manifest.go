// Package inspection is what a regulator is handed: the events of one tenant over some days with everything that proves
// them, in one folder that is checked offline by realname-audit package, and its plain list of files by sha256sum -c.
//
//	manifest              signed note by the keys of the log; see Manifest
//	files.sha256          digest and path of every other file, as sha256sum writes them, sorted by path
//	README.zh.txt, README.en.txt
//	checkpoint            the signed head of the log that all receipts lead to
//	keys/log.pub          keys of the log, to be compared with those got by a way one trusts
//	events.jsonl          the events, a line each, verbatim as the log holds them, in the order of the tenant's own numbers
//	index.csv             one row an event, in the same order
//	receipts/N/I.tlog-proof  the receipt of leaf I; N is I/1000
//	records/ID.V.json     the canonical record of version V of decision ID, to which its event commits by decision_digest
//	policies/D.yaml       the text of the policy with SHA-256 D, for each that a decision names
//
// Besides the events of the days the folder holds the tenant's event before the first and the one after the last, where
// there are such: with numbers that follow each other they show that nothing between was left out.
package inspection

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance/receipt/tiles"
)

// Names within a package.
const (
	ManifestFile   = "manifest"
	FilesFile      = "files.sha256"
	CheckpointFile = tiles.CheckpointPath
	KeysFile       = "keys/log.pub"
	EventsFile     = "events.jsonl"
	IndexFile      = "index.csv"
)

// ReceiptFile is where the receipt of a leaf lies.
func ReceiptFile(index int64) string {
	return fmt.Sprintf("receipts/%d/%d.tlog-proof", index/1000, index)
}

// RecordFile is where the record of one version of a decision lies.
func RecordFile(id string, version int) string {
	return path.Join("records", fmt.Sprintf("%s.%d.json", id, version))
}

// PolicyFile is where the text of a policy lies.
func PolicyFile(digest string) string { return path.Join("policies", digest+".yaml") }

// Columns of index.csv. within says whether the event is of the days asked for, or stands beside them.
var Columns = []string{"tenant_seq", "leaf_index", "at", "within", "event", "kind", "subject", "outcome", "policy_digest", "clauses", "receipt", "record"}

// ErrManifest: the text is no manifest, or not signed by the log's keys.
var ErrManifest = errors.New("inspection: no manifest of a package")

const head = "realname inspection package v1"

// Manifest says what a package holds. All of it is signed.
type Manifest struct {
	Origin     string // of the log
	Case       string // the regulator's own number
	LegalBasis string
	Tenant     string
	From, To   time.Time // of the events; To is the first moment after
	Made       time.Time
	Events     int64 // those beside the days included
	FirstSeq   int64 // the tenant's own numbers; 0 of an empty package
	LastSeq    int64
	Size       int64  // leaves of the log at the checkpoint
	Files      string // hex SHA-256 of files.sha256
}

// Text is what is signed.
func (m Manifest) Text() string {
	var b bytes.Buffer
	for _, line := range [][2]string{
		{"origin", m.Origin}, {"case", m.Case}, {"legal_basis", m.LegalBasis}, {"tenant", m.Tenant},
		{"from", m.From.UTC().Format(time.RFC3339Nano)}, {"to", m.To.UTC().Format(time.RFC3339Nano)}, {"made", m.Made.UTC().Format(time.RFC3339)},
		{"events", strconv.FormatInt(m.Events, 10)}, {"first_seq", strconv.FormatInt(m.FirstSeq, 10)}, {"last_seq", strconv.FormatInt(m.LastSeq, 10)},
		{"size", strconv.FormatInt(m.Size, 10)}, {"files", m.Files},
	} {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	return head + "\n" + b.String()
}

// Sign returns the signed manifest.
func (m Manifest) Sign(signers ...note.Signer) ([]byte, error) {
	return note.Sign(&note.Note{Text: m.Text()}, signers...)
}

// OpenManifest verifies a signed manifest by the keys of the log. Errors are ErrManifest.
func OpenManifest(signed []byte, keys note.Verifiers) (Manifest, error) {
	n, err := note.Open(signed, keys)
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	m, err := parse(n.Text)
	if err == nil && m.Text() != n.Text {
		err = errors.New("not in its form")
	}
	if err == nil && !slices.ContainsFunc(n.Sigs, func(s note.Signature) bool { return s.Name == m.Origin }) {
		err = errors.New("no key of the log's own signed it") // a witness's key is none
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	return m, nil
}

func parse(text string) (m Manifest, err error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if lines[0] != head {
		return m, errors.New("another heading")
	}
	value := map[string]string{}
	for _, line := range lines[1:] {
		key, v, ok := strings.Cut(line, ": ")
		if !ok {
			return m, errors.New("a line without a value")
		}
		value[key] = v
	}
	var faults []error
	at := func(key string) time.Time {
		t, err := time.Parse(time.RFC3339Nano, value[key])
		faults = append(faults, err)
		return t
	}
	number := func(key string) int64 {
		n, err := strconv.ParseInt(value[key], 10, 64)
		faults = append(faults, err)
		return n
	}
	m = Manifest{
		Origin: value["origin"], Case: value["case"], LegalBasis: value["legal_basis"], Tenant: value["tenant"],
		From: at("from"), To: at("to"), Made: at("made"), Events: number("events"), FirstSeq: number("first_seq"), LastSeq: number("last_seq"),
		Size: number("size"), Files: value["files"],
	}
	return m, errors.Join(faults...)
}

package inspection

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
)

// Kind says what is wrong with a package.
type Kind string

// What can be wrong. The list only grows.
const (
	BadManifest   Kind = "package_manifest"   // not in its form, not signed by these keys, or of another log than the checkpoint
	FileMissing   Kind = "package_missing"    // listed and not there
	FileAltered   Kind = "package_altered"    // another digest than listed
	FileUnlisted  Kind = "package_unlisted"   // there and not listed
	BadCheckpoint Kind = "package_checkpoint" // not signed, or another than the manifest names
	BadReceipt    Kind = "package_receipt"    // does not prove its event at the checkpoint
	BadEvent      Kind = "package_event"      // a line of events.jsonl, or a row of index.csv, that says otherwise than the log
	BadSequence   Kind = "package_sequence"   // the tenant's numbers have a gap: an event was left out
	BadRange      Kind = "package_range"      // it begins within the days though the tenant had events before
	BadRecord     Kind = "package_record"     // not what its event commits to
	BadPolicy     Kind = "package_policy"     // missing, or not of its digest
)

// Finding names one thing that is wrong.
type Finding struct {
	Kind   Kind   `json:"kind"`
	File   string `json:"file"`
	Row    int64  `json:"row,omitempty"` // of events.jsonl, from 1
	Detail string `json:"detail,omitempty"`
}

// Report is what a package was found to be. Findings is never nil.
type Report struct {
	Manifest  Manifest  `json:"manifest"`
	Events    int64     `json:"events"`
	Decisions int64     `json:"decisions"`
	Files     int64     `json:"files"`
	Findings  []Finding `json:"findings"`
	Omitted   int64     `json:"omitted,omitempty"` // findings beyond the first thousand
}

// Sound reports whether nothing was found wrong.
func (r *Report) Sound() bool { return len(r.Findings) == 0 }

const (
	mostFindings = 1000
	maxSmall     = 1 << 20 // bytes of a file that is read whole
	maxLine      = tiles.MaxEntry + 1
)

// check is one verification of a package.
type check struct {
	root     *os.Root
	keys     note.Verifiers
	report   *Report
	at       tiles.Checkpoint
	policies map[string]bool // by digest: found and right
	last     tlog.Hash       // of the leaf before
}

// Verify checks the package in a folder by the keys of its log, offline. Findings are in the report; an error means that
// it could not check. Memory does not grow with the package. progress, when not nil, is told the events done and in total.
func Verify(dir string, keys note.Verifiers, progress func(done, total int64)) (Report, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Report{}, fmt.Errorf("inspection: open the package: %w", err)
	}
	defer root.Close()
	c := &check{root: root, keys: keys, report: &Report{Findings: []Finding{}}, policies: map[string]bool{}}
	signed, err := c.small(ManifestFile)
	if err != nil {
		return Report{}, fmt.Errorf("inspection: %w", err)
	}
	if c.report.Manifest, err = OpenManifest(signed, keys); err != nil {
		c.find(Finding{Kind: BadManifest, File: ManifestFile, Detail: err.Error()})
		return *c.report, nil
	}
	if err := c.files(); err != nil {
		return Report{}, err
	}
	c.checkpoint()
	if err := c.events(progress); err != nil {
		return Report{}, err
	}
	return *c.report, nil
}

func (c *check) find(f Finding) {
	if len(c.report.Findings) == mostFindings {
		c.report.Omitted++
		return
	}
	c.report.Findings = append(c.report.Findings, f)
}

// open opens a regular file of the package; a pipe would hang.
func (c *check) open(name string) (*os.File, error) {
	info, err := c.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	return c.root.Open(name)
}

func (c *check) small(name string) ([]byte, error) {
	f, err := c.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err == nil && len(data) > maxSmall {
		err = fmt.Errorf("%s is longer than %d bytes", name, maxSmall)
	}
	return data, err
}

// files compares the list with the manifest, every file with the list, and looks for what is not in it.
func (c *check) files() error {
	f, err := c.open(FilesFile)
	if err != nil {
		c.find(Finding{Kind: FileMissing, File: FilesFile})
		return nil
	}
	defer f.Close()
	whole := sha256.New()
	listed := map[string]bool{ManifestFile: true, FilesFile: true}
	lines := bufio.NewScanner(io.TeeReader(f, whole))
	for lines.Scan() {
		digest, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || !filepath.IsLocal(name) {
			c.find(Finding{Kind: BadManifest, File: FilesFile, Detail: "a line that is no digest and path"})
			continue
		}
		listed[name] = true
		c.report.Files++
		c.file(name, digest)
	}
	if err := lines.Err(); err != nil {
		c.find(Finding{Kind: BadManifest, File: FilesFile, Detail: err.Error()})
	}
	if hex.EncodeToString(whole.Sum(nil)) != c.report.Manifest.Files {
		c.find(Finding{Kind: FileAltered, File: FilesFile})
	}
	return fs.WalkDir(c.root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("inspection: %w", err)
		}
		if !d.IsDir() && !listed[name] {
			c.find(Finding{Kind: FileUnlisted, File: name})
		}
		return nil
	})
}

func (c *check) file(name, digest string) {
	f, err := c.open(name)
	if err != nil {
		c.find(Finding{Kind: FileMissing, File: name})
		return
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil || hex.EncodeToString(h.Sum(nil)) != digest {
		c.find(Finding{Kind: FileAltered, File: name})
	}
}

func (c *check) checkpoint() {
	signed, err := c.small(CheckpointFile)
	if err == nil {
		var opened tiles.Opened
		opened, err = tiles.Open(signed, c.keys)
		c.at = opened.Checkpoint
	}
	m := &c.report.Manifest
	switch {
	case err != nil:
		c.find(Finding{Kind: BadCheckpoint, File: CheckpointFile, Detail: err.Error()})
	case c.at.Origin != m.Origin || c.at.Size != m.Size:
		c.find(Finding{Kind: BadCheckpoint, File: CheckpointFile, Detail: "it is not the one that the manifest names"})
	}
}

// events goes over events.jsonl and index.csv side by side.
func (c *check) events(progress func(done, total int64)) error {
	events, err := c.open(EventsFile)
	if err != nil {
		return nil // told as a missing file
	}
	defer events.Close()
	index, err := c.open(IndexFile)
	if err != nil {
		return nil
	}
	defer index.Close()
	m := &c.report.Manifest
	rows := csv.NewReader(index)
	rows.FieldsPerRecord, rows.ReuseRecord = len(Columns), true
	if names, err := rows.Read(); err != nil || !slices.Equal(names, Columns) {
		c.find(Finding{Kind: BadEvent, File: IndexFile, Detail: "not its columns"})
		return nil
	}
	lines := bufio.NewScanner(events)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	for lines.Scan() {
		c.report.Events++
		row, err := rows.Read()
		if err != nil {
			c.find(Finding{Kind: BadEvent, File: IndexFile, Row: c.report.Events, Detail: "no row for the event"})
			break
		}
		c.event(lines.Bytes(), row)
		if progress != nil {
			progress(c.report.Events, m.Events)
		}
	}
	if err := lines.Err(); err != nil {
		c.find(Finding{Kind: BadEvent, File: EventsFile, Row: c.report.Events + 1, Detail: err.Error()})
	}
	if _, err := rows.Read(); !errors.Is(err, io.EOF) {
		c.find(Finding{Kind: BadEvent, File: IndexFile, Detail: "more rows than events"})
	}
	if c.report.Events != m.Events || m.Events > 0 && m.FirstSeq+m.Events-1 != m.LastSeq {
		c.find(Finding{Kind: BadSequence, File: EventsFile, Detail: fmt.Sprintf("%d events, numbers %d to %d", c.report.Events, m.FirstSeq, m.LastSeq)})
	}
	return nil
}

// envelope is what the check reads of an event.
type envelope struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Tenant  string    `json:"tenant"`
	Subject string    `json:"subject"`
	At      time.Time `json:"at"`
	Data    struct {
		Version      int      `json:"version"`
		Outcome      string   `json:"outcome"`
		Digest       string   `json:"decision_digest"`
		PolicyDigest string   `json:"policy_digest"`
		Clauses      []string `json:"clauses"`
	} `json:"data"`
}

// Row is the row of index.csv for an event.
func Row(event []byte, seq, index int64, from, to time.Time) ([]string, error) {
	var e envelope
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, fmt.Errorf("inspection: an event that cannot be read: %w", err)
	}
	record := ""
	if e.Data.Digest != "" {
		record = RecordFile(e.Subject, e.Data.Version)
	}
	return []string{
		strconv.FormatInt(seq, 10), strconv.FormatInt(index, 10), e.At.UTC().Format(time.RFC3339Nano), strconv.FormatBool(within(e.At, from, to)),
		e.ID, e.Kind, e.Subject, e.Data.Outcome, e.Data.PolicyDigest, strings.Join(e.Data.Clauses, " "), ReceiptFile(index), record,
	}, nil
}

func within(at, from, to time.Time) bool { return !at.Before(from) && at.Before(to) }

// event checks one event: its receipt, its place in the tenant's chain, its row, and what a decision commits to.
func (c *check) event(line []byte, row []string) {
	m, n := &c.report.Manifest, c.report.Events
	wrong := func(kind Kind, file, detail string) { c.find(Finding{Kind: kind, File: file, Row: n, Detail: detail}) }
	index, err := strconv.ParseInt(row[1], 10, 64)
	if err != nil || index < 0 {
		wrong(BadEvent, IndexFile, "no leaf index")
		return
	}
	name := ReceiptFile(index)
	text, err := c.small(name)
	if err != nil {
		wrong(BadReceipt, name, "missing")
		return
	}
	v, err := receipt.Verify(c.keys, text)
	switch {
	case err != nil:
		wrong(BadReceipt, name, err.Error())
		return
	case v.Size != c.at.Size || v.Root != c.at.Root || v.Origin != m.Origin:
		wrong(BadReceipt, name, "it leads to another checkpoint")
		return
	case v.Index != index || !bytes.Equal(v.Leaf.Event, line):
		wrong(BadEvent, EventsFile, "not the event that its receipt proves")
	}
	switch {
	case v.Leaf.Tenant != m.Tenant:
		wrong(BadSequence, name, "an event of another tenant")
	case v.Leaf.Seq != m.FirstSeq+n-1 || n > 1 && v.Leaf.Prev != c.last:
		wrong(BadSequence, name, fmt.Sprintf("the tenant's number %d where %d belongs", v.Leaf.Seq, m.FirstSeq+n-1))
	}
	c.last = tlog.RecordHash(v.Raw)
	want, err := Row(v.Leaf.Event, v.Leaf.Seq, v.Index, m.From, m.To)
	if err != nil || !slices.Equal(want, row) {
		wrong(BadEvent, IndexFile, "its row says otherwise than the event")
		return
	}
	if n == 1 && m.FirstSeq > 1 && row[3] == "true" {
		wrong(BadRange, IndexFile, "the event before the days is missing")
	}
	var e envelope
	if err := json.Unmarshal(v.Leaf.Event, &e); err != nil {
		wrong(BadEvent, EventsFile, "an event that cannot be read")
		return
	}
	c.decision(&e, wrong)
}

// decision checks the record and the policy that a decision's event commits to.
func (c *check) decision(e *envelope, wrong func(kind Kind, file, detail string)) {
	if e.Data.Digest == "" {
		return
	}
	c.report.Decisions++
	name := RecordFile(e.Subject, e.Data.Version)
	record, err := c.small(name)
	if sum := sha256.Sum256(record); err != nil || hex.EncodeToString(sum[:]) != e.Data.Digest {
		wrong(BadRecord, name, "not the record that the event commits to")
	}
	if c.policies[e.Data.PolicyDigest] {
		return
	}
	name = PolicyFile(e.Data.PolicyDigest)
	text, err := c.small(name)
	if sum := sha256.Sum256(text); err != nil || hex.EncodeToString(sum[:]) != e.Data.PolicyDigest {
		wrong(BadPolicy, name, "missing, or not of its digest")
		return
	}
	c.policies[e.Data.PolicyDigest] = true
}

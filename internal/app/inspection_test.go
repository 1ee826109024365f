package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"realname/compliance"
	"realname/compliance/auditlog"
	"realname/compliance/receipt/inspection"
	"realname/compliance/signing"
)

// publish puts what is in the ledger into the log.
func (b *branch) publish(t *testing.T) *signing.Verifiers {
	t.Helper()
	folder, err := auditlog.OpenFolder(b.o.config.LogFolder())
	if err != nil {
		t.Fatal(err)
	}
	k := b.o.keys.log[0]
	keys := signing.NewVerifiers(k.Verifier())
	l, err := auditlog.Open(t.Context(), auditlog.Options{
		Origin: b.o.config.Log.Origin, Signers: []note.Signer{k.Signer()}, Verifiers: keys, Ledger: b.o.store.Log(), Storage: folder,
	})
	if err == nil {
		err = l.Flush(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// six lets another person ask for six cards: the last is refused.
func (b *branch) six(t *testing.T) {
	t.Helper()
	ask := b.card()
	for i := range 6 {
		ask.Request.BizNo = fmt.Sprint("person-", b.people, "-", i)
		if _, err := b.Open(t.Context(), b.caller, ask.Request.BizNo, ask); err != nil {
			t.Fatal(err)
		}
	}
}

// inspected is a carrier whose log holds decisions before, within and after some time, and the package of that time.
func inspected(t *testing.T) (b *branch, keys *signing.Verifiers, req InspectionRequest) {
	t.Helper()
	b = newBranch(t, compliance.SectorTelecom)
	b.six(t)
	other, err := b.o.AddTenant(t.Context(), NewTenant{Name: "other", Sector: compliance.SectorTelecom, Region: "000000", NoStock: true})
	if err != nil || other.ID == b.caller.TenantID {
		t.Fatal(err)
	}
	from := time.Now()
	b.six(t)
	to := time.Now()
	b.six(t)
	keys = b.publish(t)
	return b, keys, InspectionRequest{
		Dir: filepath.Join(t.TempDir(), "package"), Tenant: b.caller.TenantID, From: from.UTC(), To: to.UTC(), Case: "沪检〔2026〕7号", LegalBasis: "AML law",
	}
}

func (b *branch) export(t *testing.T, req InspectionRequest) inspection.Manifest {
	t.Helper()
	m, err := b.o.ExportInspection(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func check(t *testing.T, dir string, keys note.Verifiers) inspection.Report {
	t.Helper()
	r, err := inspection.Verify(dir, keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestInspectionPackage(t *testing.T) {
	b, keys, req := inspected(t)
	m := b.export(t, req)
	r := check(t, req.Dir, keys)
	if !r.Sound() || r.Events != m.Events || r.Manifest != m {
		t.Fatalf("%+v\n%+v", m, r)
	}
	// Six decisions, five of which reserved: and one event on either side.
	if r.Decisions < 6 || m.Events != m.LastSeq-m.FirstSeq+1 || m.FirstSeq < 2 {
		t.Errorf("%+v, %d decisions", m, r.Decisions)
	}
	index, err := os.ReadFile(filepath.Join(req.Dir, "index.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(string(index)), "\n")
	within := func(row string) bool { return strings.Split(row, ",")[3] == "true" }
	if within(rows[1]) || within(rows[len(rows)-1]) || slices.ContainsFunc(rows[2:len(rows)-1], func(row string) bool { return !within(row) }) {
		t.Errorf("the days are not between one event before and one after:\n%s", index)
	}
	if _, err := b.o.ExportInspection(t.Context(), req); err == nil {
		t.Error("a whole package was made again in the same folder")
	}
	// The export is an event, of the tenant and with the case.
	req.Dir, req.From, req.To = filepath.Join(t.TempDir(), "next"), req.To, time.Now().Add(time.Second)
	b.publish(t)
	b.export(t, req)
	if events, err := os.ReadFile(filepath.Join(req.Dir, "events.jsonl")); err != nil || !strings.Contains(string(events), `"kind":"audit.exported"`) ||
		!strings.Contains(string(events), "沪检〔2026〕7号") {
		t.Errorf("the export is no event: %v", err)
	}
}

// An export that ends in the middle is completed under the checkpoint that it began with.
func TestInspectionGoesOn(t *testing.T) {
	b, keys, req := inspected(t)
	ctx, stop := context.WithCancel(t.Context())
	cut := req
	cut.Progress = func(done, total int64) {
		if done == total/2 { // all leaves were looked at once, and none is written
			stop()
		}
	}
	if _, err := b.o.ExportInspection(ctx, cut); err == nil {
		t.Fatal("it was not interrupted")
	}
	before, err := os.ReadFile(filepath.Join(req.Dir, "checkpoint"))
	if err != nil {
		t.Fatal(err)
	}
	b.six(t)
	b.publish(t)
	b.export(t, req)
	after, _ := os.ReadFile(filepath.Join(req.Dir, "checkpoint"))
	if r := check(t, req.Dir, keys); !r.Sound() || !bytes.Equal(before, after) {
		t.Errorf("%+v", r)
	}
}

func TestInspectionsThatCannotBe(t *testing.T) {
	b, _, req := inspected(t)
	for name, change := range map[string]func(r *InspectionRequest){
		"no tenant":       func(r *InspectionRequest) { r.Tenant = "tnt_x" },
		"backwards":       func(r *InspectionRequest) { r.From, r.To = r.To, r.From },
		"no case":         func(r *InspectionRequest) { r.Case = " " },
		"two lines":       func(r *InspectionRequest) { r.Case = "7\nfiles: x" },
		"no legal basis":  func(r *InspectionRequest) { r.LegalBasis = "" },
		"a file is there": func(r *InspectionRequest) { r.Dir = b.o.config.LogPublicKey() },
	} {
		bad := req
		change(&bad)
		if _, err := b.o.ExportInspection(t.Context(), bad); err == nil {
			t.Errorf("%s: exported", name)
		}
	}
}

// reseal signs what is in the folder as the institution itself could, with a change to the manifest.
func (b *branch) reseal(t *testing.T, dir string, keys note.Verifiers, change func(m *inspection.Manifest)) {
	t.Helper()
	signed, err := os.ReadFile(filepath.Join(dir, "manifest"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := inspection.OpenManifest(signed, keys)
	if err != nil {
		t.Fatal(err)
	}
	e := &exporter{o: b.o, req: InspectionRequest{Dir: dir}, manifest: m, files: map[string]string{}}
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "manifest" || name == "files.sha256" {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		e.files[name] = compliance.Digest(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&e.manifest)
	}
	if err := e.seal(); err != nil {
		t.Fatal(err)
	}
}

// Whatever is done to a package is found, by whoever keeps it and by the institution that signs it anew.
func TestTamperedPackagesAreFound(t *testing.T) {
	b, keys, req := inspected(t)
	b.export(t, req)
	edit := func(dir, name string, change func(text string) string) {
		t.Helper()
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := change(string(text))
		if changed == string(text) {
			t.Fatalf("%s was not changed", name)
		}
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flip := func(text string) string {
		return text[:len(text)/2] + string(text[len(text)/2]^1) + text[len(text)/2+1:]
	}
	one := func(dir, pattern string) string {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) < 3 {
			t.Fatal(pattern, found, err)
		}
		name, _ := filepath.Rel(dir, found[1])
		return name
	}
	drop := func(n int) func(text string) string { // line n from 0, or from the end
		return func(text string) string {
			lines := strings.SplitAfter(text, "\n")
			return strings.Join(slices.Delete(lines, n, n+1), "")
		}
	}
	for _, c := range []struct {
		name   string
		change func(dir string)
		resign func(m *inspection.Manifest)
		anew   bool
		want   inspection.Kind
	}{
		{"manifest", func(dir string) {
			edit(dir, "manifest", func(s string) string { return strings.Replace(s, "AML law", "AML lax", 1) })
		}, nil, false, inspection.BadManifest},
		{"list", func(dir string) { edit(dir, "files.sha256", drop(3)) }, nil, false, inspection.FileAltered},
		{"receipt taken out", func(dir string) { _ = os.Remove(filepath.Join(dir, one(dir, "receipts/*/*"))) }, nil, false, inspection.FileMissing},
		{"receipt a folder", func(dir string) {
			name := filepath.Join(dir, one(dir, "receipts/*/*"))
			_ = os.Remove(name)
			_ = os.Mkdir(name, 0o700)
		}, nil, false, inspection.FileMissing},
		{"record flipped", func(dir string) { edit(dir, one(dir, "records/*"), flip) }, nil, false, inspection.FileAltered},
		{"a file more", func(dir string) { _ = os.WriteFile(filepath.Join(dir, "note.txt"), nil, 0o600) }, nil, false, inspection.FileUnlisted},
		{"event left out", func(dir string) { edit(dir, "events.jsonl", drop(4)); edit(dir, "index.csv", drop(5)) },
			func(m *inspection.Manifest) { m.Events-- }, true, inspection.BadSequence},
		{"last event left out of the count", func(string) {}, func(m *inspection.Manifest) { m.LastSeq++ }, true, inspection.BadSequence},
		{"events swapped", func(dir string) {
			swap := func(i int) func(string) string {
				return func(s string) string {
					l := strings.SplitAfter(s, "\n")
					l[i], l[i+1] = l[i+1], l[i]
					return strings.Join(l, "")
				}
			}
			edit(dir, "events.jsonl", swap(3))
			edit(dir, "index.csv", swap(4))
		}, nil, true, inspection.BadSequence},
		{"event rewritten", func(dir string) {
			edit(dir, "events.jsonl", func(s string) string { return strings.Replace(s, `"outcome":"rejected"`, `"outcome":"approved"`, 1) })
		}, nil, true, inspection.BadEvent},
		{"row rewritten", func(dir string) {
			edit(dir, "index.csv", func(s string) string { return strings.Replace(s, ",rejected,", ",approved,", 1) })
		}, nil, true, inspection.BadEvent},
		{"row too many", func(dir string) {
			edit(dir, "index.csv", func(s string) string { return s + strings.SplitAfter(s, "\n")[1] })
		}, nil, true, inspection.BadEvent},
		{"record replaced", func(dir string) {
			edit(dir, one(dir, "records/*"), func(s string) string { return strings.Replace(s, "mobile_card", "other_card", 1) })
		},
			nil, true, inspection.BadRecord},
		{"policy replaced", func(dir string) {
			found, _ := filepath.Glob(filepath.Join(dir, "policies", "*"))
			name, _ := filepath.Rel(dir, found[0])
			edit(dir, name, flip)
		}, nil, true, inspection.BadPolicy},
		{"receipt of another event", func(dir string) {
			found, _ := filepath.Glob(filepath.Join(dir, "receipts/*/*"))
			text, _ := os.ReadFile(found[3])
			_ = os.WriteFile(found[2], text, 0o600)
		}, nil, true, inspection.BadEvent},
		{"receipt flipped", func(dir string) { edit(dir, one(dir, "receipts/*/*"), flip) }, nil, true, inspection.BadReceipt},
		{"event before the days left out", func(dir string) { edit(dir, "events.jsonl", drop(0)); edit(dir, "index.csv", drop(1)) },
			func(m *inspection.Manifest) { m.Events--; m.FirstSeq++ }, true, inspection.BadRange},
		{"other days", func(string) {}, func(m *inspection.Manifest) { m.From = m.From.Add(-time.Hour) }, true, inspection.BadEvent},
		{"another checkpoint", func(dir string) { edit(dir, "checkpoint", flip) }, nil, true, inspection.BadCheckpoint},
		{"another tenant", func(string) {}, func(m *inspection.Manifest) { m.Tenant = "tnt_other" }, true, inspection.BadSequence},
	} {
		dir := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(req.Dir)); err != nil {
			t.Fatal(err)
		}
		c.change(dir)
		if c.anew {
			b.reseal(t, dir, keys, c.resign)
		}
		r := check(t, dir, keys)
		if !slices.ContainsFunc(r.Findings, func(f inspection.Finding) bool { return f.Kind == c.want }) {
			t.Errorf("%s: no %s in %+v", c.name, c.want, r.Findings)
		}
	}
	stranger, err := signing.Generate(signing.Ed25519, b.o.config.Log.Origin, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if r := check(t, req.Dir, signing.NewVerifiers(stranger.Verifier())); len(r.Findings) != 1 || r.Findings[0].Kind != inspection.BadManifest {
		t.Errorf("by another key: %+v", r.Findings)
	}
}

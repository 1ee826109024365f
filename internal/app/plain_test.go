//go:build vision

package app

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"realname/internal/config"
	"realname/internal/specimen"
	"realname/internal/sqlstore/storetest"
)

// needle is a byte sequence that must stand nowhere.
type needle struct {
	what string
	text []byte
}

// slice is how much of a photo is looked for at a time: no chance brings it about, and a page holds many of them.
const slice = 48

// needlesOf are the number, name and photo of somebody, as they are and as JSON, base64 and hex would write them.
func needlesOf(p specimen.Person, photo []byte) []needle {
	out := []needle{{"number", []byte(p.Number)}, {"name", []byte(p.Name)}}
	for _, n := range slices.Clone(out) {
		out = append(out, needle{n.what + " in hex", fmt.Appendf(nil, "%x", n.text)})
	}
	var escaped strings.Builder
	for _, r := range p.Name {
		fmt.Fprintf(&escaped, `\u%04x`, r)
	}
	out = append(out, needle{"name as JSON may escape it", []byte(escaped.String())})
	for at := 0; at+slice <= len(photo); at += len(photo) / 64 {
		part := photo[at : at+slice]
		out = append(out, needle{fmt.Sprintf("photo from byte %d", at), part})
		for shift := range 3 { // base64 of a whole photo reads differently at each remainder
			text := base64.StdEncoding.EncodeToString(part[shift : shift+30])
			out = append(out, needle{fmt.Sprintf("photo from byte %d in base64", at+shift), []byte(text)})
		}
	}
	return out
}

// found says which needles stand in which files beneath folders.
func found(t *testing.T, needles []needle, folders ...string) []string {
	t.Helper()
	var out []string
	files := 0
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return ignoreGone(err)
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return ignoreGone(err)
			}
			files++
			for _, n := range needles {
				if bytes.Contains(text, n.text) {
					out = append(out, n.what+" in "+filepath.Base(name))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files == 0 {
		t.Error("nothing was searched")
	}
	return out
}

// ignoreGone passes over files that a server removed meanwhile.
func ignoreGone(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// Neither number nor name nor photo is ever in plain text on the disk: not in pages, logs, tiles or temporary files, after
// intake, after the process was killed, after a restart, after erasure. What was erased has no wrapped key left, and every
// proof verifies.
func TestPersonalDataIsNeverInPlainText(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgresql": storetest.PostgreSQL} {
		t.Run(name, func(t *testing.T) { neverInPlainText(t, dsn(t)) })
	}
}

func neverInPlainText(t *testing.T, dsn string) {
	r := startGatewayWith(t, func(c *config.Config) { c.Ledger.DSN, c.Imaging.Workers = dsn, 1 })
	platform := r.key
	tmp := t.TempDir()
	made := watched(t, tmp)
	g := inProcess(t, r, tmp)
	p, photo := g.somebody(t, 21)
	needles := needlesOf(p, photo)
	folders := []string{g.config.Data, tmp}
	if dsn != "" {
		folders = append(folders, dataOf(t, dsn))
	}
	look := func(when string) {
		t.Helper()
		if dsn != "" {
			execSQL(t, dsn, `CHECKPOINT`)
		}
		if got := found(t, needles, folders...); len(got) > 0 {
			t.Errorf("%s: %v", when, got)
		}
		if log := g.log.text(); strings.Contains(log, p.Number) || strings.Contains(log, p.Name) {
			t.Errorf("%s: the gateway's log tells who it was", when)
		}
	}

	signed := g.signup(t, p.Number, p.Name, photo)
	if signed.status != http.StatusCreated || signed.body["decision"] != "approved" {
		t.Fatalf("%d %v", signed.status, signed.body)
	}
	if got := g.multipart(t, p, photo); got.status != http.StatusCreated {
		t.Errorf("by multipart: %d %v", got.status, got.body)
	}
	if limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", g.cmd.Process.Pid)); err != nil || !coreless(string(limits)) {
		t.Errorf("core files of the gateway are not forbidden: %v", err)
	}
	g.carrier(t)
	g.keptPhoto(t, p.Number, p.Name, photo)
	look("after intake")
	if err := g.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = g.stop()
	look("after it was killed")
	g.launch(t)
	g.key = platform
	id, _ := signed.body["id"].(string)
	wrapped := wrappedKey(t, g.config, id)
	if got := found(t, []needle{{"wrapped key", wrapped}}, folders...); len(got) == 0 {
		t.Error("the wrapped key is not found before the erasure, so that its absence would show nothing")
	}

	out, err := g.realname(t, "vault", "erase", id, "--yes", "--json")
	var keys []ErasedKey
	if bad := json.Unmarshal([]byte(out), &keys); err != nil || bad != nil || len(keys) != 1 || keys[0].Fate != "erased" {
		t.Fatalf("%v: %s", err, out)
	}
	look("after erasure")
	if got := g.send(t, http.MethodGet, "/v1/verifications/"+id, "", nil); got.status != http.StatusOK || got.body["personal_data"] != "erased" {
		t.Errorf("the decision: %d %v", got.status, got.body["personal_data"])
	}
	if got := g.post(t, "/v1/verifications/"+id+"/evidence", map[string]any{"evidence": []any{}}); got.status >= 500 {
		t.Errorf("more evidence: %d %v", got.status, got.body)
	}
	receipt := g.receipt(t, id)
	if err := g.stop(); err != nil {
		t.Error(err)
	}
	if out, err := g.realname(t, "vault", "erase", id, "--yes"); err != nil { // once more, with nobody reading: the disk is scrubbed
		t.Errorf("%v: %s", err, out)
	}
	look("after the end")
	if dsn == "" { // PostgreSQL keeps dead bytes until it writes over them, so that only the master key's end is the end
		if got := found(t, []needle{{"wrapped key", wrapped}}, folders...); len(got) > 0 {
			t.Error(got)
		}
	}
	g.proves(t, receipt)
	g.replays(t)
	if names := made(); len(names) > 0 {
		t.Errorf("temporary files were made: %v", names)
	}
}

// The search finds what it is for, in a file and in the pages of a database.
func TestTheSearchFindsPlainText(t *testing.T) {
	p := specimen.NewPerson(specimen.Seed(22))
	photo := make([]byte, 20_000)
	for i := range photo {
		photo[i] = byte(i * i >> 3)
	}
	needles := needlesOf(p, photo)
	for what, text := range map[string][]byte{
		"a file": slices.Concat(bytes.Repeat([]byte{0}, 9999), []byte(p.Number), []byte(p.Name), photo),
		"JSON":   fmt.Appendf(nil, `{"name":"%s","number":"%s","content":"%s"}`, needles[4].text, p.Number, base64.StdEncoding.EncodeToString(photo)),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "planted"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(found(t, needles, dir), "\n")
		for _, want := range []string{"number in planted", "name", "photo from byte 0", "photo from byte 9984"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q is found in %s", what, want, got)
			}
		}
	}
	dir := t.TempDir()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{`PRAGMA journal_mode(wal)`, `CREATE TABLE t (number TEXT, name TEXT, photo BLOB)`} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`INSERT INTO t VALUES ($1, $2, $3)`, p.Number, p.Name, photo); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(found(t, needles, dir), "\n")
	for _, want := range []string{"number in ledger.db-wal", "name in ledger.db-wal", "photo from byte 0 in ledger.db-wal"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q is found in %s", want, got)
		}
	}
}

func coreless(limits string) bool {
	for line := range strings.Lines(limits) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			return strings.HasPrefix(strings.TrimSpace(rest), "0 ")
		}
	}
	return false
}

// watched tells the files that are made in a folder, also those that are gone again, but for the folders of workers.
func watched(t *testing.T, dir string) func() []string {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_MOVED_TO); err != nil {
		t.Fatal(err)
	}
	return func() []string {
		var names []string
		buf := make([]byte, 1<<16)
		n, err := unix.Read(fd, buf)
		if err != nil {
			t.Fatalf("not even the workers' folder was seen: %v", err)
		}
		for at := 0; at+unix.SizeofInotifyEvent <= n; {
			length := int(binary.NativeEndian.Uint32(buf[at+12:]))
			name := string(bytes.TrimRight(buf[at+unix.SizeofInotifyEvent:at+unix.SizeofInotifyEvent+length], "\x00"))
			if !strings.HasPrefix(name, "imaging-") {
				names = append(names, name)
			}
			at += unix.SizeofInotifyEvent + length
		}
		return names
	}
}

// dataOf is the folder of the PostgreSQL server: its pages and its log.
func dataOf(t *testing.T, dsn string) string {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var dir string
	if err := db.QueryRow(`SHOW data_directory`).Scan(&dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func execSQL(t *testing.T, dsn, statement string) {
	t.Helper()
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// wrappedKey is the wrapped data key behind a decision.
func wrappedKey(t *testing.T, c config.Config, id string) []byte {
	t.Helper()
	o, err := OpenOperator(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	stored, err := o.store.AnyDecision(t.Context(), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	k, err := o.store.DataKey(t.Context(), stored.Decision.TenantID, stored.DataKeyID)
	if err != nil || len(k.Wrapped) < 28 {
		t.Fatalf("%d bytes, %v", len(k.Wrapped), err)
	}
	return k.Wrapped
}

// multipart signs somebody up with the photo as a part of its own, larger than what is kept in memory of a form.
func (r *running) multipart(t *testing.T, p specimen.Person, photo []byte) reply {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	request, err := json.Marshal(map[string]any{
		"biz_no": "multipart-1", "scene": "signup", "event": "open", "product": "internet_account", "customer_type": "individual",
		"parties": []any{map[string]any{"role": "holder", "name": p.Name, "document": map[string]any{"kind": "resident_id", "number": p.Number}}},
		"channel": map[string]any{"kind": "online"}, "purpose": "registration", "legal_basis": "statutory_duty",
		"evidence": []any{map[string]any{"kind": "document_photo", "side": "front"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		name, media string
		text        []byte
	}{{"request", "application/json", request}, {"evidence[0]", "image/jpeg", photo}} {
		into, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {fmt.Sprintf(`form-data; name=%q`, part.name)}, "Content-Type": {part.media},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := into.Write(part.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return r.send(t, http.MethodPost, "/v1/verifications", w.FormDataContentType(), &body)
}

// receipt is that of a decision, as a file.
func (r *running) receipt(t *testing.T, id string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+"/v1/verifications/"+id+"/receipt?wait=5s", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+r.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("receipt: %d, %v", resp.StatusCode, err)
	}
	name := filepath.Join(t.TempDir(), "receipt")
	if err := os.WriteFile(name, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// proves has the regulator's own program verify the whole log and a receipt.
func (p *process) proves(t *testing.T, receipt string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "realname-audit")
	if out, err := exec.Command("go", "build", "-o", path, "realname/cmd/realname-audit").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, args := range [][]string{
		{"verify", "--key", p.config.LogPublicKey(), p.config.LogFolder()}, {"receipt", "--key", p.config.LogPublicKey(), receipt},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
		cancel()
		if err != nil {
			t.Errorf("%s: %v: %s", args[0], err, out)
		}
	}
}

// replays decides all history again: what was erased is told, and comes out the same.
func (p *process) replays(t *testing.T) {
	t.Helper()
	out, err := p.realname(t, "policy", "replay", "--policy", "builtin", "--json")
	var report Replay
	if bad := json.Unmarshal([]byte(out), &report); err != nil || bad != nil || report.Erased != 2 || report.OwnPolicy != report.Reproduced || report.Decisions != 3 {
		t.Errorf("%v: %s", err, out)
	}
}

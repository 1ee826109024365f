package main

import (
	"bytes"
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/signing"
)

func hashOf(leaf []byte) tlog.Hash { return tlog.RecordHash(leaf) }

// faults are the rows of the matrix.
func faults() []fault {
	return slices.Concat(fileFaults(), entryFaults(), historyFaults(), keyFaults(), receiptFaults())
}

func fileFaults() []fault {
	return []fault{
		{"one byte flipped, anywhere", 10, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			dir := s.copied(t)
			names := filesOf(t, dir)
			name := names[r.IntN(len(names))]
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			data[r.IntN(len(data))] ^= 1
			put(t, filepath.Join(dir, name), string(data))
			return s.verify(t, dir, strict...), []string{"", name}
		}},
		{"a file taken away", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			dir := s.copied(t)
			// Older partial tiles may go; so may receipts, which are the auditor's own.
			needed := []string{"checkpoint", "tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"}
			name := needed[r.IntN(len(needed))]
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			return s.verify(t, dir), []string{"_missing", name}
		}},
		{"a file cut short", 5, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			dir := s.copied(t)
			names := filesOf(t, dir)
			name := names[r.IntN(len(names))]
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(filepath.Join(dir, name), r.Int64N(info.Size())); err != nil {
				t.Fatal(err)
			}
			return s.verify(t, dir, strict...), []string{"", name}
		}},
	}
}

func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, rerr := filepath.Rel(dir, path)
			out = append(out, filepath.ToSlash(name))
			return rerr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func entryFaults() []fault {
	return []fault{
		{"an entry altered", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := r.IntN(len(e))
			e[i] = bytes.Replace(e[i], []byte("approved"), []byte("rejected"), 1)
			return e, i, "entry_altered"
		})},
		{"an entry dropped", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := r.IntN(len(e) - 1)
			return slices.Delete(e, i, i+1), i, "entry_dropped"
		})},
		{"an entry duplicated", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := r.IntN(len(e)-2) + 1
			return slices.Insert(e, i, e[i-1]), i, "entry_duplicated"
		})},
		{"an entry in the place of another", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := r.IntN(len(e) - 1)
			e[i] = e[i+1]
			return e, i, "entry_duplicated"
		})},
		{"an entry inserted", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := r.IntN(len(e) - 1)
			return slices.Insert(e, i, []byte(`{"never":"logged"}`)), i, "entry_inserted"
		})},
		{"entries reordered", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := r.IntN(len(e) - 1)
			e[i], e[i+1] = e[i+1], e[i]
			return e, i, "entries_reordered"
		})},
		{"the last entries truncated", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := 1 + r.IntN(len(e)-1)
			return e[:i], i, "entries_truncated"
		})},
		{"an entry given to another tenant", 0, edit(func(r *rand.Rand, e [][]byte) ([][]byte, int, string) {
			i := r.IntN(len(e))
			e[i] = otherTenant(e[i])
			return e, i, "entry_altered"
		})},
		{"entry and tile altered together", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			dir := s.copied(t)
			leaves := leavesOf(t, dir)
			leaves[r.IntN(256)] = []byte(`{"never":"logged"}`)
			forged := t.TempDir()
			writeLog(t, forged, leaves, ownKeys(t)[0].Signer())
			for _, name := range []string{"tile/entries/000", "tile/0/000"} {
				copyFile(t, forged, dir, name)
			}
			return s.verify(t, dir), []string{"subtree_rewritten", "tile/0/000"}
		}},
		{"everything altered but the checkpoint", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			dir := s.copied(t)
			leaves := leavesOf(t, dir)
			leaves[r.IntN(len(leaves))] = []byte(`{"never":"logged"}`)
			forged := t.TempDir()
			writeLog(t, forged, leaves, ownKeys(t)[0].Signer())
			for _, name := range filesOf(t, forged) {
				if name != "checkpoint" {
					copyFile(t, forged, dir, name)
				}
			}
			return s.verify(t, dir), []string{"root_mismatch", "checkpoint"}
		}},
	}
}

// otherTenant moves a leaf to another tenant, and nothing else of it.
func otherTenant(leaf []byte) []byte {
	for _, swap := range [][2]string{{"tnt_0", "tnt_1"}, {"tnt_1", "tnt_0"}, {"tnt_2", "tnt_1"}} {
		if bytes.Contains(leaf, []byte(swap[0])) {
			return bytes.ReplaceAll(leaf, []byte(swap[0]), []byte(swap[1]))
		}
	}
	return leaf
}

func copyFile(t *testing.T, from, to, name string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(to, name), string(data))
}

// historyFaults are done by one who has the log's keys.
func historyFaults() []fault {
	return []fault{
		{"rolled back; a receipt is ahead", 0, func(t *testing.T, s *scene, _ *rand.Rand) (named, []string) {
			return s.verify(t, s.older), []string{"receipt_ahead", "receipts/280.tlog-proof"}
		}},
		{"rolled back; against a kept checkpoint", 0, func(t *testing.T, s *scene, _ *rand.Rand) (named, []string) {
			return s.consistency(t, filepath.Join(s.honest, "checkpoint"), s.kept, s.older), []string{"rollback"}
		}},
		{"only the checkpoint rolled back", 0, func(t *testing.T, s *scene, _ *rand.Rand) (named, []string) {
			dir := s.copied(t)
			put(t, filepath.Join(dir, "checkpoint"), checkpointOf(t, s.older))
			return s.verify(t, dir), []string{"receipt_ahead", "receipts/130.tlog-proof"}
		}},
		{"forked, re-signed; receipts differ", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return s.verify(t, s.forked(t, r)), []string{"receipt_fork"}
		}},
		{"forked; against a kept checkpoint", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			dir := s.forked(t, r)
			return s.consistency(t, s.kept, filepath.Join(dir, "checkpoint"), dir), []string{"fork"}
		}},
		{"forked; the witness did not cosign it", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return s.verify(t, s.forked(t, r), "--witnesses", "1"), []string{"checkpoint_signature", "checkpoint"}
		}},
		{"an entry left out, re-signed", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			leaves := leavesOf(t, s.honest)
			i := r.IntN(200)
			return s.verify(t, s.resigned(t, slices.Delete(leaves, i, i+1), ownKeys(t)...)), []string{"chain_sequence"}
		}},
		{"two tenants' entries swapped, re-signed", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			leaves := leavesOf(t, s.honest)
			i := r.IntN(200)
			leaves[i] = otherTenant(leaves[i])
			return s.verify(t, s.resigned(t, leaves, ownKeys(t)...)), []string{"chain_"}
		}},
		{"an entry of another log, re-signed", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			leaves := leavesOf(t, s.honest)
			i := r.IntN(len(leaves))
			leaves[i] = bytes.Replace(leaves[i], []byte(auditlogtest.Origin), []byte("realname.example/log/rest"), 1)
			return s.verify(t, s.resigned(t, leaves, ownKeys(t)...)), []string{"leaf_origin"}
		}},
	}
}

func (s *scene) consistency(t *testing.T, older, newer, dir string) named {
	t.Helper()
	return ask(t, "consistency", "--key", s.keys, older, newer, "--log", dir)
}

// forked is the log with one entry decided otherwise and everything after it made to fit.
func (s *scene) forked(t *testing.T, r *rand.Rand) string {
	t.Helper()
	at := r.IntN(olderSize)
	var leaves [][]byte
	last := map[string]tlog.Hash{}
	for i, raw := range leavesOf(t, s.honest) {
		l, err := receipt.ParseLeaf(raw)
		if err != nil {
			t.Fatal(err)
		}
		if i == at {
			l.Event = bytes.Replace(l.Event, []byte("approved"), []byte("rejected"), 1)
		}
		l.Prev = last[l.Tenant]
		encoded, err := l.Encode()
		if err != nil {
			t.Fatal(err)
		}
		last[l.Tenant] = hashOf(encoded)
		leaves = append(leaves, encoded)
	}
	return s.resigned(t, leaves, ownKeys(t)...)
}

func keyFaults() []fault {
	signedBy := func(name string, more []string, want []string, keys func(t *testing.T) []*signing.Key) fault {
		return fault{name, 0, func(t *testing.T, s *scene, _ *rand.Rand) (named, []string) {
			return s.verify(t, s.resigned(t, leavesOf(t, s.honest), keys(t)...), more...), want
		}}
	}
	checkpoint := []string{"checkpoint_signature", "checkpoint"}
	return []fault{
		signedBy("signed with a wrong key", nil, checkpoint, func(t *testing.T) []*signing.Key {
			return []*signing.Key{auditlogtest.Key(t, 8)}
		}),
		signedBy("signed with an old key of the log", nil, checkpoint, func(t *testing.T) []*signing.Key {
			return []*signing.Key{auditlogtest.Key(t, 9), auditlogtest.KeyOf(t, signing.SM2, auditlogtest.Origin, 9)}
		}),
		signedBy("signed with a key of another log", nil, checkpoint, func(t *testing.T) []*signing.Key {
			return []*signing.Key{auditlogtest.KeyOf(t, signing.Ed25519, "realname.example/other", 1)}
		}),
		signedBy("the SM2 line left out, when demanded", []string{"--require", "ed25519,sm2"}, checkpoint, func(t *testing.T) []*signing.Key {
			return ownKeys(t)[:1]
		}),
		signedBy("the Ed25519 line left out, when demanded", []string{"--require", "ed25519,sm2"}, checkpoint, func(t *testing.T) []*signing.Key {
			return ownKeys(t)[1:]
		}),
		signedBy("no cosignature, when demanded", []string{"--witnesses", "1"}, checkpoint, ownKeys),
		{"the SM2 line of another checkpoint", 0, func(t *testing.T, s *scene, _ *rand.Rand) (named, []string) {
			dir := s.copied(t)
			mine, other := strings.SplitAfter(checkpointOf(t, dir), "\n"), strings.SplitAfter(checkpointOf(t, s.older), "\n")
			mine[5] = other[5]
			put(t, filepath.Join(dir, "checkpoint"), strings.Join(mine, ""))
			return s.verify(t, dir), checkpoint
		}},
		{"a cosignature of another checkpoint", 0, func(t *testing.T, s *scene, _ *rand.Rand) (named, []string) {
			dir := s.copied(t)
			mine, other := strings.SplitAfter(checkpointOf(t, dir), "\n"), strings.SplitAfter(checkpointOf(t, s.older), "\n")
			mine[6] = other[6]
			put(t, filepath.Join(dir, "checkpoint"), strings.Join(mine, ""))
			return s.verify(t, dir), checkpoint
		}},
	}
}

// receiptFaults change a receipt or a disclosure that stands alone.
func receiptFaults() []fault {
	receiptOf := func(change func(t *testing.T, s *scene, r *rand.Rand, text []byte) []byte) func(*testing.T, *scene, *rand.Rand) named {
		return func(t *testing.T, s *scene, r *rand.Rand) named {
			text, err := os.ReadFile(filepath.Join(s.honest, "receipts", "280.tlog-proof"))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "x.tlog-proof")
			put(t, file, string(change(t, s, r, text)))
			return ask(t, append([]string{"receipt", "--key", s.keys, file}, strict...)...)
		}
	}
	return []fault{
		{"a receipt: one byte flipped", 10, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return receiptOf(func(_ *testing.T, _ *scene, r *rand.Rand, text []byte) []byte {
				text[r.IntN(len(text))] ^= 1
				return text
			})(t, s, r), []string{""}
		}},
		{"a receipt: another tenant's entry in it", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return receiptOf(func(t *testing.T, s *scene, r *rand.Rand, text []byte) []byte {
				p, err := receipt.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				p.Leaf = leavesOf(t, s.honest)[r.IntN(200)]
				return receipt.Marshal(p)
			})(t, s, r), []string{"receipt_inclusion"}
		}},
		{"a receipt: signed with a wrong key", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return receiptOf(func(t *testing.T, s *scene, _ *rand.Rand, text []byte) []byte {
				p, err := receipt.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				dir := t.TempDir()
				writeLog(t, dir, leavesOf(t, s.honest), auditlogtest.Key(t, 8).Signer())
				p.Checkpoint = []byte(checkpointOf(t, dir))
				return receipt.Marshal(p)
			})(t, s, r), []string{"receipt_signature"}
		}},
		{"a disclosure: another value", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return s.disclosure(t, func(d *receipt.Disclosure) { d.Value = "resident_id::110101199001010015" }), []string{"disclosure_value"}
		}},
		{"a disclosure: another salt", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return s.disclosure(t, func(d *receipt.Disclosure) { d.Salt[r.IntN(len(d.Salt))] ^= 1 }), []string{"disclosure_value"}
		}},
		{"a disclosure: another commitment", 0, func(t *testing.T, s *scene, r *rand.Rand) (named, []string) {
			return s.disclosure(t, func(d *receipt.Disclosure) { d.Commitment = strings.Repeat("00", 32) }), []string{"disclosure_commitment"}
		}},
	}
}

// disclosure makes one over a log of its own, changes it and has it checked.
func (s *scene) disclosure(t *testing.T, change func(*receipt.Disclosure)) named {
	t.Helper()
	d, leaf := committed(t)
	dir := t.TempDir()
	writeLog(t, dir, [][]byte{leaf}, ownKeys(t)[0].Signer())
	d.Receipt = string(receipt.Marshal(receipt.Receipt{Leaf: leaf, Checkpoint: []byte(checkpointOf(t, dir))}))
	file := filepath.Join(t.TempDir(), "x.disclosure.json")
	encode := func() {
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		put(t, file, string(text))
	}
	if encode(); ask(t, "disclosure", "--key", s.keys, file).status != exitSound {
		t.Fatal("the honest disclosure does not verify")
	}
	change(&d)
	encode()
	return ask(t, "disclosure", "--key", s.keys, file)
}

// committed makes a commitment under SM3, and the leaf of a decision that holds it.
func committed(t *testing.T) (receipt.Disclosure, []byte) {
	t.Helper()
	d := receipt.Disclosure{V: 1, Field: "party.0.holder.document", Value: "resident_id::110101199001010007", Salt: bytes.Repeat([]byte{7}, 32), Alg: receipt.CommitSM3}
	mac := hmac.New(sm3.New, d.Salt)
	for _, part := range []string{d.Field, d.Value} {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	d.Commitment = hex.EncodeToString(mac.Sum(nil))
	leaf, err := receipt.Leaf{
		Event: fmt.Appendf(nil, `{"data":{"commitments":[{"alg":"%s","field":"%s","value":"%s"}],"version":1},"id":"evt_1","kind":"decision","subject":"ver_1"}`,
			d.Alg, d.Field, d.Commitment),
		Origin: auditlogtest.Origin, Tenant: "tnt_0", Seq: 1,
	}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return d, leaf
}

package receipt_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"realname/compliance/auditlog/auditlogtest"
	"realname/compliance/receipt"
	"realname/compliance/receipt/tiles"
)

func anyReceipt(t testing.TB) []byte {
	dir := build(t, 5, 5)
	return read(t, dir, "receipts/"+auditlogtest.Events(2, 3)[0].ID+receipt.Extension)
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	text := anyReceipt(t)
	r, err := receipt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(r *receipt.Receipt)) []byte {
		c := r
		c.Leaf, c.Proof = bytes.Clone(r.Leaf), append(tlog.RecordProof(nil), r.Proof...)
		f(&c)
		return receipt.Marshal(c)
	}
	signed := func(origin string, leaf []byte) []byte {
		c := tiles.Checkpoint{Origin: origin, Size: 1, Root: tlog.RecordHash(leaf)}
		note, err := c.Sign(auditlogtest.Key(t, 1).Signer())
		if err != nil {
			t.Fatal(err)
		}
		return receipt.Marshal(receipt.Receipt{Leaf: leaf, Checkpoint: note})
	}
	foreign, err := receipt.Leaf{Event: []byte(`{}`), Origin: "other.example/log", Seq: 1}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	nonsense, err := receipt.Leaf{Event: []byte(`{x}`), Origin: auditlogtest.Origin, Seq: 1}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text []byte
		want error
	}{
		"as issued":                    {text, nil},
		"empty":                        {nil, receipt.ErrMalformed},
		"no leaf":                      {bytes.Replace(text, []byte("extra "), []byte("extras "), 1), receipt.ErrMalformed},
		"spare spelling":               {bytes.Replace(text, []byte("index 2\n"), []byte("index 02\n"), 1), receipt.ErrMalformed},
		"too long":                     {append(bytes.Clone(text), make([]byte, receipt.MaxSize)...), receipt.ErrMalformed},
		"another index":                {change(func(r *receipt.Receipt) { r.Index = 3 }), receipt.ErrInclusion},
		"index beyond":                 {change(func(r *receipt.Receipt) { r.Index = 5 }), receipt.ErrInclusion},
		"another leaf":                 {change(func(r *receipt.Receipt) { r.Leaf[20] ^= 1 }), receipt.ErrInclusion},
		"short proof":                  {change(func(r *receipt.Receipt) { r.Proof = r.Proof[1:] }), receipt.ErrInclusion},
		"long proof":                   {change(func(r *receipt.Receipt) { r.Proof = append(r.Proof, tlog.Hash{}) }), receipt.ErrInclusion},
		"another size":                 {bytes.Replace(text, []byte("\n5\n"), []byte("\n6\n"), 1), tiles.ErrSignature},
		"no signature":                 {text[:bytes.LastIndex(text, []byte("— "))], tiles.ErrCheckpoint},
		"doubled signature":            {append(bytes.Clone(text), text[bytes.LastIndex(text, []byte("— ")):]...), tiles.ErrCheckpoint},
		"signed origin not of the key": {signed("other.example/log", foreign), tiles.ErrSignature},
		"leaf of another log":          {signed(auditlogtest.Origin, foreign), receipt.ErrOrigin},
		"leaf that is none":            {signed(auditlogtest.Origin, []byte("{}")), receipt.ErrLeaf},
		"event that is no JSON":        {signed(auditlogtest.Origin, nonsense), receipt.ErrLeaf},
	} {
		v, err := receipt.Verify(keys(t), c.text)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil && (v.Index != 2 || v.Size != 5 || v.Origin != auditlogtest.Origin || v.Leaf.Tenant != "tnt_1") {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestLeafHasOneSpelling(t *testing.T) {
	prev := tlog.Hash{0xab, 31: 0xcd}
	l := receipt.Leaf{Event: []byte(`{"a":",\"origin\":\"x\",\"tenant\":\"","origin":{"b":1,"origin":"y"}}`), Origin: "o.example", Tenant: "tnt_1", Seq: 2, Prev: prev}
	raw, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := receipt.ParseLeaf(raw)
	if err != nil || fmt.Sprint(got) != fmt.Sprint(l) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range []struct{ old, new string }{
		{`"tenant_seq":2`, `"tenant_seq":02`}, {`"tenant_seq":2`, `"tenant_seq":1`}, {`"tenant_seq":2`, `"tenant_seq":-2`},
		{`"tenant_seq":2`, `"tenant_seq":9007199254740992`}, {`ab00`, `AB00`}, {`ab00`, `ab`}, {`"v":1`, `"v":2`},
		{`"v":1}`, `"v":1} `}, {`"origin":"o.example"`, `"origin":""`}, {`tnt_1`, "tnt\x00"}, {`{"event":{`, `{"event":[`},
	} {
		bad := strings.Replace(string(raw), c.old, c.new, 1)
		if bad == string(raw) {
			t.Fatalf("%q is not in the leaf", c.old)
		}
		if got, err := receipt.ParseLeaf([]byte(bad)); !errors.Is(err, receipt.ErrLeaf) {
			t.Errorf("%s for %s: %+v, %v", c.new, c.old, got, err)
		}
	}
	big := receipt.Leaf{Event: []byte(`{"a":"` + strings.Repeat("x", tiles.MaxEntry) + `"}`), Origin: "o.example", Seq: 1}
	if _, err := big.Encode(); !errors.Is(err, receipt.ErrTooLarge) {
		t.Errorf("a leaf that is too large: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(anyReceipt(f))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n"))
	trusted := keys(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := receipt.Parse(text)
		if err != nil {
			if !errors.Is(err, receipt.ErrMalformed) {
				t.Fatalf("error of no known kind: %v", err)
			}
			return
		}
		if !bytes.Equal(receipt.Marshal(r), text) {
			t.Fatal("two texts, one receipt")
		}
		if v, err := receipt.Verify(trusted, text); err == nil && v.Origin != auditlogtest.Origin {
			t.Fatalf("verified: %+v", v)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	f.Add([]byte(`{"event":{},"origin":"o","tenant":"","tenant_prev":"","tenant_seq":1,"v":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := receipt.ParseLeaf(raw)
		if err != nil {
			return
		}
		l.EventID()
		if again, err := l.Encode(); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%q encodes to %q, %v", raw, again, err)
		}
	})
}

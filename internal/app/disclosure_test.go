//go:build vision

package app

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"testing"
	"time"

	"realname/compliance"
	"realname/imaging"
	"realname/internal/sqlstore/storetest"
)

// carrier makes the gateway's next requests those of a new telecom tenant.
func (r *running) carrier(t *testing.T) {
	t.Helper()
	o, err := OpenOperator(t.Context(), r.config)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	tenant, err := o.AddTenant(t.Context(), NewTenant{Name: fmt.Sprint("carrier ", r.n), Sector: compliance.SectorTelecom, Region: "000000", NoStock: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, r.key, err = o.CreateKey(t.Context(), tenant.ID, compliance.RoleTenant); err != nil {
		t.Fatal(err)
	}
}

func (r *running) post(t *testing.T, path string, body any) reply {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return r.send(t, http.MethodPost, path, "application/json", bytes.NewReader(text))
}

// keptPhoto opens a card with an uploaded photo, which R-25-11 keeps, and returns its id.
func (r *running) keptPhoto(t *testing.T, number, name string, photo []byte) string {
	t.Helper()
	up := r.post(t, "/v1/evidence", map[string]any{"kind": "document_photo", "side": "front", "length": len(photo)})
	id, _ := up.body["id"].(string)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, r.base+"/v1/evidence/"+id, bytes.NewReader(photo))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range map[string]string{"Authorization": "Bearer " + r.key, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"} {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("upload: %d, %v", resp.StatusCode, err)
	}
	attested := func(kind string) map[string]any {
		return map[string]any{"kind": kind, "result": "passed", "device_serial": "R1", "captured_at": time.Now().UTC().Format(time.RFC3339)}
	}
	got := r.post(t, "/v1/openings", map[string]any{
		"biz_no": "card-" + id, "scene": "phone_card", "event": "open", "product": "mobile_card", "customer_type": "individual",
		"parties":              []any{map[string]any{"role": "holder", "name": name, "document": map[string]any{"kind": "resident_id", "number": number}}},
		"liability_notice_ref": "2026-01", "channel": map[string]any{"kind": "physical", "channel_agent": "a", "outlet": "o", "clerk": "c"},
		"evidence": []any{attested("chip_read"), attested("portrait_match"), map[string]any{"id": id}},
		"purpose":  "real_name_registration", "legal_basis": "statutory_duty",
	})
	if got.status != http.StatusCreated || got.body["decision"] != "approved" {
		t.Fatalf("%d %v", got.status, got.body)
	}
	return id
}

// The whole way on real parts: upload, opening, a real worker's crop, and the marked copy over HTTP.
func TestACopyThroughTheGateway(t *testing.T) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgresql": storetest.PostgreSQL} {
		t.Run(name, func(t *testing.T) {
			g := startGatewayOn(t, dsn(t))
			g.carrier(t)
			p, photo := g.somebody(t, 11)
			id := g.keptPhoto(t, p.Number, p.Name, photo)
			path := "/v1/evidence/" + id + "/disclosures"
			ask := map[string]any{"recipient": "psb-110105/2026-0412", "purpose": "case_inquiry", "legal_basis": "statutory_duty"}
			got := g.post(t, path, ask)
			if got.status != http.StatusCreated {
				t.Fatalf("%d %v", got.status, got.body)
			}
			part, _ := got.body["copy"].(map[string]any)
			content, _ := part["content"].(string)
			data, err := base64.StdEncoding.DecodeString(content)
			if err != nil || compliance.Digest(data) != got.body["digest"] {
				t.Fatalf("the copy is not what was logged: %v", err)
			}
			picture, err := jpeg.Decode(bytes.NewReader(data))
			if w, h := imaging.CropCard.Size(); err != nil || picture.Bounds() != image.Rect(0, 0, w, h) {
				t.Fatalf("the copy is no card: %v", err)
			}
			if got := g.post(t, path, map[string]any{"recipient": "x", "purpose": "y"}); got.status != 422 || got.code() != "legal_basis_missing" {
				t.Errorf("without a legal basis: %d %s", got.status, got.code())
			}
			g.carrier(t)
			if got := g.post(t, path, ask); got.status != http.StatusNotFound || got.code() != "evidence_not_found" {
				t.Errorf("another tenant: %d %s", got.status, got.code())
			}
			if bytes.Contains(g.logs.Bytes(), []byte(p.Number)) || bytes.Contains(g.logs.Bytes(), []byte("psb-110105")) {
				t.Error("a log tells whose card went where")
			}
		})
	}
}

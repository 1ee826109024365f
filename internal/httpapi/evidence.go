package httpapi

import (
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"realname/compliance"
	"realname/verify"
)

// Headers of the resumable upload, as in the IETF draft on resumable uploads for HTTP.
const (
	headerUploadOffset   = "Upload-Offset"
	headerUploadLength   = "Upload-Length"
	headerUploadComplete = "Upload-Complete"
)

func (a *API) createEvidence(c echo.Context) error {
	key, err := idempotencyKey(c.Request())
	if err != nil {
		return err
	}
	var body newEvidenceRequest
	if err := a.readJSON(c, maxJSON, &body); err != nil {
		return err
	}
	if err := validateFields(&body, ""); err != nil {
		return err
	}
	upload, err := a.o.Service.CreateEvidence(c.Request().Context(), caller(c), key, body.announcement())
	if err != nil {
		return err
	}
	markReplay(c, upload.Replayed)
	created(c, "/v1/evidence/"+upload.ID)
	return a.json(c, http.StatusCreated, tellUpload(upload))
}

// evidenceID is the id in the path; what is not even an id is not found.
func evidenceID(c echo.Context) (string, error) {
	if id := c.Param("id"); compliance.ValidID(compliance.PrefixEvidence, id) {
		return id, nil
	}
	return "", compliance.E(compliance.FaultNotFound, "evidence_not_found", "no such evidence of this tenant")
}

func (a *API) headEvidence(c echo.Context) error {
	upload, err := a.upload(c)
	if err != nil {
		return err
	}
	tellProgress(c, upload)
	return c.NoContent(http.StatusOK)
}

// upload is the upload in the path as it stands now.
func (a *API) upload(c echo.Context) (verify.Upload, error) {
	if upload, ok := c.Get(keyUpload).(verify.Upload); ok {
		return upload, nil
	}
	id, err := evidenceID(c)
	if err != nil {
		return verify.Upload{}, err
	}
	return a.o.Service.Upload(c.Request().Context(), caller(c), id)
}

// patchEvidence appends one chunk. What a broken connection brought of it is not kept: a chunk counts whole or not at all.
func (a *API) patchEvidence(c echo.Context) error {
	id, err := evidenceID(c)
	if err != nil {
		return err
	}
	media, _, err := mediaTypeOf(c.Request())
	if err != nil {
		return err
	}
	if media != mediaChunk {
		return refuseMedia("send " + mediaChunk)
	}
	offset, err := strconv.ParseInt(c.Request().Header.Get(headerUploadOffset), 10, 64)
	if err != nil || offset < 0 {
		return compliance.E(compliance.FaultInvalid, "upload_offset_missing", "Upload-Offset is a decimal number")
	}
	chunk, err := a.readBody(c, maxImage, costRaw)
	if err != nil {
		return err
	}
	if len(chunk) == 0 {
		return refuse("body_empty", "a chunk has at least one byte")
	}
	upload, err := a.o.Service.AppendEvidence(c.Request().Context(), caller(c), id, offset, chunk)
	if err != nil {
		return err
	}
	tellProgress(c, upload)
	return c.NoContent(http.StatusNoContent)
}

func tellProgress(c echo.Context, u verify.Upload) {
	h := c.Response().Header()
	h.Set(headerUploadOffset, strconv.FormatInt(u.Received, 10))
	h.Set(headerUploadLength, strconv.FormatInt(u.Length, 10))
	complete := "?0" // a boolean of RFC 9651
	if u.Complete {
		complete = "?1"
	}
	h.Set(headerUploadComplete, complete)
}

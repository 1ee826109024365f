package httpapi

import (
	"context"

	"realname/compliance/policy"
	"realname/imaging"
	"realname/verify"
	"realname/verify/idnumber"
)

// Service decides and keeps; verify.Service is the one that runs. Its errors
// are compliance.Error, or the sentinel errors of verify and imaging.
type Service interface {
	Decide(ctx context.Context, c verify.Caller, idempotencyKey string, r verify.Request) (verify.Answer, error)
	Verification(ctx context.Context, c verify.Caller, id string) (verify.Answer, error)
	VerificationVersion(ctx context.Context, c verify.Caller, id string, version int) (verify.Answer, error)
	VerificationByBizNo(ctx context.Context, c verify.Caller, bizNo string) (verify.Answer, error)
	AddEvidence(ctx context.Context, c verify.Caller, idempotencyKey, id string, e []verify.Evidence) (verify.Answer, error)

	Open(ctx context.Context, c verify.Caller, idempotencyKey string, r verify.OpeningRequest) (verify.Answer, error)
	Opening(ctx context.Context, c verify.Caller, id string) (verify.Opening, error)
	Confirm(ctx context.Context, c verify.Caller, id string, how verify.Confirmation) (verify.Opening, error)
	Release(ctx context.Context, c verify.Caller, id string) (verify.Opening, error)
	Activate(ctx context.Context, c verify.Caller, id string) (verify.Opening, error)
	Suspend(ctx context.Context, c verify.Caller, id string) (verify.Opening, error)
	Resume(ctx context.Context, c verify.Caller, id string) (verify.Opening, error)
	Close(ctx context.Context, c verify.Caller, id string, why verify.CloseReason) (verify.Opening, error)
	Replace(ctx context.Context, c verify.Caller, id string, with verify.Replacement) (verify.Opening, error)
	Reclass(ctx context.Context, c verify.Caller, id string, with verify.Replacement) (verify.Opening, error)
	Import(ctx context.Context, c verify.Caller, idempotencyKey string, rows []verify.StockRow) (verify.Stock, error)

	LoadStock(ctx context.Context, c verify.Caller, f verify.StockFile) (verify.StockLoad, error)
	StockLoad(ctx context.Context, c verify.Caller, id string) (verify.StockLoad, error)
	// RefusedRows are up to limit rows that a load or reconciliation refused, those after row `after`.
	RefusedRows(ctx context.Context, c verify.Caller, id string, after int64, limit int) ([]verify.RefusedRow, error)
	Reconcile(ctx context.Context, c verify.Caller, f verify.ReconciliationFile) (verify.Reconciliation, error)
	Reconciliation(ctx context.Context, c verify.Caller, id string) (verify.Reconciliation, error)
	// Findings are up to limit findings of a reconciliation, those after the ordinal `after`.
	Findings(ctx context.Context, c verify.Caller, id string, after int64, limit int) ([]verify.Finding, error)
	// StateBaseline states that a family's stock is, or is not, complete as of a civil date, YYYY-MM-DD.
	StateBaseline(ctx context.Context, c verify.Caller, family, asOf string, complete bool) error
	ProposeException(ctx context.Context, c verify.Caller, n verify.NewException) (x verify.Exception, made bool, err error)
	Exception(ctx context.Context, c verify.Caller, id string) (verify.Exception, error)
	ApproveException(ctx context.Context, c verify.Caller, id string) (verify.Exception, error)
	// Object files a person's objection to a refusal or review; made is false when it was filed before.
	Object(ctx context.Context, c verify.Caller, decisionID string, ask verify.NewObjection) (o verify.Objection, made bool, err error)
	Objection(ctx context.Context, c verify.Caller, id string) (verify.Objection, error)
	// OpenObjections are those of the caller that wait for an answer, the most urgent first.
	OpenObjections(ctx context.Context, c verify.Caller) ([]verify.Objection, error)
	Resolve(ctx context.Context, c verify.Caller, id string, to verify.ObjectionState, verificationID string) (verify.Objection, error)
	// Limits tells what one person has used of every limit that binds the caller; asking is an event.
	Limits(ctx context.Context, c verify.Caller, q verify.LimitQuery) (verify.LimitView, error)

	CreateEvidence(ctx context.Context, c verify.Caller, idempotencyKey string, e verify.NewEvidence) (verify.Upload, error)
	Upload(ctx context.Context, c verify.Caller, id string) (verify.Upload, error)
	// UploadByToken finds the one upload that a one-time token is for, and the tenant behind it.
	UploadByToken(ctx context.Context, token string) (verify.Caller, verify.Upload, error)
	AppendEvidence(ctx context.Context, c verify.Caller, id string, offset int64, chunk []byte) (verify.Upload, error)
	// Disclose makes a watermarked copy of a kept photo; that it leaves is durable before it returns.
	Disclose(ctx context.Context, c verify.Caller, idempotencyKey, evidenceID string, r verify.CopyRequest) (verify.Copy, error)

	// DiscloseField opens one input of a decision that the log commits to; that it leaves is durable before it returns.
	DiscloseField(ctx context.Context, c verify.Caller, id string, ask verify.FieldRequest) (verify.DisclosedField, error)

	// CheckNumber judges one number as of a civil date in China; nothing is asked of anyone and nothing is kept.
	CheckNumber(kind idnumber.Kind, raw string, on idnumber.Date) idnumber.Result
	CheckPhoto(ctx context.Context, c verify.Caller, r imaging.Request) (imaging.Report, error)
	// RefuseAttempt records input that was refused before any decision; endpoint is a route template.
	RefuseAttempt(ctx context.Context, c verify.Caller, endpoint, code string) error
}

// Log is the published audit log; auditlog.Reader is one.
type Log interface {
	// Checkpoint returns the newest signed checkpoint; auditlog.ErrNotYet before the first.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Tile returns a file of the log by its path in C2SP tlog-tiles, such as
	// `tile/entries/000.p/5`; tiles.ErrPath or auditlog.ErrNotFound when there is none.
	Tile(ctx context.Context, path string) ([]byte, error)
	// Proof returns the receipt of an event, a C2SP tlog-proof; auditlog.ErrNotYet until it is in the log.
	Proof(ctx context.Context, eventID string) ([]byte, error)
	// Final reports whether as many witnesses as are demanded have cosigned the checkpoint of a receipt.
	Final(receipt []byte) bool
	// WaitFinal is Wait for a receipt that is final.
	WaitFinal(ctx context.Context, eventID string) ([]byte, error)
	// Wait is Proof once the event is in the log; auditlog.ErrNotYet when ctx ends before that.
	Wait(ctx context.Context, eventID string) ([]byte, error)
}

// Clauses explains the clauses that a decision cites, in the words of the policy that decided.
type Clauses interface {
	// Clause gives the version in force on date (YYYY-MM-DD) of the policy with this digest (hex SHA-256 of its text);
	// false when there is none, or the policy cannot be read.
	Clause(ctx context.Context, policyDigest, id, date string) (policy.Clause, bool)
}

// Credentials finds who holds an API key, by HashKey of it. Its error is
// verify.ErrNotFound for a key that is unknown or revoked.
type Credentials interface {
	CallerByKeyHash(ctx context.Context, hash string) (verify.Caller, error)
}

// Probe tells whether one dependency can do its work. Only the name and the
// outcome are shown; the error goes to the log.
type Probe struct {
	Name     string
	Required bool // the gateway is not ready without it
	Check    func(ctx context.Context) error
}

//go:build vision

package vision

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"gocv.io/x/gocv"

	"realname/imaging"
	"realname/verify/idnumber"
)

// Options configures a Pipeline.
type Options struct {
	// AssetsDir holds onnxruntime/libonnxruntime.so.1 and ocr/{det,rec}.onnx, ocr/keys.txt, as `make setup` leaves them.
	AssetsDir string
	// Now is the clock, for times taken and for dates of birth; time.Now when nil.
	Now func() time.Time
}

// Pipeline checks photos, one at a time: concurrent calls wait for each other.
// It implements imaging.Pipeline.
type Pipeline struct {
	reader     reader
	classifier classifier
	finder     finder
	print      printReader
	version    string
	models     string // digest, 12 hex digits of SHA-256
	now        func() time.Time

	turn   chan struct{} // holds a token while a check runs
	closed bool          // guarded by turn
	once   sync.Once
}

// errClosed answers checks after Close.
var errClosed = errors.New("vision: the pipeline is closed")

// rules counts changes of the way stages work; it is part of Version.
const rules = 9

// Open loads the models. The caller closes the pipeline.
func Open(o Options) (*Pipeline, error) {
	if err := openRuntime(o.AssetsDir); err != nil {
		return nil, err
	}
	// Workers are the unit of parallelism; OpenCV's own threads would fight over the cores.
	gocv.SetNumThreads(1)
	oneArena()
	p := &Pipeline{now: o.Now, turn: make(chan struct{}, 1)}
	if p.now == nil {
		p.now = time.Now
	}
	if err := p.load(o.AssetsDir); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *Pipeline) load(assets string) error {
	digest := sha256.New()
	asset := func(name string) ([]byte, error) {
		data, err := os.ReadFile(filepath.Join(assets, "ocr", name))
		if err != nil {
			return nil, missingAsset(err)
		}
		return data, nil
	}
	detect, err := asset("det.onnx")
	if err != nil {
		return err
	}
	recognise, err := asset("rec.onnx")
	if err != nil {
		return err
	}
	keys, err := asset("keys.txt")
	if err != nil {
		return err
	}
	if p.reader.recogniser.keys, err = parseAlphabet(string(keys)); err != nil {
		return err
	}
	for _, m := range []struct {
		to    **net
		model []byte
	}{
		{&p.reader.detector.net, detect},
		{&p.reader.recogniser.net, recognise},
		{&p.classifier.whole, classWeights},
		{&p.classifier.portrait, portraitWeights},
		{&p.finder.net, cornerWeights},
		{&p.print.digits, digitWeights},
		{&p.print.labels, labelWeights},
	} {
		if *m.to, err = openNet(m.model); err != nil {
			return err
		}
		digest.Write(m.model)
	}
	digest.Write(keys)
	p.models = fmt.Sprintf("%x", digest.Sum(nil)[:6])
	p.version = fmt.Sprintf("vision/%s+%s", rulesVersion(), p.models)
	return nil
}

// Version names the rules and the models: "vision/<rules>+<8 hex digits of the
// thresholds' SHA-256>+<12 hex digits of the models' SHA-256>".
func (p *Pipeline) Version() string { return p.version }

// Close frees the models once a running check has ended; it may be called twice.
func (p *Pipeline) Close() {
	p.once.Do(func() {
		p.turn <- struct{}{}
		defer func() { <-p.turn }()
		p.closed = true
		p.reader.detector.net.close()
		p.reader.recogniser.net.close()
		p.classifier.whole.close()
		p.classifier.portrait.close()
		p.finder.net.close()
		p.print.digits.close()
		p.print.labels.close()
	})
}

// Check examines one photo that passed imaging.Gate with the given info.
// An *imaging.UploadError says that the bytes do not decode; any other error,
// that the check was not executed. Errors hold no personal data.
func (p *Pipeline) Check(ctx context.Context, req imaging.Request, info imaging.Info) (imaging.Report, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return imaging.Report{}, ctx.Err()
	}
	if p.closed {
		return imaging.Report{}, errClosed
	}
	defer returnMemory()
	begin := p.now()
	f, err := decode(req.Image, info)
	if err != nil {
		return imaging.Report{}, err
	}
	defer f.close()
	e := &examination{Pipeline: p, frame: f, req: req, today: idnumber.DateOf(begin)}
	if err := e.run(ctx); err != nil {
		return imaging.Report{}, err
	}
	if e.report.Crop, err = e.crop(); err != nil {
		return imaging.Report{}, err
	}
	if e.proven != nil {
		if e.report.Fingerprints, err = fingerprints(f.mat, e.proven); err != nil {
			return imaging.Report{}, err
		}
	}
	e.report.Width, e.report.Height = f.full.X, f.full.Y
	e.report.Pipeline, e.report.Models, e.report.Rules = p.version, p.models, rulesVersion()
	e.report.Elapsed = p.now().Sub(begin)
	if req.NoClaim && req.Claim == nil {
		e.report.Unclaimed()
	}
	e.report.Seal()
	return e.report, nil
}

package imaging_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"realname/imaging"
)

// The test binary is its own worker: with roleVariable set it serves a pipeline that
// obeys the command in a text chunk of the PNG that it is given.
const (
	roleVariable  = "REALNAME_TEST_ROLE"
	marksVariable = "REALNAME_TEST_MARKS" // folder of marks, through which test and worker see each other

	roleWorker  = "worker"
	roleLiar    = "liar"    // says that it is confined, and is not
	roleGarbage = "garbage" // answers /check with a page of HTML
	roleGateway = "gateway" // opens a pool, prints the pids of its workers and waits
	roleMachine = "machine" // lends a pool, see machineProcess

	commandChunk = "tEXt"
	commandKey   = "command\x00"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case roleWorker, roleLiar:
		os.Exit(worker())
	case roleGarbage:
		os.Exit(garbage())
	case roleGateway:
		os.Exit(gateway())
	case roleMachine:
		os.Exit(lend())
	default:
		os.Exit(m.Run())
	}
}

func listen() net.Listener {
	listener, err := net.Listen("unix", os.Args[len(os.Args)-1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return listener
}

func worker() int {
	if marked("no-start") {
		fmt.Fprintln(os.Stderr, "the assets are missing: run 'make setup'")
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := imaging.Serve(ctx, listen(), &obedient{}, claimed()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// claimed is what a worker says of its sandbox; those of these tests have none, for
// they work with marks in a folder.
func claimed() imaging.Sandbox {
	if os.Getenv(roleVariable) == roleLiar {
		return imaging.Sandbox{Seccomp: true, Landlock: 7}
	}
	return imaging.Sandbox{}
}

func garbage() int {
	handler := http.NewServeMux()
	handler.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"pipeline":"garbage"}`) })
	handler.HandleFunc("POST /check", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello</html>") })
	fmt.Fprintln(os.Stderr, http.Serve(listen(), handler))
	return 1
}

func gateway() int {
	pool, err := imaging.Open(context.Background(), imaging.Options{
		Path: os.Args[0], Env: []string{roleVariable + "=" + roleWorker}, Dir: os.Getenv(marksVariable), MemoryBytes: -1,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, w := range pool.Stats().Workers {
		fmt.Println(w.PID)
	}
	_, _ = bufio.NewReader(os.Stdin).ReadByte()
	return 0
}

func mark(name string) string { return filepath.Join(os.Getenv(marksVariable), name) }

func marked(name string) bool {
	_, err := os.Stat(mark(name))
	return err == nil
}

// setMark says whether it was this call that made the mark.
func setMark(name string) bool {
	f, err := os.OpenFile(mark(name), os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o600)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

type obedient struct{ kept [][]byte }

func (o *obedient) Version() string { return "obedient 1" }

func (o *obedient) Check(ctx context.Context, req imaging.Request, info imaging.Info) (imaging.Report, error) {
	command := commandIn(req.Image)
	// first:NAME:COMMAND obeys once in all workers, and is ok after that.
	if once, found := strings.CutPrefix(command, "first:"); found {
		var name string
		name, command, _ = strings.Cut(once, ":")
		if !setMark(name) {
			command = "ok"
		}
	}
	report := imaging.Report{
		Verdict: imaging.Accept, Class: imaging.ClassResidentFront, Width: info.Width, Height: info.Height,
		NumberAgreement: imaging.NotCompared, NameAgreement: imaging.NotCompared,
		Reasons: []imaging.Reason{{Code: string(req.Side), Value: float64(os.Getpid())}},
	}
	if req.Claim != nil {
		report.Fields = imaging.Fields{Number: req.Claim.Number, Name: req.Claim.Name}
		report.NameAgreement = imaging.Agrees
	}
	verb, argument, _ := strings.Cut(command, ":")
	switch verb {
	case "ok":
	case "work":
		for range 20_000 {
			sha256.Sum256(req.Image)
		}
	case "say":
		fmt.Fprint(os.Stderr, argument)
	case "hold": // until the test makes the mark
		setMark(argument)
		for !marked(argument + ".release") {
			<-time.After(time.Millisecond)
		}
	case "until-canceled":
		setMark(argument)
		<-ctx.Done()
		return imaging.Report{}, ctx.Err()
	case "hang":
		select {}
	case "burn": // on every core
		for {
			go sha256.Sum256(make([]byte, 1<<20))
			sha256.Sum256(make([]byte, 1<<20))
		}
	case "exit":
		os.Exit(3)
	case "crash":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	case "panic":
		panic("a value that must not be logged")
	case "fail":
		return imaging.Report{}, errors.New("the decoder is out of order")
	case "corrupt":
		return imaging.Report{}, &imaging.UploadError{Code: imaging.UploadCorrupt, Detail: "does not decode"}
	case "allocate":
		for {
			o.kept = append(o.kept, bytes.Repeat([]byte{1}, 64<<20))
		}
	case "grow":
		o.kept = append(o.kept, bytes.Repeat([]byte{1}, 128<<20))
	case "no-verdict":
		report.Verdict = "perhaps"
	case "not-a-number":
		report.Reasons[0].Value = math.NaN()
	case "accept-unexamined":
		report.Seal()
		report.Verdict = imaging.Accept
		return report, nil
	case "unsealed":
		return report, nil
	case "crop":
		report.Crop = cropOf(argument, req.Crop)
	default:
		return imaging.Report{}, errors.New("unknown command")
	}
	report.Examined(imaging.Steps()...)
	if req.NoClaim {
		report.Unclaimed()
	}
	report.Seal()
	return report, nil
}

// cropOf is a crop as asked for, or one that breaks the contract in the way named.
func cropOf(way string, asked imaging.CropKind) *imaging.Crop {
	c := &imaging.Crop{Kind: imaging.CropCard}
	if way == "as-asked" {
		c.Kind = asked
	}
	w, h := c.Kind.Size()
	if way == "of-another-size" {
		w++
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, w, h)), nil)
	c.JPEG = b.Bytes()
	switch way {
	case "no-jpeg":
		c.JPEG = []byte("<html>")
	case "too-large":
		c.JPEG = append(c.JPEG, make([]byte, imaging.MaxCrop)...)
	case "unknown":
		c.Kind = "person"
	}
	return c
}

// photo is a small PNG that carries a command.
func photo(t testing.TB, command string) []byte {
	t.Helper()
	return withChunk(pngOf(t, picture(8, 6)), commandChunk, []byte(commandKey+command))
}

func commandIn(data []byte) string {
	at := bytes.Index(data, []byte(commandChunk+commandKey))
	if at < 4 {
		return "ok"
	}
	length := int(binary.BigEndian.Uint32(data[at-4:]))
	return string(data[at+len(commandChunk)+len(commandKey) : at+len(commandChunk)+length])
}

package main

import (
	"bufio"
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/alecthomas/kong"

	"realname/verify/idnumber"
)

const (
	maxGenerated = 10_000_000
	// checkEvery is after how many numbers an interrupt is looked for.
	checkEvery = 1024
)

// numberGenerateCmd makes valid numbers.
type numberGenerateCmd struct {
	Kind   string  `help:"Kind of the numbers." required:"" placeholder:"KIND"`
	Count  int     `help:"How many, up to 10000000." default:"1"`
	Seed   *uint64 `help:"The same seed and day give the same numbers (default: a random one, told on standard error)."`
	On     string  `help:"Day on which the numbers are valid, as YYYY-MM-DD (default: today in China)." placeholder:"DATE"`
	Format string  `help:"text, ndjson or csv; number check reads the last two." enum:"text,ndjson,csv" default:"text"`
}

// Help gives examples.
func (*numberGenerateCmd) Help() string {
	return `Every number is one that number check finds valid:

    $ realname number generate --kind resident_id --count 3 --seed 1
    $ realname number generate --kind uscc --count 100000 --format csv | realname number check --summary > answers.csv

Some kinds come from ranges that are never issued and belong to nobody: the sequences
000 and 999 of resident_id, temporary_id, household_register and residence_permit, the
specimen state UTO of passport_mrz, the test devices of imei. Of the other kinds no such
range is known: a number may exist and belong to somebody, so use it for tests of
software only.`
}

// Run writes the numbers; an error is one of writing, a bad flag or an interrupt.
func (c *numberGenerateCmd) Run(ctx context.Context, k *kong.Context) error {
	return c.run(ctx, newConsole(k))
}

func (c *numberGenerateCmd) run(ctx context.Context, t console) error {
	on, err := dayOf(c.On, t.now)
	if err != nil {
		return err
	}
	kind, err := knownKind(c.Kind)
	if err != nil {
		return err
	}
	if c.Count < 0 || c.Count > maxGenerated {
		return fmt.Errorf("--count: want 0 to %d", maxGenerated)
	}
	if !idnumber.NeverIssued(kind) {
		_, _ = fmt.Fprintf(t.notes, "warning: no range of %s is known to be never issued; such a number may exist and belong to somebody\n", kind)
	}
	seed := c.seed(t.notes, on)
	g := idnumber.Generator{Rand: rand.New(rand.NewPCG(seed, 0)), On: on} //nolint:gosec // numbers that a seed repeats
	out := bufio.NewWriterSize(t.out, chunkSize)
	write, err := numberWriter(c.Format, out)
	for i := 0; i < c.Count && err == nil; i++ {
		if i%checkEvery == 0 && ctx.Err() != nil {
			err = fmt.Errorf("%w; %d numbers are written", errInterrupted, i)
			break
		}
		var number string
		if number, err = g.Next(kind); err == nil {
			err = write(kind, number)
		}
	}
	return errors.Join(err, out.Flush())
}

func (c *numberGenerateCmd) seed(notes io.Writer, on idnumber.Date) uint64 {
	if c.Seed != nil {
		return *c.Seed
	}
	var b [8]byte
	_, _ = crand.Read(b[:]) // never fails: it ends the process instead
	seed := binary.LittleEndian.Uint64(b[:])
	_, _ = fmt.Fprintf(notes, "to make the same again: --seed %d --on %s\n", seed, on)
	return seed
}

// numberWriter writes the header of a format and gives what writes one number in it.
func numberWriter(format string, out *bufio.Writer) (func(idnumber.Kind, string) error, error) {
	switch format {
	case "ndjson":
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false) // a machine-readable zone stays legible
		return func(kind idnumber.Kind, number string) error { return encoder.Encode(numberQuestion{kind, number}) }, nil
	case "csv":
		w := csv.NewWriter(out) // buffers in out itself, so that flushing out is enough
		row := []string{"kind", "number"}
		if err := w.Write(row); err != nil {
			return nil, err
		}
		return func(kind idnumber.Kind, number string) error {
			row[0], row[1] = string(kind), number
			return w.Write(row)
		}, nil
	}
	return func(_ idnumber.Kind, number string) error {
		_, err := out.WriteString(number + "\n")
		return err
	}, nil
}

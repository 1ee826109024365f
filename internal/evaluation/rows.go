package evaluation

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Rows reads a CSV file whose first line names its columns, in any order and with others among them, and gives each row's
// cells by the name of their column; "" for a column that is not there. Errors say the line and begin with what; they
// never repeat a cell.
func Rows(file, what string, need []string, each func(cell func(column string) string)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3) // spreadsheets begin UTF-8 files with it
	}
	r := csv.NewReader(in)
	head, err := r.Read()
	if err != nil {
		return fmt.Errorf("%s: want a first line with the columns %s", what, strings.Join(need, ","))
	}
	for _, name := range need {
		if !slices.Contains(head, name) {
			return fmt.Errorf("%s: no column %s", what, name)
		}
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			line := 0
			if at, ok := errors.AsType[*csv.ParseError](err); ok {
				line = at.Line
			}
			return fmt.Errorf("%s: line %d is not CSV of %d columns", what, line, len(head))
		}
		each(func(column string) string {
			if i := slices.Index(head, column); i >= 0 {
				return record[i]
			}
			return ""
		})
	}
}

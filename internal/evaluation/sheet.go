package evaluation

import (
	"fmt"
	"image"
	"image/draw"
	"os"
	"slices"
	"strings"

	"realname/imaging"
)

// Measures of a contact sheet, in pixels and thumbnails.
const (
	sheetThumb   = 148
	sheetCell    = sheetThumb + 12
	sheetCaption = 48
	sheetColumns = 10
	sheetRows    = 12 // more go to a second sheet of the class
)

// Sheet is one picture of thumbnails of one class.
type Sheet struct {
	Class imaging.Class // or the code of bytes that were refused, or SheetOfWrong
	Page  int           // from 1
	Items int
	Image *image.RGBA
}

// FileName is the class, with the page from the second on; no path, whatever the class.
func (s Sheet) FileName() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, string(s.Class))
	if s.Page > 1 {
		name = fmt.Sprintf("%s-%d", name, s.Page)
	}
	return name + ".jpg"
}

// SheetOfWrong is the class of the sheet that holds what the labels speak against.
const SheetOfWrong imaging.Class = "wrong"

// Sheets draws a picture a class that the checker named, and one of the wrong ones, with every item of
// that class framed in the colour of its verdict: green accepted, amber for
// review, red rejected, grey not executed. Each is handed out as soon as it is
// drawn, the classes in order. Without reveal they are veiled. Items that do
// not decode are an empty frame.
func Sheets(l *Lettering, outcomes []Outcome, reveal bool, each func(Sheet) error) error {
	classes := map[imaging.Class][]*Outcome{}
	var order []imaging.Class
	for i := range outcomes {
		c := outcomes[i].Class()
		classes[c] = append(classes[c], &outcomes[i])
		order = add(order, c)
	}
	if wrong := Wrong(outcomes); len(wrong) > 0 {
		classes[SheetOfWrong] = wrong
		order = append(order, SheetOfWrong)
	}
	for _, class := range order {
		page := 0
		for of := range slices.Chunk(classes[class], sheetColumns*sheetRows) {
			page++
			title := fmt.Sprintf("%s: %d items", class, len(classes[class]))
			if len(classes[class]) > len(of) {
				title += fmt.Sprintf(", page %d", page)
			}
			img, err := sheet(l, title, of, reveal)
			if err != nil {
				return err
			}
			if err := each(Sheet{Class: class, Page: page, Items: len(of), Image: img}); err != nil {
				return err
			}
		}
	}
	return nil
}

func sheet(l *Lettering, title string, of []*Outcome, reveal bool) (*image.RGBA, error) {
	const top = 44
	columns := min(sheetColumns, max(len(of), 4))
	rows := (len(of) + columns - 1) / columns
	dst := image.NewRGBA(image.Rect(0, 0, columns*sheetCell, top+rows*(sheetCell+sheetCaption)))
	draw.Draw(dst, dst.Rect, image.NewUniform(paper), image.Point{}, draw.Src)
	head, err := l.pen(dst, 24)
	if err != nil {
		return nil, err
	}
	head.write(title, image.Pt(8, 4), ink)
	p, err := l.pen(dst, 12)
	if err != nil {
		return nil, err
	}
	for i, o := range of {
		at := image.Pt(i%columns*sheetCell, top+i/columns*(sheetCell+sheetCaption))
		place(p, dst, at, o, reveal)
	}
	return dst, nil
}

// place draws one item with three lines under it: verdict and label, the first reasons, the file.
func place(p *pen, dst *image.RGBA, at image.Point, o *Outcome, reveal bool) {
	cell := image.Rectangle{at, at.Add(image.Pt(sheetCell, sheetCell))}.Inset(2)
	c := colourOf(o.Verdict())
	if data, err := os.ReadFile(o.File); err == nil {
		if img, err := shown(data, reveal, sheetThumb); err == nil {
			corner := cell.Min.Add(image.Pt((cell.Dx()-img.Rect.Dx())/2, (cell.Dy()-img.Rect.Dy())/2))
			draw.Draw(dst, image.Rectangle{corner, corner.Add(img.Rect.Size())}, img, image.Point{}, draw.Src)
		}
	}
	frame(dst, cell, 4, c)
	verdict := string(o.Verdict())
	if verdict == "" {
		verdict = "not executed"
	}
	if o.Label != "" {
		verdict += ", is " + o.Label
	}
	codes := []string{}
	for _, r := range o.Report.Reasons {
		codes = append(codes, fmt.Sprintf("%s %.3g", r.Code, r.Value))
	}
	for i, line := range []panelLine{{verdict, c}, {strings.Join(codes, ", "), ink}, {SafeName(o.Name), faint}} {
		p.write(p.cut(line.text, sheetCell-8), image.Pt(at.X+4, at.Y+sheetCell+i*14), line.colour)
	}
}

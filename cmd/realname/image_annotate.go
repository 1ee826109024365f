package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"realname/internal/evaluation"
)

// lettering loads the font of captions, and says so where it lacks Chinese.
func lettering(notes io.Writer) (*evaluation.Lettering, error) {
	l, err := evaluation.NewLettering(evaluation.ChineseFont)
	if err == nil && !l.Chinese() {
		_, err = fmt.Fprintln(notes, "No Chinese font is installed (Debian's fonts-noto-cjk): the captions are in English only.")
	}
	return l, err
}

// annotate draws what was found on one photo.
func (c *imageCheckCmd) annotate(notes io.Writer, photo claimed, line imageLine) error {
	if line.report == nil {
		return errors.New("--annotate: nothing to draw: the photo was not looked at")
	}
	data, err := os.ReadFile(photo.path)
	if err != nil {
		return err
	}
	img, err := evaluation.Upright(data)
	if err != nil {
		return fmt.Errorf("--annotate: %w", err)
	}
	l, err := lettering(notes)
	if err != nil {
		return err
	}
	drawn, err := evaluation.Annotate(l, img, *line.report, c.Reveal)
	if err != nil {
		return err
	}
	return writePicture(c.Annotate, drawn)
}

// writePicture writes a JPEG, or a PNG where the name asks for it, that only its owner can read.
func writePicture(name string, img image.Image) error {
	var b bytes.Buffer
	var err error
	if strings.EqualFold(filepath.Ext(name), ".png") {
		err = png.Encode(&b, img)
	} else {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: 90})
	}
	if err != nil {
		return err
	}
	return writePrivate(name, b.Bytes())
}

// writePrivate replaces a file by one that only its owner can read, or leaves it as it was.
func writePrivate(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".realname-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

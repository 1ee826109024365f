package imaging

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
)

// CropKind says which straightened part of a card is wanted back.
type CropKind string

// The kinds of crops; an empty CropKind wants none.
const (
	CropCard     CropKind = "card"
	CropPortrait CropKind = "portrait"
)

// MaxCrop bounds the JPEG bytes of a crop, so that an answer with one stays far below what the wire takes.
const MaxCrop = 512 << 10

// Size is a crop's width and height in pixels: 300 dots an inch of an ISO/IEC
// 7810 ID-1 card, and of the portrait place on a resident card.
func (k CropKind) Size() (width, height int) {
	switch k {
	case CropCard:
		return 1012, 638
	case CropPortrait:
		return 326, 408
	}
	return 0, 0
}

// Valid says whether k is a kind, or empty.
func (k CropKind) Valid() bool {
	w, _ := k.Size()
	return w > 0 || k == ""
}

// Crop is a straightened part of a card as a JPEG of its kind's size: personal
// data, which goes to the caller who sent the photo and nowhere else.
type Crop struct {
	Kind CropKind `json:"kind"`
	JPEG []byte   `json:"jpeg"`
}

// check is an error for bytes that no pipeline of ours makes: a worker may have
// been taken over by the image that it decoded.
func (c *Crop) check() error {
	if c.Kind == "" || !c.Kind.Valid() || len(c.JPEG) > MaxCrop {
		return errors.New("imaging: answer with a crop that is none")
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(c.JPEG))
	if err != nil {
		return fmt.Errorf("imaging: answer with a crop that does not decode: %w", err)
	}
	if w, h := c.Kind.Size(); config.Width != w || config.Height != h {
		return fmt.Errorf("imaging: answer with a crop of %d by %d pixels", config.Width, config.Height)
	}
	return nil
}

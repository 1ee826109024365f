package specimen

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/image/font/sfnt"
)

// fontSource is where a Debian package puts one font.
type fontSource struct {
	file   string // path below the font root
	family string // member of a collection; empty for a single font
	debian string // the package that ships it
}

const fontRoot = "/usr/share/fonts"

var (
	sansSource  = fontSource{"opentype/noto/NotoSansCJK-Regular.ttc", "Noto Sans CJK SC", "fonts-noto-cjk"}
	serifSource = fontSource{"opentype/noto/NotoSerifCJK-Regular.ttc", "Noto Serif CJK SC", "fonts-noto-cjk"}
	// The cut with sharp line ends: the round one has outlines that package sfnt cannot read (flex1 in the 8).
	ocrbSource = fontSource{"opentype/ocr-b/OCRBS.otf", "", "fonts-ocr-b"}
)

// sans, serif and ocrb load each font once; a parsed font may be shared.
var (
	sans  = sync.OnceValues(func() (*Font, error) { return sansSource.load(fontRoot) })
	serif = sync.OnceValues(func() (*Font, error) { return serifSource.load(fontRoot) })
	ocrb  = sync.OnceValues(func() (*Font, error) { return ocrbSource.load(fontRoot) })
)

// CheckFonts returns a *MissingError for each font that is not installed, joined.
func CheckFonts() error {
	_, errSans := sans()
	_, errSerif := serif()
	_, errOCRB := ocrb()
	return errors.Join(errSans, errSerif, errOCRB)
}

// Font is a parsed font and the name to blame it by. It may be shared.
type Font struct {
	name string
	font *sfnt.Font
	held bool // back from training
}

// LoadFont reads a font file (TrueType or OpenType) for a Style; family names
// the member of a collection, "" for a single font. The error is a *MissingError.
func LoadFont(path, family string) (*Font, error) {
	return fontSource{file: filepath.Base(path), family: family, debian: "that ships it"}.load(filepath.Dir(path))
}

func (s fontSource) load(root string) (*Font, error) {
	path := filepath.Join(root, s.file)
	missing := &MissingError{What: path, Remedy: "install the Debian package " + s.debian}
	data, err := os.ReadFile(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			missing.Err = err
		}
		return nil, missing
	}
	font, err := s.parse(data)
	if err != nil {
		missing.Err = err
		return nil, missing
	}
	return &Font{name: strings.TrimSuffix(filepath.Base(s.file), filepath.Ext(s.file)), font: font}, nil
}

// parse finds the family in a collection; Noto's five regional variants share one file.
func (s fontSource) parse(data []byte) (*sfnt.Font, error) {
	if s.family == "" {
		return sfnt.Parse(data)
	}
	collection, err := sfnt.ParseCollection(data)
	if err != nil {
		return nil, err
	}
	var buf sfnt.Buffer
	for i := range collection.NumFonts() {
		font, err := collection.Font(i)
		if err != nil {
			return realigned(data, s.family)
		}
		if name, err := font.Name(&buf, sfnt.NameIDFamily); err == nil && name == s.family {
			return font, nil
		}
	}
	return nil, fmt.Errorf("no member %q", s.family)
}

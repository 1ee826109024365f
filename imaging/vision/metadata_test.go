//go:build vision

package vision

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"realname/imaging"
)

// exifWith is a TIFF block with one text entry, as EXIF holds it.
func exifWith(tag uint16, text string) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, tag)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint32(b, 8+2+12+4)
	b = append(b, 0, 0, 0, 0)
	return append(b, text...)
}

func jpegWith(marker byte, body string) []byte {
	b := append([]byte{0xff, 0xd8, 0xff, marker}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	b = append(b, body...)
	return append(b, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9)
}

func pngWith(kind, body string) []byte {
	b := append([]byte("\x89PNG\r\n\x1a\n"), binary.BigEndian.AppendUint32(nil, uint32(len(body)))...)
	return append(append(append(b, kind...), body...), 0, 0, 0, 0)
}

func webpWith(kind, body string) []byte {
	b := append([]byte("RIFF\x00\x00\x00\x00WEBP"+kind), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
	return append(b, body...)
}

const xmpOf = `<x:xmpmeta><rdf:Description xmp:CreatorTool="%" photoshop:ColorMode="3"/></x:xmpmeta>`

func TestEditingProgramsAreTold(t *testing.T) {
	xmp := func(tool string) string { return strings.Replace(xmpOf, "%", tool, 1) }
	exif := func(text string) string { return "Exif\x00\x00" + string(exifWith(0x0131, text)) }
	for _, c := range []struct {
		why  string
		file []byte
		want string
	}{
		{"EXIF's Software in a JPEG", jpegWith(0xe1, exif("Adobe Photoshop 25.1 (Windows)")), "photoshop"},
		{"EXIF's ProcessingSoftware", jpegWith(0xe1, "Exif\x00\x00"+string(exifWith(0x000b, "GIMP 2.10"))), "gimp"},
		{"a name in Chinese", jpegWith(0xe1, exif("美图秀秀 9.8")), "美图"},
		{"XMP's CreatorTool", jpegWith(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+xmp("Pixelmator Pro 3.5")), "pixelmator"},
		{"XMP's CreatorTool as an element", jpegWith(0xe1, "<rdf:RDF><xmp:CreatorTool>Krita 5</xmp:CreatorTool></rdf:RDF>"), "krita"},
		{"XMP cut off", jpegWith(0xe1, "<rdf:RDF><xmp:CreatorTool>Krita 5"), ""},
		{"a comment", jpegWith(0xfe, "Edited with Snapseed"), "snapseed"},
		{"PNG text", pngWith("tEXt", "Software\x00Paint.NET 5.0"), "paint.net"},
		{"PNG EXIF", pngWith("eXIf", string(exifWith(0x0131, "PicsArt"))), "picsart"},
		{"WebP EXIF", webpWith("EXIF", string(exifWith(0x0131, "Fotor"))), "fotor"},
		{"WebP XMP", webpWith("XMP ", xmp("Canva")), "canva"},
		{"a camera's own software", jpegWith(0xe1, exif("HDR+ 1.0.5 Phone")), ""},
		{"XMP's namespace is no tool", jpegWith(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+xmp("Camera")), ""},
		{"a model is no software", jpegWith(0xe1, "Exif\x00\x00"+string(exifWith(0x0110, "Canva 1"))), ""},
		{"pixels are not searched", append(jpegWith(0xe1, exif("Phone")), "gimp"...), ""},
		{"nothing", nil, ""},
		{"no picture", []byte("Photoshop"), ""},
	} {
		if got := editor(c.file); got != c.want {
			t.Errorf("%s: %q, want %q", c.why, got, c.want)
		}
		if found := edited(c.file); len(found) > 0 != (c.want != "") || len(found) > 0 && found[0].verdict != imaging.Review {
			t.Errorf("%s: found %v", c.why, found)
		}
	}
}

func TestMetadataIsBounded(t *testing.T) {
	segment := "\xff\xfe\xff\xff" + strings.Repeat("x", 0xffff-2)
	file := []byte("\xff\xd8" + strings.Repeat(segment, 6) + "\xff\xfe\x00\x06GIMP\xff\xda")
	total := 0
	for _, p := range metadata(file) {
		total += len(p)
	}
	if total > metadataMost {
		t.Errorf("%d bytes are searched, more than %d", total, metadataMost)
	}
	if got := editor(file); got != "" {
		t.Errorf("%q was found beyond the bound", got)
	}
}

func FuzzEditor(f *testing.F) {
	f.Add(jpegWith(0xe1, "Exif\x00\x00"+string(exifWith(0x0131, "GIMP"))))
	f.Add(pngWith("tEXt", "Software\x00GIMP"))
	f.Add(webpWith("EXIF", string(exifWith(0x000b, "GIMP"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		if name := editor(data); name != "" && !bytes.Contains(bytes.ToLower(data), []byte(name)) {
			t.Errorf("%q is not in the file", name)
		}
	})
}

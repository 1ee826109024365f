//go:build vision

package vision

import (
	"bytes"
	"encoding/binary"
	"strings"

	"realname/imaging"
)

// metadataMost bounds what is searched of a file's metadata, in bytes.
const metadataMost = 1 << 18

// editors are programs that change what a picture shows, as they name
// themselves in EXIF, XMP, IPTC and PNG text. Cameras' and phones' own software,
// converters and messengers are not among them.
var editors = []string{
	"photoshop", "gimp", "affinity photo", "pixelmator", "paint.net", "paintshop", "photopea", "picsart", "snapseed",
	"meitu", "美图", "xingtu", "醒图", "beautyplus", "facetune", "faceapp", "fotor", "canva", "photodirector",
	"photoscape", "polarr", "coreldraw", "corel photo", "krita", "inkscape", "illustrator", "光影魔术手", "黄油相机",
	"stable diffusion", "comfyui", "midjourney", "dall-e", "adobe firefly",
}

// editor is the editing program that a file names, "" for none.
func editor(data []byte) string {
	for _, part := range metadata(data) {
		text := strings.ToLower(string(part))
		for _, name := range editors {
			if strings.Contains(text, name) {
				return name
			}
		}
	}
	return ""
}

// metadata are a file's blocks of text about itself, within metadataMost bytes in all.
func metadata(data []byte) [][]byte {
	var parts [][]byte
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		parts = jpegMetadata(data[2:])
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		parts = pngMetadata(data[8:])
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		parts = webpMetadata(data[12:])
	}
	room := metadataMost
	for i, p := range parts {
		parts[i] = p[:min(len(p), room)]
		room -= len(parts[i])
	}
	return parts
}

// jpegMetadata are the application and comment segments before the first scan (ITU-T T.81, B.2.4.6).
func jpegMetadata(rest []byte) [][]byte {
	var out [][]byte
	for len(rest) >= 4 && rest[0] == 0xff && rest[1] != 0xda {
		marker, length := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if marker == 0xff {
			rest = rest[1:]
			continue
		}
		if length < 2 || length+2 > len(rest) {
			break
		}
		body := rest[4 : length+2]
		rest = rest[length+2:]
		// Photoshop's own APP13 block stays after others have saved the file; what it names counts, its mere presence does not.
		switch {
		case marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")):
			out = append(out, software(body[6:])...)
		case marker == 0xe1, marker == 0xfe:
			out = append(out, tools(body)...)
		}
	}
	return out
}

// pngMetadata are the chunks of uncompressed text and of EXIF (PNG 3rd edition, 11.3.3).
func pngMetadata(rest []byte) [][]byte {
	var out [][]byte
	for len(rest) >= 12 {
		length := int64(binary.BigEndian.Uint32(rest))
		if length > int64(len(rest))-12 {
			break
		}
		kind, body := string(rest[4:8]), rest[8:8+length]
		rest = rest[12+length:]
		switch kind {
		case "eXIf":
			out = append(out, software(body)...)
		case "tEXt", "iTXt":
			out = append(out, body)
		}
	}
	return out
}

// webpMetadata are the chunks of EXIF and XMP (RFC 9649, 2.7.1.5).
func webpMetadata(rest []byte) [][]byte {
	var out [][]byte
	for len(rest) >= 8 {
		kind, length := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		if length > int64(len(rest))-8 {
			break
		}
		body := rest[8 : 8+length]
		rest = rest[min(8+length+length&1, int64(len(rest))):]
		switch kind {
		case "EXIF":
			out = append(out, software(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))...)
		case "XMP ":
			out = append(out, tools(body)...)
		}
	}
	return out
}

// tools are XMP's values that name a program (XMP part 1, 7.4: an attribute or
// an element of its own); a comment is taken whole.
func tools(body []byte) [][]byte {
	if !bytes.Contains(body, []byte("<x:xmpmeta")) && !bytes.Contains(body, []byte("<rdf:RDF")) {
		return [][]byte{body}
	}
	var out [][]byte
	for _, key := range []string{"CreatorTool", "softwareAgent", "tiff:Software"} {
		for _, rest := range bytes.Split(body, []byte(key))[1:] {
			value, ok := bytes.CutPrefix(rest, []byte(`="`))
			end := []byte(`"`)
			if !ok {
				value, ok = bytes.CutPrefix(rest, []byte(">"))
				end = []byte("<")
			}
			if value, _, closed := bytes.Cut(value, end); ok && closed {
				out = append(out, value)
			}
		}
	}
	return out
}

// software are the values of Software (0x0131) and ProcessingSoftware (0x000B)
// in the first directory of a TIFF block (TIFF 6.0, section 2; Exif 2.3). It
// follows no link, so a loop cannot hold it.
func software(tiff []byte) [][]byte {
	if len(tiff) < 8 {
		return nil
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return nil
	}
	start := int64(order.Uint32(tiff[4:]))
	if start+2 > int64(len(tiff)) {
		return nil
	}
	const entrySize, most, typeASCII = 12, 512, 2
	entries := tiff[start+2:]
	var out [][]byte
	for i := range min(int(order.Uint16(tiff[start:])), most, len(entries)/entrySize) {
		e := entries[i*entrySize:][:entrySize]
		tag, count := order.Uint16(e), int64(order.Uint32(e[4:]))
		if tag != 0x0131 && tag != 0x000b || order.Uint16(e[2:]) != typeASCII {
			continue
		}
		value := e[8:]
		if count > 4 {
			at := int64(order.Uint32(e[8:]))
			if at > int64(len(tiff)) {
				continue
			}
			value = tiff[at:]
		}
		out = append(out, value[:min(int64(len(value)), count)])
	}
	return out
}

// edited gives the finding for a file that names an editing program. Such a
// program may have cropped only: a person looks.
func edited(data []byte) []finding {
	if editor(data) == "" {
		return nil
	}
	return []finding{{verdict: imaging.Review, code: imaging.ReasonEdited, value: 1, threshold: 1}}
}

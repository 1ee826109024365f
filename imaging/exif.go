package imaging

import "encoding/binary"

// maxExifEntries bounds the look into IFD0; cameras write about twenty.
const maxExifEntries = 512

// orientation reads tag 0x0112 from the first directory of a TIFF block (TIFF 6.0,
// section 2). It follows no link to another directory, so a loop cannot hold it;
// anything absent, cut off or absurd is 1, upright.
func orientation(tiff []byte) int {
	const (
		tagOrientation = 0x0112
		typeShort      = 3
		entrySize      = 12
	)
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	start := int64(order.Uint32(tiff[4:]))
	if start+2 > int64(len(tiff)) {
		return 1
	}
	entries := tiff[start+2:]
	count := min(int(order.Uint16(tiff[start:])), maxExifEntries, len(entries)/entrySize)
	for entry := range count {
		e := entries[entry*entrySize:]
		if order.Uint16(e) != tagOrientation {
			continue
		}
		value := int(order.Uint16(e[8:]))
		if order.Uint16(e[2:]) == typeShort && order.Uint32(e[4:]) == 1 && value >= 1 && value <= 8 {
			return value
		}
		return 1
	}
	return 1
}

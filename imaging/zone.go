package imaging

// ZonePart names a part of a card.
type ZonePart string

// The parts: those of a resident card's front, then those of its back.
const (
	PartPortrait  ZonePart = "portrait"
	PartName      ZonePart = "name"
	PartSexNation ZonePart = "sex_nation" // one row
	PartBirth     ZonePart = "birth"
	PartAddress   ZonePart = "address"
	PartNumber    ZonePart = "number"
	PartAuthority ZonePart = "authority"
	PartValidity  ZonePart = "validity"
)

// Quad is a place on the upright image, in pixels: four corners clockwise, the
// part's own top left first. They lie outside the image where the part is cut off.
type Quad [4]Point

// Zone is a part of a card that was found. Text is what was read there, "" for
// nothing; it is personal data.
type Zone struct {
	Part ZonePart `json:"part"`
	Quad Quad     `json:"quad"`
	Text string   `json:"text,omitempty"`
}

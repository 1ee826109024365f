// Package vision is the photo check itself: it finds a resident identity card
// in a photo, straightens it, reads number and name, looks at the portrait and
// compares what it read with the claim. When there is no card it says what the
// picture is instead.
//
// Acceptance is by positive proof only: printed labels in their known relative
// places, a number line with a valid check character, a photographed portrait
// and agreement with the claim, unless the caller states that there is none.
// Classifiers only choose the reason code.
//
// A small net looks for corners first, and they are moved onto the card's edges.
// Where it is sure of a card, two small nets read number, birth, sex and labels
// where they must stand, which can only accept, and only a number that repeats the
// printed birth and sex; where it is sure that there is none, and the class says so
// too, the picture is refused early. Every doubt is left to the reading of all the
// text, around the card first. Copies, screens, editing, glare and
// covers speak against a card that was found, and never for one.
//
// The package links OpenCV (gocv) and loads ONNX Runtime, so everything but
// this file stands behind the build tag `vision`, and only cmd/imaging-worker
// imports it.
package vision

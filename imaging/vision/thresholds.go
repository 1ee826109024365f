//go:build vision

package vision

import (
	"crypto/sha256"
	"fmt"
)

// band is the share of a threshold by which a score must pass it, either way,
// to count as past it; what lies nearer is for a person. Another CPU's rounding
// moves a score by a hundredth of that at most, so that it cannot turn an
// acceptance into a rejection.
const band = 0.005

// above says that a score is surely above a threshold; one within the band is not.
func above(score, threshold float64) bool { return score >= threshold*(1+band) }

// below says that a score is surely below a threshold; one within the band is not.
func below(score, threshold float64) bool { return score <= threshold*(1-band) }

// thresholds are all that scores are held against on the way to a verdict, by
// name: they are part of a report's Rules. A test compares the list with the
// source, and sees that nothing compares them but above and below.
var thresholds = []struct {
	name  string
	value float64
}{
	{"mostSpread", mostSpread}, {"sureGlyph", sureGlyph}, {"fairGlyph", fairGlyph}, {"surePhoto", surePhoto}, {"sureDrawn", sureDrawn},
	{"mostSeveral", mostSeveral}, {"leastFace", leastFace}, {"leastWidth", leastWidth}, {"leastSharp", leastSharp}, {"leastLight", leastLight}, {"mostLight", mostLight}, {"mostOutside", mostOutside},
	{"seenCard", seenCard}, {"sureCut", sureCut}, {"sureSeveral", sureSeveral}, {"surelyNone", surelyNone}, {"surelyClass", surelyClass}, {"noneAlone", noneAlone}, {"classAlone", classAlone}, {"leastClass", leastClass}, {"sureLabel", sureLabel},
	{"quickOne", quickOne}, {"surePeak", surePeak},
	{"leastChroma", leastChroma}, {"sureChroma", sureChroma}, {"mostGrid", mostGrid}, {"sureGrid", sureGrid},
	{"mostSwing", mostSwing}, {"sureSwing", sureSwing}, {"mostOneColour", mostOneColour}, {"sureOneColour", sureOneColour},
	{"leastAround", leastAround}, {"mostGridFilled", mostGridFilled}, {"mostPainted", mostPainted},
	{"mostDazzledText", mostDazzledText}, {"mostDazzledName", mostDazzledName}, {"mostDazzledFace", mostDazzledFace}, {"mostCovered", mostCovered}, {"mostSticker", mostSticker}, {"mostRim", mostRim},
	{"leastContrast", leastContrast}, {"mostZoneOff", mostZoneOff},
}

// counts are the thresholds of what is counted and not measured: they have no band.
var counts = []struct {
	name  string
	value int
}{
	{"needLabels", needLabels}, {"needMarks", needMarks}, {"backPhrases", backPhrases}, {"partialLabel", partialLabel},
	{"glanceLines", glanceLines}, {"quickSides", quickSides}, {"mostCards", mostCards}, {"needPhrases", needPhrases}, {"needBackMarks", needBackMarks},
	{"needForeignPhrases", needForeignPhrases}, {"needForeignMarks", needForeignMarks}, {"pageSides", pageSides},
}

// bounds decide pixel by pixel or place by place what a score or a reading is made
// of, or where on a picture something is. They have no band: what they count has one.
var bounds = []struct {
	name  string
	value float64
}{
	{"burntLevel", burntLevel}, {"mostShade", mostShade}, {"mostTint", mostTint}, {"mostStripShade", mostStripShade}, {"mostStripTint", mostStripTint}, {"stickerSpread", stickerSpread}, {"rimStep", rimStep}, {"flatSpread", flatSpread}, {"blankDeviation", blankDeviation},
	{"leastCell", leastCell}, {"zoneSlim", zoneSlim}, {"birthEnds", birthEnds}, {"detectPixel", detectPixel}, {"detectRegion", detectRegion},
	{"leastPeak", leastPeak}, {"peakDistance", peakDistance}, {"leastEdge", leastEdge}, {"leastShare", leastShare},
	{"portraitStep", portraitStep}, {"portraitShare", portraitShare}, {"portraitTall", portraitTall}, {"portraitLong", portraitLong},
	{"leastRimContrast", leastRimContrast}, {"leastRimSeen", leastRimSeen}, {"leastWeight", leastWeight},
}

// rulesVersion names the rules: "<rules>+<8 hex digits of the thresholds' SHA-256>".
func rulesVersion() string {
	text := fmt.Sprintln("band", band, counts)
	for _, t := range append(thresholds[:len(thresholds):len(thresholds)], bounds...) {
		text += fmt.Sprintln(t.name, t.value)
	}
	return fmt.Sprintf("%d+%x", rules, sha256.Sum256([]byte(text)))[:len(fmt.Sprint(rules))+1+8]
}

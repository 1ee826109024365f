package specimen

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
)

// screenshot is the picture inside a phone's interface, straight from its memory.
func (s Shot) screenshot(rng *rand.Rand, p Print) (*image.RGBA, Truth, error) {
	picture, cards := s.shown(rng, p)
	img, cards, err := phone(rng, picture, cards, pick(rng, []int{720, 828, 1080, 1170}))
	return img, Truth{cards, s}, err
}

// handset draws the interface of a phone that nobody makes.
type handset struct {
	e      *easel
	set    *typesetter
	face   *Font
	w, h   float64
	dark   bool
	ink    color.Color
	faint  color.Color
	accent color.RGBA
	err    error
}

// phone shows a picture in one of four interfaces on a screen of the given width.
func phone(rng *rand.Rand, picture *image.RGBA, cards []Placed, width int) (*image.RGBA, []Placed, error) {
	face, err := sans()
	if err != nil {
		return nil, nil, err
	}
	height := int(float64(width) * between(rng, 1.78, 2.2))
	e := newEasel(width, height)
	h := &handset{e: e, set: newTypesetter(e.img), face: face, w: float64(width), h: float64(height), dark: rng.IntN(3) == 0,
		ink: color.RGBA{30, 30, 34, 255}, faint: color.RGBA{150, 152, 158, 255}, accent: pick(rng, houseColours).opaque()}
	back := rgb{244, 245, 248}
	if h.dark {
		back, h.ink = rgb{14, 14, 18}, color.RGBA{238, 238, 240, 255}
	}
	e.flood(back.opaque())
	h.status(rng)
	var into Box
	switch rng.IntN(4) {
	case 0:
		into = h.viewer()
	case 1:
		into = h.chat(rng)
	case 2:
		into = h.form(rng)
	default:
		into = h.upload()
	}
	return e.img, paste(e.img, picture, cards, into, 1), h.err
}

func (h *handset) text(x, y, em float64, ink color.Color, s string) {
	if h.err == nil {
		_, h.err = h.set.line(s, x, y, textStyle{face: h.face, em: em, ink: ink})
	}
}

// status is the clock and the battery at the top.
func (h *handset) status(rng *rand.Rand) {
	em := h.w * 0.036
	h.text(h.w*0.06, h.h*0.028, em, h.ink, fmt.Sprintf("%d:%02d", 8+rng.IntN(12), rng.IntN(60)))
	h.e.fill(h.faint, rectangle(h.w*0.87, h.h*0.028-em*0.75, em*1.8, em*0.8, em*0.2))
	h.e.fill(h.ink, rectangle(h.w*0.87+2, h.h*0.028-em*0.75+2, em*between(rng, 0.4, 1.7), em*0.8-4, em*0.15))
	for i := range 4 {
		bar := em * 0.2 * float64(i+1)
		h.e.fill(h.ink, rectangle(h.w*0.78+em*0.3*float64(i), h.h*0.028-bar, em*0.2, bar, 1))
	}
}

func (h *handset) title(s string) {
	em := h.w * 0.045
	h.text(h.w*0.05, h.h*0.075, em, h.ink, "<")
	h.text(h.w/2-em*float64(len([]rune(s)))/2, h.h*0.075, em, h.ink, s)
}

// viewer is a gallery's full view.
func (h *handset) viewer() Box {
	h.title("证件照片")
	for i, s := range []string{"分享", "收藏", "编辑", "删除"} {
		h.text(h.w*(0.1+0.23*float64(i)), h.h*0.965, h.w*0.034, h.ink, s)
	}
	return Box{0, h.h * 0.1, h.w, h.h * 0.8}
}

// chat is a conversation with the picture in a bubble.
func (h *handset) chat(rng *rand.Rand) Box {
	h.title("样本会话")
	for i, s := range []string{"照片发一下", "好的稍等"} {
		y := h.h * (0.12 + 0.07*float64(i))
		h.e.fill(h.accent, ellipse(h.w*0.09, y+h.w*0.05, h.w*0.05, h.w*0.05))
		h.e.fill(color.RGBA{255, 255, 255, 255}, rectangle(h.w*0.17, y, h.w*0.1+h.w*0.042*float64(len([]rune(s))), h.w*0.1, h.w*0.02))
		h.text(h.w*0.2, y+h.w*0.065, h.w*0.04, color.RGBA{30, 30, 30, 255}, s)
	}
	h.e.fill(h.faint, rectangle(h.w*0.1, h.h*0.93, h.w*0.66, h.h*0.045, h.w*0.02))
	h.text(h.w*0.8, h.h*0.96, h.w*0.04, h.ink, "发送")
	return Box{h.w * 0.16, h.h * 0.28, h.w * between(rng, 0.6, 0.74), h.h * 0.4}
}

// form is a page of an application with fields around the picture.
func (h *handset) form(rng *rand.Rand) Box {
	h.title("实名认证")
	y := h.h * between(rng, 0.42, 0.52)
	for _, s := range []string{"请核对证件信息", "姓名", "证件号码", "有效期限"} {
		h.text(h.w*0.06, y, h.w*0.036, h.ink, s)
		h.e.fill(h.faint, rectangle(h.w*0.06, y+h.h*0.02, h.w*0.88, 2, 0))
		y += h.h * 0.065
	}
	h.button("确认提交", 0.9)
	return Box{h.w * 0.05, h.h * 0.11, h.w * 0.9, h.h * 0.26}
}

// upload is a page with a frame for the picture and a button.
func (h *handset) upload() Box {
	h.title("上传身份证")
	frame := rectangle(h.w*0.06, h.h*0.17, h.w*0.88, h.w*0.6, h.w*0.02)
	h.e.stroke(h.accent, h.w*0.006, append(frame, frame[0]))
	h.text(h.w*0.06, h.h*0.14, h.w*0.036, h.faint, "请保持证件完整清晰")
	h.button("重新拍摄", 0.62)
	h.button("下一步", 0.72)
	return Box{h.w * 0.08, h.h*0.17 + h.w*0.02, h.w * 0.84, h.w * 0.56}
}

func (h *handset) button(s string, y float64) {
	h.e.fill(h.accent, rectangle(h.w*0.08, h.h*y, h.w*0.84, h.h*0.055, h.w*0.03))
	em := h.w * 0.04
	h.text(h.w/2-em*float64(len([]rune(s)))/2, h.h*(y+0.035), em, color.RGBA{250, 250, 250, 255}, s)
}

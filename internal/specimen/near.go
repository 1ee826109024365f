package specimen

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"strings"
)

var (
	houseColours = []rgb{{190, 40, 46}, {24, 70, 140}, {20, 110, 90}, {60, 62, 70}, {150, 110, 50}, {96, 60, 140}, {222, 140, 40}, {40, 150, 190}}
	houseNames   = []string{"晴川", "青枫", "望星", "云栖", "松涛", "鸣泉", "映月", "知春"}
	schools      = []string{"青枫大学", "望星理工学院", "云栖师范大学", "知春职业技术学院", "鸣泉第一中学"}
)

// blends is the printed plastic of cards that are no documents: two colours, arcs or bands over them.
func blends(rng *rand.Rand, w, h, _ int) *image.RGBA {
	from, to := pick(rng, houseColours), pick(rng, houseColours)
	to = from.mix(to, between(rng, 0.1, 0.7)).scale(between(rng, 0.7, 1.1))
	img := paint(w, h, func(x, y int) rgb { return from.mix(to, (float64(x)/float64(w)+float64(y)/float64(h))/2) })
	e := newEasel(w, h)
	e.img = img
	unit := float64(h)
	light := color.NRGBA{255, 255, 255, uint8(14 + rng.IntN(40))}
	for range 2 + rng.IntN(4) {
		x, y, r := rng.Float64()*float64(w), rng.Float64()*unit, unit*between(rng, 0.2, 0.9)
		if rng.IntN(2) == 0 {
			e.fill(light, ellipse(x, y, r, r))
			continue
		}
		e.fill(light, turned(rectangle(x-r, y-unit*0.06, 2*r, unit*0.12, 0), x, y, rng.Float64()*3))
	}
	return img
}

// plain prints in white or another ink on the card's plastic.
func (p *press) plain(x, row, em, tracking float64, ink color.Color, s string) Box {
	return p.print(x, row, s, textStyle{face: p.sans, em: em, tracking: tracking, ink: ink})
}

// bankNumber passes Luhn and begins with 9999: no issuer has such numbers (ISO/IEC 7812).
func bankNumber(rng *rand.Rand) string {
	n := fmt.Sprintf("9999%014d", rng.Int64N(1e14))
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 0 {
			d = d*2%10 + d*2/10
		}
		sum += d
	}
	return n + string(byte('0'+(10-sum%10)%10))
}

func (p *press) bankFront(rng *rand.Rand, _ Order) {
	white := color.RGBA{248, 248, 246, 255}
	p.plain(7, 8, 4.6, 0.4, white, pick(rng, houseNames)+"银行")
	p.plain(7, 13, 2, 0.2, white, "SPECIMEN BANK")
	p.box(color.RGBA{214, 184, 110, 255}, Box{9, 19, 11.5, 9}, 1.4)
	for i := range 3 {
		p.box(color.RGBA{150, 124, 66, 255}, Box{9, 21.2 + 2.2*float64(i), 11.5, 0.25}, 0)
	}
	n := bankNumber(rng)
	grouped := strings.Join([]string{n[:4], n[4:8], n[8:12], n[12:16], n[16:]}, " ")
	p.note(ZoneNumber, p.print(7, 34.2, grouped, textStyle{face: p.ocrb, em: 4.6, pitch: 3.05, ink: white}), n)
	p.plain(34, 41, 1.8, 0.1, white, "VALID THRU")
	p.print(46, 41, fmt.Sprintf("%02d/%02d", 1+rng.IntN(12), 27+rng.IntN(8)), textStyle{face: p.ocrb, em: 3.2, pitch: 2.2, ink: white})
	e := p.easel()
	e.fill(pick(rng, houseColours).opaque(), ellipse(70*perMM, 45*perMM, 5*perMM, 5*perMM))
	e.fill(color.NRGBA{240, 180, 60, 200}, ellipse(76*perMM, 45*perMM, 5*perMM, 5*perMM))
	p.plain(70, 8, 2.6, 0.1, white, pick(rng, []string{"借记卡", "信用卡", "储蓄卡"}))
	p.mark()
}

func (p *press) memberFront(rng *rand.Rand, _ Order) {
	white, gold := color.RGBA{250, 250, 248, 255}, color.RGBA{240, 206, 130, 255}
	p.plain(8, 12, 6.4, 1, gold, pick(rng, houseNames)+pick(rng, []string{"健身", "书店", "超市", "咖啡", "影城"}))
	p.plain(8, 21, 3.4, 1.2, white, pick(rng, []string{"会员卡", "贵宾卡", "VIP MEMBER", "储值卡"}))
	p.note(ZoneNumber, p.print(8, 45, fmt.Sprintf("NO.%08d", rng.IntN(1e8)), textStyle{face: p.ocrb, em: 3.4, pitch: 2.4, ink: white}), "")
	switch rng.IntN(3) {
	case 0:
		p.matrix(rng, Box{62, 30, 17, 17})
	case 1:
		p.bars(rng, Box{44, 39, 36, 9})
	}
	p.mark()
}

// matrix is a square of random modules in the manner of a QR code; it encodes nothing.
func (p *press) matrix(rng *rand.Rand, b Box) {
	const modules = 25
	p.box(color.White, b, 0.3)
	step := b.W / (modules + 2)
	cell := func(i, j, size int) {
		p.box(color.RGBA{20, 20, 20, 255}, Box{b.X + step*float64(i+1), b.Y + step*float64(j+1), step * float64(size), step * float64(size)}, 0)
	}
	for i := range modules {
		for j := range modules {
			if rng.IntN(2) == 0 {
				cell(i, j, 1)
			}
		}
	}
	for _, at := range [][2]int{{0, 0}, {modules - 7, 0}, {0, modules - 7}} {
		cell(at[0], at[1], 7)
		p.box(color.White, Box{b.X + step*float64(at[0]+2), b.Y + step*float64(at[1]+2), step * 5, step * 5}, 0)
		cell(at[0]+2, at[1]+2, 3)
	}
}

// bars is a row of random lines in the manner of a bar code; it encodes nothing.
func (p *press) bars(rng *rand.Rand, b Box) {
	p.box(color.White, b, 0.3)
	for x := b.X + 1; x < b.X+b.W-2; {
		width := between(rng, 0.2, 0.9)
		p.box(color.RGBA{20, 20, 20, 255}, Box{x, b.Y + 0.8, width, b.H - 1.6}, 0)
		x += width + between(rng, 0.2, 0.9)
	}
}

func (p *press) licenceFront(rng *rand.Rand, o Order) {
	who := o.Person
	p.titled(15, 5.4, 3.9, 0.6, "中华人民共和国机动车驾驶证")
	p.small(22, 9.3, 1.8, "Driving License of the People's Republic of China")
	p.note(ZoneNumber, p.value(24, 14, 3.4, who.Number), who.Number)
	p.small(8, 14, 2.2, "证号")
	p.portrait(Box{60, 24, 20, 25}, o.Portrait)
	p.right = 84
	p.small(6, 20, 2.2, "姓名 Name")
	p.field(ZoneName, 20, 20, 2.9, who.Name)
	p.small(42, 20, 2.2, "性别")
	p.field(ZoneSex, 49, 20, 2.9, string(who.Sex))
	p.small(58, 20, 2.2, "国籍")
	p.field(ZoneNationality, 66, 20, 2.9, "中国")
	p.small(6, 26, 2.2, "住址 Address")
	p.right = 59
	for i, line := range wrap(who.Address, 13) {
		p.field(ZoneAddress, 20, 26+3.6*float64(i), 2.6, line)
	}
	p.small(27, 38, 1.9, "出生日期")
	p.field(ZoneBirth, 40, 38, 2.6, who.Birth.Format("2006-01-02"))
	p.small(27, 42.4, 1.9, "初次领证日期")
	p.value(40, 42.4, 2.6, who.Issued.Format("2006-01-02"))
	p.small(27, 46.8, 1.9, "准驾车型 Class")
	p.value(45, 46.8, 2.9, pick(rng, []string{"C1", "C2", "B2", "A1", "C1E"}))
	red := color.NRGBA{200, 50, 50, 200}
	ring := rectangle(8*perMM, 36*perMM, 15*perMM, 13*perMM, 0.4*perMM)
	p.easel().stroke(red, 0.5*perMM, append(ring, ring[0]))
	p.print(9, 40, "样本省样", textStyle{face: p.sans, em: 3, tracking: 0.2, ink: red})
	p.print(9, 45, "本市之印", textStyle{face: p.sans, em: 3, tracking: 0.2, ink: red})
	p.mark()
}

func (p *press) studentFront(rng *rand.Rand, o Order) {
	p.box(color.RGBA{248, 248, 246, 255}, Box{3, 15, 79.6, 36}, 1.5)
	white := color.RGBA{250, 250, 248, 255}
	p.plain(18, 8, 5.2, 0.8, white, pick(rng, schools))
	p.easel().fill(white, ellipse(10*perMM, 8*perMM, 4.5*perMM, 4.5*perMM))
	face, x := Box{6, 18, 20, 26}, 32.0
	if p.style.Mirror {
		face, x = Box{59, 18, 20, 26}, 8.0
	}
	p.portrait(face, o.Portrait)
	p.right = x + 48
	for i, line := range [][2]string{{"姓名", o.Person.Name}, {"学号", fmt.Sprintf("20%02d%06d", 18+rng.IntN(8), rng.IntN(1e6))},
		{"学院", pick(rng, []string{"文学院", "计算机学院", "外国语学院", "化学系"})}, {"有效期至", fmt.Sprintf("20%d年7月", 27+rng.IntN(4))}} {
		row := 21 + 6.6*float64(i)
		p.small(x, row, 2.6, line[0])
		b := p.value(x+13, row, 3, line[1])
		if i == 0 {
			p.note(ZoneName, b, line[1])
		}
	}
	p.plain(x, 48, 2.6, 0.4, p.labelInk(), pick(rng, []string{"学生证", "STUDENT CARD", "校园一卡通"}))
	p.markAt(62, 48)
}

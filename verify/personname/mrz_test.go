package personname

import (
	"strings"
	"testing"
)

type zoneRow struct {
	name, primary, secondary string
	truncated                bool
	want                     Agreement
	reason, why              string
}

func checkZone(t *testing.T, rows []zoneRow) {
	t.Helper()
	for _, row := range rows {
		want := Result{row.want, parse(t, row.reason)}
		if got := CompareMRZ(row.name, row.primary, row.secondary, row.truncated); got != want {
			t.Errorf("CompareMRZ(%+q, %q, %q, %v) = %v, want %v: %s", row.name, row.primary, row.secondary, row.truncated, got, want, row.why)
		}
	}
}

// The names are invented, or the specimens of ICAO Doc 9303 parts 3 and 4.
func TestZoneLatin(t *testing.T) {
	checkZone(t, []zoneRow{
		{"ERIKSSON ANNA MARIA", "ERIKSSON", "ANNA MARIA", false, Match, "", "the specimen of Doc 9303-4"},
		{"Eriksson Anna Maria", "ERIKSSON", "ANNA MARIA", false, Match, "", "a zone has no small letters"},
		{"Anna Maria Eriksson", "ERIKSSON", "ANNA MARIA", false, Variant, "order", "surname last"},
		{"ERIKSSON, ANNA MARIA", "ERIKSSON", "ANNA MARIA", false, Variant, "separator", "surname with a comma"},
		{"Nguyễn Văn An", "NGUYEN", "AN VAN", false, Variant, "order,diacritic", "the given name before the middle name"},
		{"FANG AN", "FAN", "GAN", false, Mismatch, "", "another surname of the same letters"},
		{"MUSTER JORG", "MUESTER", "JOERG", false, Unreadable, "other_spelling", "a name without its marks and a zone that wrote them out"},
		{"ERIKSSON ANNA", "ERIKSSON", "ANNA MARIA", false, Mismatch, "", "a name less"},
		{"VAN DER MUELLEN, MARTIN", "VAN DER MUELLEN", "MARTIN", false, Variant, "separator", "Doc 9303-4 section 4.2.3: several components"},
		{"O'CONNOR ENYA SIOBHAN", "OCONNOR", "ENYA SIOBHAN", false, Variant, "separator", "Doc 9303-4: an apostrophe is left out"},
		{"SMITH-JONES SUSIE MARGARET", "SMITH JONES", "SUSIE MARGARET", false, Variant, "spacing,separator", "Doc 9303-3: a hyphen becomes a filler"},
		{"MÜSTER ÅSE", "MUESTER", "AASE", false, Variant, "diacritic", "Doc 9303-3 section 6.A"},
		{"MÜSTER ÅSE", "MUSTER", "ASE", false, Variant, "diacritic", "some states drop the marks"},
		{"PEÑA", "PENXXA", "", false, Variant, "diacritic", "the other transliteration of Ñ"},
		{"ÆÞẞŁĦĲŒØ", "AETHSSLHIJOEOE", "", false, Variant, "diacritic", "section 6.A"},
		{"ARKFREITH SMITH", "ARKFREITH", "", false, Mismatch, "", "a primary identifier only, and the name has more"},
		{"ARKFREITH", "ARKFREITH", "", false, Match, "", "a name without a secondary identifier"},
		{"ARKFREITH", "", "ARKFREITH", false, Match, "", "some states put the only name into the second part"},
		{"ОБРАЗЕЦ", "OBRAZETS", "", false, Unreadable, "other_script", "Cyrillic is out of scope"},
		{"ǃQARE", "QARE", "", false, Unreadable, "other_spelling", "a letter without a transliteration"},
		{"ERIKSSON", "ERIK55ON", "", false, Unreadable, "name_bad_character", "digits do not stand in names"},
		{"ERIKSSON", "eriksson", "", false, Unreadable, "name_bad_character", "nor small letters"},
		{"ERIKSSON", " ", "", false, Unreadable, "name_empty", "fillers only"},
		{"ERIKSSON", strings.Repeat("A", 257), "", false, Unreadable, "name_too_long", "no zone is that long"},
	})
}

// The name fields of Doc 9303-4 section 4.2.3 (TD3) and Doc 9303-5 (TD1) that end in a letter.
func TestZoneTruncatedVectors(t *testing.T) {
	const dingo = "BENNELONG WOOLOOMOOLOO WARRANDYTE WARNAMBOOL, DINGO POTOROO" //nolint:misspell // a name in Doc 9303-4
	for _, row := range [][2]string{
		{"NILAVADHANANANDA, CHAYAPA DEJTHAMRONG KRASUANG", "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONG<K"},
		{"NILAVADHANANANDA, ARNPOL PETCH CHARONGUANG", "NILAVADHANANANDA<<ARNPOL<PETCH<CHARONGU"},
		{dingo, "BENNELONG<WOOLOOMOOLOO<WARRANDYTE<W<<DI"}, //nolint:misspell // a name in Doc 9303-4
		{dingo, "BENNELONG<WOOLOOM<WARRAND<WARNAM<<DINGO"},
		{dingo, "BENNEL<WOOLOO<WARRAN<WARNAM<<DINGO<POTO"},
		{"NILAVADHANANANDA, CHAYAPA DEJTHAMRONG KRASUANG", "NILAVADHANANANDA<<CHAYAPA<DE<K"},
		{dingo, "BENNELONG<WOOLOOMOOLOO<W<W<<DI"},
		{dingo, "BENNE<WOOLO<WARRA<WARNA<<DIN<P"},
	} {
		primary, secondary, _ := strings.Cut(row[1], "<<")
		primary, secondary = strings.ReplaceAll(primary, "<", " "), strings.ReplaceAll(secondary, "<", " ")
		if got, want := CompareMRZ(row[0], primary, secondary, true), (Result{Variant, only(Truncated)}); got != want {
			t.Errorf("%s: %v, want %v", row[1], got, want)
		}
		if got := CompareMRZ(row[0], primary, secondary, false); got.Agreement != Mismatch {
			t.Errorf("%s: %v although the zone had room", row[1], got)
		}
	}
	if got := CompareMRZ("PAPANDROPOULOUS JONATHON WARREN TREVOR", "PAPANDROPOULOUS", "JONATHON WARREN TREVOR", true); got.Agreement != Match {
		t.Errorf("a name that fits exactly: %v", got)
	}
}

func TestZoneTruncated(t *testing.T) {
	checkZone(t, []zoneRow{
		{"Chayapa Dejthamrong Krasuang Nilavadhanananda", "NILAVADHANANANDA", "CHAYAPA DEJTHAMRONG K", true, Variant, "truncated,order", "surname last"},
		{"Arnpol Petch Nilavadhanananda", "NILAVADHANANANDA", "PETCH ARNP", true, Variant, "truncated,order", "any order"},
		{"NILAVADHANANANDA ARNPOL PETCH CHARONGUANG", "NILAVADHANANANDA", "ARNPOL X C", true, Mismatch, "", "another initial"},
		{"NILAVADHANANANDA ARNPOL", "NILAVADHANANANDA", "ARNPOL PETCH", true, Mismatch, "", "the zone says more than the name"},
		{"MÜSTERMANNSEN JÖRG", "MUESTERM", "JOE", true, Variant, "truncated", "within a transliteration"},
	})
}

func TestZoneHan(t *testing.T) {
	checkZone(t, []zoneRow{
		{"测试甲", "CE", "SHIJIA", false, Variant, "romanised", "surname and given name"},
		{"测试甲", "CE", "SHI JIA", false, Variant, "romanised", "given names in two words"},
		{"测试甲", "SHIJIA", "CE", false, Variant, "romanised,order", "parts in the wrong places"},
		{"测试甲", "CESHIJIA", "", false, Variant, "spacing,romanised", "in one"},
		{"测试甲", "CESHI", "JIA", false, Variant, "spacing,romanised", "parted after the given name's first character"},
		{"测试甲", "CE", "SHIYI", false, Mismatch, "romanised", "another reading"},
		{"测试甲", "CE", "SHI", false, Mismatch, "romanised", "a character less"},
		{"测试甲", "CE", "SHIJ", true, Variant, "truncated,romanised", "cut short"},
		{"测试甲", "CE", "SHI", true, Variant, "truncated,romanised", "cut short between characters"},
		{"單试", "SHAN", "SHI", false, Variant, "romanised", "單 as a surname is SHAN, in traditional form too"},
		{"曾试", "ZENG", "SHI", false, Variant, "romanised", "曾 as a surname is ZENG"},
		{"仇试", "QIU", "SHI", false, Variant, "romanised", "仇 as a surname is QIU"},
		{"仇试", "CHOU", "SHI", false, Variant, "romanised", "and some clerks write its usual reading"},
		{"欧阳试", "OUYANG", "SHI", false, Variant, "romanised", "one surname of two characters"},
		{"歐陽试", "OUYANG", "SHI", false, Variant, "romanised", "in traditional form"},
		{"欧阳试", "OU", "YANGSHI", false, Variant, "spacing,romanised", "parted within the surname"},
		{"尉迟试", "YUCHI", "SHI", false, Variant, "romanised", "尉 in 尉迟 is YU"},
		{"万俟试", "MOQI", "SHI", false, Variant, "romanised", "万俟 is MOQI"},
		{"吕试", "LYU", "SHI", false, Variant, "romanised", "ü since 2012"},
		{"吕试", "LV", "SHI", false, Variant, "romanised", "ü before"},
		{"吕试", "LU", "SHI", false, Variant, "romanised", "ü before, elsewhere"},
		{"测䶮", "CE", "YAN", false, Variant, "romanised", "a rare character"},
		{"测\uE863", "CE", "YAN", false, Variant, "romanised", "and its private-use code point"},
		{"测试古丽·甲乙提", "JIAYITI", "CESHIGULI", false, Unreadable, "other_spelling", "pinyin does not spell Uyghur names"},
		{"测试古丽甲乙提", "ZHANG", "WEI", false, Unreadable, "other_spelling", "nor when a system dropped the dot"},
		{strings.Repeat("测", 31), "CE", "SHI", false, Unreadable, "other_spelling", "nor names of that length"},
		{"陈试", "KWOK", "SHI", false, Unreadable, "other_spelling", "Cantonese spelling"},
		{"测\U0002EBF0", "CE", "SHI", false, Unreadable, "reading_unknown", "a character without a known reading"},
		{"测A", "CE", "A", false, Unreadable, "other_script", "a name in two scripts"},
	})
}

// The surname readings of the field's handbooks that differ from the usual reading.
func TestSurnameReadings(t *testing.T) {
	for _, row := range strings.Fields("单SHAN 曾ZENG 仇QIU 区OU 乐YUE 盖GE 华HUA 任REN 查ZHA 翟ZHAI 解XIE 冼XIAN 覃QIN 覃TAN 朴PIAO 缪MIAO 繁PO 隗KUI " +
		"折SHE 黑HE 种CHONG 召SHAO 那NA 能NAI 柏BAI 郇XUN 郗XI 葛GE 过GUO 宓MI 阚KAN 莘SHEN 燕YAN 应YING 车CHE 谌CHEN 俞YU 亓QI 贠YUN 祭ZHAI 纪JI 洗XIAN") {
		r := []rune(row)
		if got := CompareMRZ(string(r[0])+"甲", string(r[1:]), "JIA", false); got.Agreement != Variant {
			t.Errorf("%s: %v", row, got)
		}
	}
}

package personname

import (
	"fmt"
	"strings"
	"testing"
)

// parse gives the reasons of their names.
func parse(t *testing.T, names string) Reasons {
	t.Helper()
	var out Reasons
	for name := range strings.FieldsFuncSeq(names, func(r rune) bool { return r == ',' }) {
		found := false
		for r := range reasonCount {
			if r.String() == name {
				out, found = out|only(r), true
			}
		}
		if !found {
			t.Fatalf("no reason is called %q", name)
		}
	}
	return out
}

type comparison struct {
	a, b   string
	want   Agreement
	reason string
	why    string
}

func check(t *testing.T, rows []comparison) {
	t.Helper()
	for _, row := range rows {
		want := Result{row.want, parse(t, row.reason)}
		if got := Compare(row.a, row.b); got != want {
			t.Errorf("Compare(%+q, %+q) = %v, want %v: %s", row.a, row.b, got, want, row.why)
		}
		if got := Compare(row.b, row.a); got != want {
			t.Errorf("Compare(%+q, %+q) = %v, want %v: it is symmetric", row.b, row.a, got, want)
		}
	}
}

// All names are invented.
func TestHanNames(t *testing.T) {
	check(t, []comparison{
		{"测试甲", "测试甲", Match, "", "the same characters"},
		{" 测试甲\u3000", "测试甲", Match, "", "spaces around a name are nobody's"},
		{"测试甲", "测试乙", Mismatch, "", "another character"},
		{"测试甲", "测试", Mismatch, "", "one character less is another name"},
		{"测 甲", "测甲", Variant, "spacing", "forms and printers put a space into names of two characters"},
		{"测\u3000甲", "测甲", Variant, "spacing", "the same with an ideographic space"},
		{"龍試", "龙试", Variant, "traditional_form", "龍 is simplified to 龙; 試 to 试"},
		{"試龍", "试龙", Variant, "traditional_form", "both"},
		{"測發", "測髮", Mismatch, "", "發 and 髮 are both simplified to 发 and are two characters"},
		{"测发", "测髮", Variant, "traditional_form", "but each may be the traditional form of 发"},
		{"测峯", "测峰", Variant, "variant_form", "峯 is 峰 with the mountain on top"},
		{"测羣", "测群", Variant, "variant_form", "羣 is 群"},
		{"吳测", "吴测", Variant, "traditional_form", "吴 is the simplified shape of 吳"},
		{"吳测", "呉测", Variant, "variant_form", "two shapes, neither is the simplified one"},
		{"戶测", "户测", Variant, "traditional_form", "户 is the simplified shape of 戶"},
		{"戸测", "户测", Variant, "traditional_form,variant_form", "a third shape, of the traditional form"},
		{"為测", "为测", Variant, "traditional_form", "Taiwan's shape of 爲, which some list as a shape of 为"},
		{"説测", "说测", Variant, "traditional_form,variant_form", "a shape of 說, which is simplified to 说"},
		{"裏测", "里测", Variant, "traditional_form,variant_form", "a shape of 裡, which is simplified to 里"},
		{"衞测", "卫测", Variant, "variant_form,traditional_form", "衞 is a shape of 衛, and that is simplified to 卫"},
		{"產测", "産测", Variant, "variant_form", "Taiwan's and Hong Kong's shape"},
		{"顏测", "顔测", Variant, "variant_form", "two shapes, each simplified to 颜"},
		{"测穎", "测頴", Variant, "variant_form", "likewise, to 颖"},
		{"测柳", "测栁", Variant, "variant_form", "a shape that the sources lack"},
		{"测喆", "测哲", Mismatch, "", "Unihan calls them variants; the 2013 table has both, 喆 for names"},
		{"测堃", "测坤", Mismatch, "", "likewise"},
		{"测昇", "测升", Mismatch, "", "likewise, although converters bring 昇 to 升"},
		{"测甦", "测苏", Mismatch, "", "likewise"},
		{"阎测", "闫测", Mismatch, "", "two surnames"},
		{"萧测", "肖测", Mismatch, "", "two surnames"},
		{"于测", "於测", Mismatch, "", "於 is a surname of its own"},
		{"测乾", "测干", Variant, "one_sense", "乾 is simplified in one of its senses, and converters do it in all"},
		{"测徵", "测征", Variant, "one_sense", "likewise"},
		{"藉测", "借测", Variant, "one_sense", "likewise"},
		{"瞭测", "了测", Variant, "one_sense", "likewise"},
		{"夥测", "伙测", Variant, "one_sense", "likewise"},
		{"麽测", "么测", Variant, "one_sense", "likewise"},
		{"麼测", "么测", Variant, "traditional_form", "but 麼 is its traditional form"},
		{"麼测", "麽测", Mismatch, "", "and both are characters of their own"},
		{"测乾", "测幹", Mismatch, "", "two characters that are both written 干"},
		{"测試乾", "测试干", Variant, "traditional_form,one_sense", "beside a traditional form"},
		{"钟测", "鍾测", Variant, "traditional_form", "鍾 is simplified to 钟 or, in names, to 锺"},
		{"锺测", "鍾测", Variant, "traditional_form", "the other one"},
		{"锺测", "钟测", Mismatch, "", "both are standard"},
		{"朮测", "術测", Mismatch, "", "朮 and 術 both became 术"},
		{"链", "炼", Mismatch, "", "鍊 is a shape of both and does not make them one"},
		{"测\uF9D1", "测六", Variant, "compatibility_form", "U+F9D1 decomposes to 六"},
		{"测\uFA19", "测神", Variant, "compatibility_form", "U+FA19 decomposes to 神"},
		{"测\uFA0E", "测\uFA0E", Match, "", "one of the twelve that are unified"},
		{"测\u2F52", "测止", Mismatch, "", "a radical for another character"},
		{"测\u2F00", "测一", Variant, "compatibility_form", "the Kangxi radical one"},
		{"测\u2EE2", "测马", Variant, "compatibility_form", "a radical of the supplement, which has no decomposition"},
		{"测\uE81E", "测\u9FB4", Variant, "private_use", "FE59 of GB 18030-2005 and of 2022"},
		{"测\uE816", "测\U00020087", Variant, "private_use", "FE51"},
		{"测\uE863", "测䶮", Variant, "private_use", "FE9F of GBK: 䶮, well known for names"},
		{"测葛\U000E0100", "测葛", Variant, "variant_form", "an ideographic variation sequence picks a shape"},
		{"测\U0002EBF0", "测\U0002EBF0", Match, "", "extension I, made for names, is younger than many tables"},
		{"测\U0002EBF0", "测\U0002EBF1", Mismatch, "", "and its characters are different"},
		{"测〇", "测〇", Match, "", "the character zero"},
	})
}

func TestMinorityNames(t *testing.T) {
	rows := []comparison{
		{"测试古丽·甲乙提", "测试古丽甲乙提", Variant, "separator", "systems drop the dot"},
		{"测试古丽 · 甲乙提", "测试古丽·甲乙提", Variant, "spacing", "typists put spaces around it"},
		{"测试古丽 甲乙提", "测试古丽·甲乙提", Variant, "spacing,separator", "or a space for it"},
		{"测试古丽·甲乙提", "测试古丽·甲乙吐", Mismatch, "", "another character"},
		{"测试古丽·甲乙提", "测试古丽", Mismatch, "", "half a name"},
		{strings.Repeat("测试甲乙丙", 5) + "·丁", strings.Repeat("测试甲乙丙", 5) + "丁", Variant, "separator", "names of 26 characters exist"},
		{"མིང་ཚབ", "མིང་ཚབ", Unreadable, "name_bad_character", "the Tibetan mark between syllables is punctuation"},
		{"سىناق", "سىناق", Match, "", "Uyghur in Arabic letters"},
		{"سىناق", "测试", Unreadable, "other_script", "no table leads from one to the other"},
	}
	for _, dot := range dots {
		if dot != '·' {
			rows = append(rows, comparison{"测试古丽·甲乙提", "测试古丽" + string(dot) + "甲乙提", Variant, "separator", "a look-alike of the middle dot"})
		}
	}
	for _, dot := range "\u318D\u1427\u02D9\u2E30\u4E36\u2F02" {
		rows = append(rows, comparison{"测试古丽·甲乙提", "测试古丽" + string(dot) + "甲乙提", Variant, "separator", "what stands on cards for the middle dot"})
	}
	check(t, append(rows, []comparison{
		{"测试丶甲乙", "测试甲乙", Variant, "separator", "a dropped dot stroke"},
		{"测试丶甲乙", "测试⼂甲乙", Variant, "separator", "its character and its radical"},
		{"测试 丶 甲乙", "测试·甲乙", Variant, "spacing,separator", "with spaces"},
		{"测丶", "测", Mismatch, "", "at the end it separates nothing: a character of the name"},
		{"测丶", "测⼂", Variant, "compatibility_form", "and its radical looks like it"},
		{"测丶丶甲", "测甲", Mismatch, "", "two of them are characters"},
	}...))
}

func TestLatinNames(t *testing.T) {
	check(t, []comparison{
		{"SPECIMEN ANNA", "SPECIMEN ANNA", Match, "", "the same letters"},
		{"Specimen Anna", "SPECIMEN ANNA", Variant, "case", "small letters"},
		{"ＳＰＥＣＩＭＥＮ", "SPECIMEN", Variant, "width", "full-width letters"},
		{"ｓpecimen", "SPECIMEN", Variant, "width,case", "both"},
		{"SPECIMEN ANNA MARIA", "ANNA MARIA SPECIMEN", Variant, "order", "surname last"},
		{"Specimen, Anna", "ANNA SPECIMEN", Variant, "order,case,separator", "surname first with its comma"},
		{"ANNA MARIA SPECIMEN", "MARIA ANNA SPECIMEN", Variant, "order", "registers disagree on which name is the middle one"},
		{"SPECIMEN ANNAMARIA", "SPECIMEN ANNA-MARIA", Variant, "separator", "hyphen"},
		{"SPECIMEN ANNA MARIA", "SPECIMEN ANNA-MARIA", Variant, "spacing,separator", "hyphen or space"},
		{"O’SPECIMEN", "OSPECIMEN", Variant, "separator", "a typographic apostrophe"},
		{"MÜSTERMANN", "MUESTERMANN", Variant, "diacritic", "Doc 9303-3 writes UE"},
		{"MÜSTERMANN", "MUSTERMANN", Variant, "diacritic", "others drop the marks"},
		{"MÜSTERMANN", "MU\u0308STERMANN", Match, "", "the same letter, decomposed"},
		{"MUESTERMANN", "MUSTERMANN", Unreadable, "other_spelling", "both are written for Ü, and nobody knows whether there was one"},
		{"Anna Muestermann", "MUSTERMANN ANNA", Unreadable, "other_spelling", "in another order"},
		{"MÜSTER JOERG", "MUESTER JORG", Unreadable, "other_spelling", "beside a letter that shows"},
		{"XU SHI", "XUE SHI", Mismatch, "", "in pinyin they are two syllables"},
		{"MUESTERMANN", "MUSTERFRAU", Mismatch, "", "and the rest is compared"},
		{"ﬁona", "FIONA", Variant, "case,diacritic", "a ligature"},
		{"ǅem Specimen", "DZEM SPECIMEN", Variant, "case,diacritic", "a digraph"},
		{"ǅEM", "DŽEM", Variant, "case,diacritic", "a digraph and its letters"},
		{"Lǚ Shi", "LYU SHI", Variant, "case,diacritic", "a tone mark on a letter with a rule"},
		{"ǼBE", "AEBE", Variant, "diacritic", "an accent on a letter with a rule"},
		{"MÜSTERMÄNN", "MUESTERMÄNN", Variant, "diacritic", "letters with marks on both sides"},
		{"PRØBE", "PROEBE", Variant, "diacritic", "Ø"},
		{"PRÅBE", "PRAABE", Variant, "diacritic", "Å"},
		{"Þorsteinspróf", "THORSTEINSPROF", Variant, "case,diacritic", "Þ and an accent"},
		{"MUẞTER", "MUSSTER", Variant, "diacritic", "ß"},
		{"SPECIMEN", "SPECIMENT", Mismatch, "", "another letter"},
		{"SPECIMEN ANNA MARIA", "SPECIMEN ANNA", Mismatch, "", "a name less"},
		{"Émile", "émile", Variant, "case", "a small letter with a mark"},
		{"Özil Mesut", "özil Mesut", Variant, "case", "one small letter, which has a spelling of its own"},
		{"æ", "Æ", Variant, "case", "a ligature"},
		{"Ş", "ş", Variant, "case", "a cedilla"},
		{"ẞ", "ß", Variant, "diacritic", "the two meet in SS only"},
		{"yıldız", "yildiz", Variant, "diacritic", "a dotless i is no capital"},
		{"ıspec", "Ispec", Variant, "case", "although its capital is I"},
		{"Þor", "Thor", Variant, "diacritic", "the second letter of a spelling is small or not"},
		{"ÞOR", "THOR", Variant, "diacritic", "as its neighbours are"},
		{"STRAß", "STRASS", Variant, "diacritic", "ß stands among capitals too"},
		{"Þor", "thor", Variant, "case,diacritic", "but not the first"},
		{"ü", "UE", Variant, "case,diacritic", "both differ"},
		{"Ɗan Specimen", "Dan Specimen", Variant, "diacritic", "Hausa's hooked letters"},
		{"ʿAlī Specimen", "Ali Specimen", Variant, "separator,diacritic", "the romanised ayn is dropped"},
		{"ǃQARE", "QARE", Unreadable, "other_spelling", "nobody knows what is written for a click, in a zone or out of it"},
		{"ǃQARE", "ǃqare", Variant, "case", "but the rest can be told"},
		{"ОБРАЗЕЦ", "Образец", Variant, "case", "Cyrillic with Cyrillic"},
		{"ОБРАЗЕЦ", "OBRAZETS", Unreadable, "other_script", "Cyrillic with Latin"},
		{"SPECIMEN \U0001D400", "SPECIMEN A", Unreadable, "other_spelling", "mathematical letters are not folded"},
		{"SPECI\u043CEN", "SPECIMEN", Unreadable, "other_spelling", "a Cyrillic letter within"},
	})
}

func TestWhereWordsEnd(t *testing.T) {
	check(t, []comparison{
		{"XIAN SHI", "XI AN SHI", Variant, "spacing", "one side is parted further"},
		{"XIAN", "XI'AN", Variant, "separator", "an apostrophe parts no words"},
		{"XI AN", "XI'AN", Variant, "spacing,separator", "and none contradicts it"},
		{"FANG AN", "FAN GAN", Mismatch, "", "another surname"},
		{"LI MING", "LIM ING", Mismatch, "", "another surname"},
		{"WANG AN", "WAN GAN", Mismatch, "", "another surname"},
		{"JOHN SPECIMEN", "JOHNS PECIMEN", Mismatch, "", "another surname"},
		{"AN FANG", "FAN GAN", Mismatch, "", "in another order too"},
		{"FANG-AN", "FAN GAN", Mismatch, "", "a hyphen parts as a space does"},
		{"FANG-AN", "FAN-GAN", Mismatch, "", "or two"},
		{"Mu ller", "MÜL LER", Mismatch, "", "with a letter that has a rule"},
		{"Mu eller", "MÜLLER", Variant, "spacing,case,diacritic", "even within its spelling"},
		{"ANNA-MARIA VANDER SPEC", "ANNAMARIA VAN DER SPEC", Unreadable, "other_spelling", "the words end alike somewhere, and each side is parted further in one place"},
		{"ОБРА ЗЕЦ", "ОБР АЗЕЦ", Mismatch, "", "other alphabets too"},
	})
}

func TestWordOrder(t *testing.T) {
	check(t, []comparison{
		{"Nguyen Van An", "AN VAN NGUYEN", Variant, "order,case", "the middle name stays in the middle"},
		{"NGUYEN THI VAN AN", "AN THI VAN NGUYEN", Variant, "order", "four words in any order"},
		{"NGUYEN VAN AN", "AN VAN NGUY EN", Variant, "spacing,order", "parted further"},
		{"NGUYEN VAN AN", "AN VAN PHAM", Mismatch, "", "another word"},
		{"A B C D E", "C D E A B", Variant, "order", "more words: the last ones first"},
		{"ANNA MARIA VAN DER SPEC", "VANDERSPEC MARIA ANNA", Variant, "spacing,order", "the side with few words in any order"},
		{"A B C D E", "E D C B A", Mismatch, "", "and no other order"},
	})
}

func TestOtherAlphabets(t *testing.T) {
	check(t, []comparison{
		{"Образцов Фёдор", "Образцов Федор", Variant, "diacritic", "Russian prints ё as е"},
		{"Образцов Андрей", "Образцов Андреи", Mismatch, "", "but й is a letter of its own"},
		{"Образцов Иван", "Иван Образцов", Variant, "order", "surname last"},
		{"Образцов Иван", "Пётр Образцов", Mismatch, "", "another name"},
		{"Δείγμας", "ΔΕΙΓΜΑΣ", Variant, "case,diacritic", "Greek capitals have no accents"},
		{"Նմուշ", "ՆՄՈՒՇ", Variant, "case", "Armenian capitals"},
		{"عَيِّنَة", "عينة", Variant, "diacritic", "Arabic is written with vowel signs or without"},
		{"عيـنة", "عينة", Variant, "diacritic", "or drawn out"},
		{"عينة", "عين", Mismatch, "", "another letter more"},
		{"דֻּגְמָה", "דגמה", Variant, "diacritic", "Hebrew points"},
	})
}

// Identity cards of autonomous areas have the name in two scripts, those of Hong Kong and Macao too.
func TestNamesThatAreInTwoScripts(t *testing.T) {
	check(t, []comparison{
		{"测试古丽 سىناق", "测试古丽", Unreadable, "other_script", "a card's two names and one of them"},
		{"测试甲 CE SHIJIA", "测试甲", Unreadable, "other_script", "the same with Latin letters"},
		{"测试甲 CE SHIJIA", "CE SHIJIA", Unreadable, "other_script", "the other half"},
		{"测XX", "测试甲", Unreadable, "other_script", "a mask of letters"},
		{"测试甲 CE SHIJIA", "测试甲 ce shijia", Variant, "case", "two scripts on both sides can be told"},
		{"测试甲 CE SHIJIA", "测试乙 CE SHIYI", Mismatch, "", "and here are two names"},
	})
}

func TestNamesInTwoScripts(t *testing.T) {
	check(t, []comparison{
		{"测试甲", "CE SHIJIA", Variant, "romanised", "surname first"},
		{"测试甲", "Shijia Ce", Variant, "romanised,order", "surname last"},
		{"测试甲", "Cè Shìjiǎ", Variant, "romanised", "with tone marks"},
		{"吕试", "Lǚ Shì", Variant, "romanised", "u with diaeresis"},
		{"测试甲", "CE SHIYI", Mismatch, "romanised", "another reading"},
		{"测试甲", "MARK SPECIMEN", Unreadable, "other_spelling", "a foreigner's Chinese name says nothing of the Latin one"},
		{"测试甲", "Œ", Unreadable, "other_spelling", "no letters of pinyin"},
	})
}

func TestUnreadableNeverAccuses(t *testing.T) {
	for _, row := range []struct{ name, reason, why string }{
		{"", "name_empty", "nothing"},
		{" \u3000", "name_empty", "spaces"},
		{"··", "name_empty", "separators"},
		{"测\uFFFD", "placeholder", "the replacement character"},
		{"测?", "placeholder", "what lossy encoders write"},
		{"测？", "placeholder", "the same, full-width"},
		{"测□", "placeholder", "what recognisers write"},
		{"测〓", "placeholder", "the geta mark"},
		{"测**", "placeholder", "a mask"},
		{"测\uE000", "private_use_unmapped", "a character of somebody's own font"},
		{"测\U000F0000", "private_use_unmapped", "the same in plane 15"},
		{"测\u202E甲", "name_bad_character", "direction override"},
		{"测\u200B甲", "name_bad_character", "zero-width space"},
		{"测\x00", "name_bad_character", "control"},
		{"测\n甲", "name_bad_character", "a line break within"},
		{"测3", "name_bad_character", "a digit"},
		{"\u0301测", "name_bad_character", "a mark on nothing"},
		{"A\uFE00", "name_bad_character", "a variation selector on a letter"},
		{"\u3164\u3164", "name_bad_character", "a letter that shows nothing"},
		{"\u2E80", "name_bad_character", "a radical that looks like no character"},
		{"测\xff", "name_not_utf8", "no text"},
		{strings.Repeat("测", MaxBytes/3+1), "name_too_long", "257 bytes and more"},
	} {
		want := Result{Unreadable, parse(t, row.reason)}
		for _, other := range []string{"测试甲", "SPECIMEN", row.name} {
			if got := Compare(row.name, other); got != want {
				t.Errorf("Compare(%+q, %q) = %v, want %v: %s", row.name, other, got, want, row.why)
			}
		}
		if got, ok := Canonical(row.name); ok || got != "" {
			t.Errorf("Canonical(%+q) = %q: %s", row.name, got, row.why)
		}
		if got := CompareMRZ(row.name, "SPECIMEN", "ANNA", false); got != want {
			t.Errorf("CompareMRZ(%+q) = %v, want %v: %s", row.name, got, want, row.why)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, row := range []struct{ in, want, why string }{
		{"\t测试甲 \n", "测试甲", "spaces around"},
		{"测 试\u3000甲", "测试甲", "spaces between Han characters"},
		{"測龍", "測龍", "traditional forms are the person's"},
		{"测峯", "测峯", "and so are shapes"},
		{"测试。甲", "测试·甲", "a look-alike of the middle dot"},
		{"测试 ・ 甲", "测试·甲", "with spaces"},
		{"测试··甲", "测试·甲", "once"},
		{"测试 丶甲", "测试·甲", "the dot stroke for it"},
		{"测试⼂甲", "测试·甲", "and its radical"},
		{"测丶", "测丶", "a character of the name"},
		{"测试甲·", "测试甲", "one at the end separates nothing"},
		{"测试-甲", "测试-甲", "a hyphen is not a look-alike: an authority will say what it thinks"},
		{"测\uE81E", "测\u9FB4", "private use"},
		{"测\uFA19\U000E0100", "测神", "compatibility form, variation selector"},
		{"ｓｐｅｃｉｍｅｎ\u3000anna", "SPECIMEN ANNA", "full-width Latin, small letters, ideographic space"},
		{"Specimen   Anna", "SPECIMEN ANNA", "one space"},
		{"J. Specimen Jr.", "J. SPECIMEN JR.", "stops of abbreviations stay"},
		{"O’Specimen", "O'SPECIMEN", "one apostrophe"},
		{"Anna‑Maria", "ANNA-MARIA", "one hyphen"},
		{"'t Specimen", "'T SPECIMEN", "an apostrophe in front"},
		{"Mu\u0308ster", "MÜSTER", "NFC"},
		{"约翰·J.测", "约翰·J·测", "a dot beside a Han character"},
	} {
		got, ok := Canonical(row.in)
		if !ok || got != row.want {
			t.Errorf("Canonical(%+q) = %+q, %v; want %+q: %s", row.in, got, ok, row.want, row.why)
		}
	}
	if _, ok := Canonical(strings.Repeat("\uFA6C", MaxBytes/3)); ok {
		t.Error("a writing that grows beyond the limit would not be readable again")
	}
}

func TestResultsHoldCodesOnly(t *testing.T) {
	r := Compare("测 试", "测试")
	for _, got := range []string{r.String(), fmt.Sprintf("%v", r), fmt.Sprintf("%+v", r)} {
		if got != "variant spacing" {
			t.Errorf("printed %q", got)
		}
	}
	if text, err := r.MarshalText(); err != nil || string(text) != "variant spacing" {
		t.Errorf("marshalled %q, %v", text, err)
	}
	if got := Compare("测试", "测试").String(); got != "match" {
		t.Errorf("printed %q", got)
	}
	if (Result{}).Agreement != Unreadable {
		t.Error("a result that nobody filled must not say anything")
	}
	seen := map[string]bool{}
	for r := range reasonCount {
		if name := r.String(); name == "" || seen[name] {
			t.Errorf("reason %d has the name %q", r, name)
		}
		seen[r.String()] = true
	}
}

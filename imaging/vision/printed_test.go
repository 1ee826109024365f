//go:build vision

package vision

import "testing"

func TestPrintedBirthsAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"1966年4月20日": "1966-04-20", "19660420": "1966-04-20", "1966年12月1日": "1966-12-01",
		"1966年4月": "", "1966年2月30日": "", "196年4月20日": "", "": "", "1966年4月20日1": "",
	} {
		if got := dateOf(spelled(text, 1).glyphs); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestNationsAreOfTheList(t *testing.T) {
	if len(nations) != 61 {
		t.Errorf("%d nations, want 56 and five other prints", len(nations))
	}
	for read, want := range map[string]string{
		"汉": "汉", "民族汉": "汉", "维吾示": "维吾尔", "哈萨克": "哈萨克", "仅": "", "回族": "", "穿青人": "穿青人", "": "",
	} {
		if got := nationOf(read); got != want {
			t.Errorf("%q: %q, want %q", read, got, want)
		}
	}
}

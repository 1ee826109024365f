package personname

import (
	"strings"
	"testing"
)

// The last rows are the worst that a stranger can send.
func BenchmarkCompare(b *testing.B) {
	for _, row := range []struct{ name, a, b string }{
		{"same", "测试甲", "测试甲"},
		{"traditional", "測試龍", "测试龙"},
		{"latin_order", "ANNA MARIA SPECIMEN", "SPECIMEN ANNA MARIA"},
		{"romanised", "测试甲", "CE SHIJIA"},
		{"hostile_marks", strings.Repeat("Ü", 120) + "A", strings.Repeat("Ü", 120) + "B"},
		{"hostile_words", strings.Repeat(strings.Repeat("Ü", 10)+" ", 12), strings.Repeat(strings.Repeat("UE", 10)+" ", 12)[1:]},
		{"hostile_pinyin", strings.Repeat("一", 30), strings.Repeat("YI", 28) + " " + strings.Repeat("YI", 60)},
	} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Compare(row.a, row.b)
			}
		})
	}
}

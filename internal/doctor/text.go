package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// texts are what a person reads, in one language.
type texts struct {
	groups map[string]string
	states map[State]string
	names  map[string]string
	needs  string // before the version wanted
	good   string
	bad    string // with the number of things to mend
}

var english = texts{
	groups: map[string]string{"build": "to build", "demo": "for the demo", "test": "for the tests", "run": "to run", "machine": "machine"},
	states: map[State]string{Missing: "missing", TooOld: "too old", Altered: "not the pinned content", Broken: "not usable", Low: "low"},
	needs:  "wants",
	good:   "Everything needed is here.",
	bad:    "To mend: %d. `make setup` installs everything that is missing; `make build` builds the programs.",
}

var chinese = texts{
	groups: map[string]string{"build": "构建", "demo": "演示", "test": "测试", "run": "运行", "machine": "机器"},
	states: map[State]string{Missing: "缺失", TooOld: "版本过旧", Altered: "内容与锁定文件不符", Broken: "无法使用", Low: "偏低"},
	names:  map[string]string{"CJK-font": "中文字体", "OCR-B-font": "OCR-B 字体", "disk": "可用磁盘", "memory": "内存"},
	needs:  "需要",
	good:   "所需各项均已就绪。",
	bad:    "待处理：%d 项。`make setup` 安装缺失的部分；`make build` 构建程序。",
}

func textsIn(language string) texts {
	if language == "zh-CN" {
		return chinese
	}
	return english
}

var marks = map[State]string{Present: "✓", Low: "!"}

func (r Report) write(w io.Writer, t texts) error {
	var b strings.Builder
	group, mend := "", 0
	for _, f := range r.Findings {
		if f.For != group {
			group = f.For
			fmt.Fprintf(&b, "%s\n", t.groups[group])
		}
		mark, ok := marks[f.State]
		if !ok {
			mark = "✗"
			mend++
		}
		name := f.Name
		if t.names[name] != "" {
			name = t.names[name]
		}
		line := fmt.Sprintf("  %s %s %s %s", mark, pad(name, 20), pad(t.detail(f), 34), f.Mend)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	if mend == 0 {
		fmt.Fprintln(&b, t.good)
	} else {
		fmt.Fprintf(&b, t.bad+"\n", mend)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// detail is what was found and, unless all is well, what is wrong with it and what was wanted.
func (t texts) detail(f Finding) string {
	parts := []string{}
	if f.Found != "" {
		parts = append(parts, f.Found)
	}
	if f.State != Present {
		parts = append(parts, t.states[f.State])
		if f.Wanted != "" {
			parts = append(parts, "("+t.needs+" "+f.Wanted+")")
		}
	}
	return strings.Join(parts, " ")
}

// pad fills s up to n columns of a terminal, where a Chinese character takes two.
func pad(s string, n int) string {
	columns := 0
	for _, r := range s {
		columns++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			columns++
		}
	}
	if columns >= n || !utf8.ValidString(s) {
		return s
	}
	return s + strings.Repeat(" ", n-columns)
}

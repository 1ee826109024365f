package main

import "strings"

// language chooses among the languages of catalogue: --lang decides, then the locale.
func language(args []string, env func(string) string) string {
	chosen := ""
	for i, a := range args {
		if a == "--lang" && i+1 < len(args) {
			chosen = args[i+1]
		} else if v, ok := strings.CutPrefix(a, "--lang="); ok {
			chosen = v
		}
	}
	if _, ok := catalogue[chosen]; ok {
		return chosen
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return "zh-CN"
			}
			break
		}
	}
	return "en"
}

// catalogue holds every text, by language; h_ are of the help, k_ the kinds of package receipt.
var catalogue = map[string]map[string]string{"en": english, "zh-CN": chinese}

package main

import (
	"fmt"
	"strings"
	"sync"

	"github.com/guanguans/id-validator/data"
)

const (
	firstList = 1980 // the ministry's first list
	// secondList is the next list that the peer read: its "since 1982" may be 1981.
	secondList = 1982
	// districtCodes is the year from which the standard's edition of 1984 gave codes to the districts of ordinary cities.
	districtCodes = 1983
	// cityCodes and peerCityCodes are the years in which county-level cities left the codes xx90xx of their provinces for
	// those of a prefecture: in the ministry's lists and in the peer's data.
	cityCodes, peerCityCodes = 1990, 1995
	cityHost                 = 90
)

// timeline is a code of the peer with its periods: keys address, start_year, end_year.
type timeline struct {
	code    uint32
	periods []map[string]string
}

// timelines gives all of the peer's codes in ascending order. Every question to the peer builds the map of a whole province,
// so a prefecture is asked for its own code and its first county's before the other 98.
var timelines = sync.OnceValue(func() []timeline {
	var all []timeline
	for prefecture := uint32(110000); prefecture <= 830000; prefecture += 100 {
		if len(data.GetAddressCodeTimeline(prefecture)) == 0 && len(data.GetAddressCodeTimeline(prefecture+1)) == 0 {
			continue
		}
		for code := prefecture; code < prefecture+100; code++ {
			if periods := data.GetAddressCodeTimeline(code); len(periods) > 0 {
				all = append(all, timeline{code, periods})
			}
		}
	}
	return all
})

// fromPeer reads the peer's codes into the years of the ministry's lists.
func fromPeer(all []timeline) (divisions, error) {
	d := divisions{}
	for _, t := range all {
		for _, p := range t.periods {
			if t.code%100 == 0 && placeholder(p["address"]) || p["start_year"] == "未曾使用" {
				continue // a heading of the standard, and a code that was never used
			}
			read, err := readPeriod(t.code, p)
			if err != nil {
				return nil, err
			}
			d[t.code] = append(d[t.code], read)
		}
	}
	d.moveCities()
	return d, nil
}

// placeholder tells the names under which the standard groups what belongs to no prefecture.
func placeholder(name string) bool {
	return name == "市辖区" || name == "县" || name == "市" || name == "林区" ||
		strings.HasPrefix(name, "省直辖") || strings.HasPrefix(name, "自治区直辖")
}

func readPeriod(code uint32, p map[string]string) (period, error) {
	out := period{name: p["address"]}
	var err error
	if out.from, err = parseYear(p["start_year"]); err == nil {
		out.to, err = parseYear(p["end_year"])
	}
	if err != nil {
		return out, fmt.Errorf("code %d: %w", code, err)
	}
	if out.to != 0 {
		out.to++ // the peer's last year is the last list with the code: the change came in the year after
	}
	if aggregate(code, out.name) {
		return out, nil
	}
	switch {
	case out.from == 0:
		out.from = firstList
	case out.from == secondList:
		out.from = firstList + 1
	}
	if ordinaryDistrict(code) && out.from < districtCodes && (out.to == 0 || out.to > districtCodes) {
		out.from = districtCodes
	}
	return out, nil
}

// aggregate tells the standard's codes for all districts of a city, which are in no list of the ministry.
func aggregate(code uint32, name string) bool {
	return code%100 == 1 && name == "市辖区" || code%100 == 20 && name == "市区"
}

// ordinaryDistrict tells the codes of districts of cities other than Beijing, Tianjin and Shanghai.
func ordinaryDistrict(code uint32) bool {
	province, prefecture, county := code/10000, code/100%100, code%100
	return province != 11 && province != 12 && province != 31 && prefecture >= 1 && prefecture <= 20 && county >= 2 && county <= 19
}

// moveCities ends in 1990 the codes xx90xx of cities that already had one, and begins the code under the prefecture in
// that year or when the city was made.
func (d divisions) moveCities() {
	type city struct {
		province uint32
		name     string
	}
	made := map[city]int{}
	for code, periods := range d {
		for i, p := range periods {
			if code/100%100 != cityHost || p.to != peerCityCodes {
				continue
			}
			key := city{code / 10000, p.name}
			if known, ok := made[key]; !ok || p.from < known {
				made[key] = p.from
			}
			if p.from < cityCodes {
				periods[i].to = cityCodes
			}
		}
	}
	for code, periods := range d {
		for i, p := range periods {
			if from, ok := made[city{code / 10000, p.name}]; ok && code/100%100 != cityHost && p.from == peerCityCodes {
				periods[i].from = max(cityCodes, from)
			}
		}
	}
}

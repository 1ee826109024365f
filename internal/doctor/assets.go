package doctor

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"realname/deploy"
)

// servingFolders of the assets are read by the imaging worker; the others hold test pictures and licences.
var servingFolders = map[string]bool{"onnxruntime": true, "ocr": true}

// lookAtAssets reports each folder of the pinned files as one finding, named after its package.
func lookAtAssets(dir string, lock deploy.Lock, servingOnly bool) []Finding {
	var (
		out   []Finding
		index = map[string]int{}
		total = map[string]int{}
		right = map[string]int{}
	)
	for _, p := range lock.For(runtime.GOARCH).Packages {
		for _, f := range p.Files {
			folder, _, _ := strings.Cut(f.Path, "/")
			if servingOnly && !servingFolders[folder] {
				continue
			}
			if _, seen := index[folder]; !seen {
				index[folder] = len(out)
				out = append(out, Finding{For: "demo", Name: filepath.Base(dir) + "/" + folder, State: Present})
				if servingFolders[folder] {
					out[len(out)-1].For, out[len(out)-1].Found = "run", p.Name+" "+p.Version+" "
				}
			}
			finding := &out[index[folder]]
			total[folder]++
			switch state, err := deploy.Look(filepath.Join(dir, filepath.FromSlash(f.Path)), f.Digest); {
			case err != nil:
				finding.State = Broken
			case state == deploy.Present:
				right[folder]++
			case state == deploy.Altered && finding.State != Broken:
				finding.State = Altered
			case finding.State == Present:
				finding.State = Missing
			}
		}
	}
	for folder, i := range index {
		out[i].Found += fmt.Sprintf("%d/%d", right[folder], total[folder])
		if out[i].State != Present {
			out[i].Mend = "make setup"
		}
	}
	if len(out) == 0 {
		// No pinned build of the run time exists for this processor.
		out = append(out, Finding{For: "run", Name: runtime.GOARCH, State: Missing})
	}
	return out
}

package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	gigabyte     = 1e9
	adviseDisk   = 4 * gigabyte // a cold build's caches and OpenCV
	adviseMemory = 2 * gigabyte // the gateway and two imaging workers
)

// lookAtMachine reports free disk where the assets lie, and memory. Too little of either only warns.
func lookAtMachine(assets string) []Finding {
	var out []Finding
	dir := assets
	for !isDir(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) == nil {
		out = append(out, amount("disk", float64(fs.Bavail)*float64(fs.Bsize), adviseDisk))
	}
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) == nil {
		out = append(out, amount("memory", float64(info.Totalram)*float64(info.Unit), adviseMemory))
	}
	return out
}

func amount(name string, have, advised float64) Finding {
	f := Finding{For: "machine", Name: name, State: Present, Found: gigabytes(have), Wanted: gigabytes(advised)}
	if have < advised {
		f.State = Low
	}
	return f
}

func gigabytes(n float64) string { return fmt.Sprintf("%.1f GB", n/gigabyte) }

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

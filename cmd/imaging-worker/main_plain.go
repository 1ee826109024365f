//go:build !vision

// Command imaging-worker, built without the vision tag, only says how to build it.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprint(os.Stderr, `imaging-worker: this binary was built without OpenCV and cannot check photos.
Build it with 'make build', which installs what is missing, or on a machine that has OpenCV with

  go build -tags 'vision gocv_specific_modules gocv_features2d gocv_calib3d gocv_photo' ./cmd/imaging-worker
`)
	os.Exit(2)
}

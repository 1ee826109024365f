package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"realname/internal/doctor"
)

type doctorCmd struct {
	JSON    bool   `name:"json" help:"Print JSON."`
	Runtime bool   `help:"Look only at what serving needs."`
	Assets  string `help:"Folder that set-up fills." env:"REALNAME_ASSETS" type:"path"`
	Lang    string `help:"Language of the report: en or zh-CN. Default: from LANG."`
}

// Run prints the report; anything missing, too old or altered is an error.
func (c *doctorCmd) Run(ctx context.Context, k *kong.Context) error {
	lang := c.Lang
	if lang == "" && strings.HasPrefix(os.Getenv("LANG"), "zh") {
		lang = "zh-CN"
	}
	ok, err := doctor.Run(ctx, k.Stdout, doctor.Options{Assets: c.Assets, Runtime: c.Runtime, JSON: c.JSON, Language: lang})
	if err == nil && !ok {
		err = errors.New("something is not as it must be; the report says what mends it")
	}
	return err
}

package main

import (
	"os"
	"strings"
	"testing"

	"realname/internal/sqlstore/storetest"
)

// childArguments makes a copy of the test binary be the command with these arguments, one a line: for what is killed.
const childArguments = "REALNAME_CMD_CHILD"

func TestMain(m *testing.M) {
	if arguments := os.Getenv(childArguments); arguments != "" {
		os.Args = append(os.Args[:1], strings.Split(arguments, "\n")...)
		main()
		os.Exit(0)
	}
	code := m.Run()
	storetest.Stop()
	os.Exit(code)
}

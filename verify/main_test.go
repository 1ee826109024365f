package verify_test

import (
	"os"
	"testing"

	"realname/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	storetest.Stop()
	os.Exit(code)
}

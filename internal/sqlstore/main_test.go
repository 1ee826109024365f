package sqlstore_test

import (
	"os"
	"testing"

	"realname/internal/sqlstore/storetest"
)

func TestMain(m *testing.M) {
	if dsn := os.Getenv(childDSN); dsn != "" {
		writeForever(dsn)
	}
	code := m.Run()
	storetest.Stop()
	os.Exit(code)
}

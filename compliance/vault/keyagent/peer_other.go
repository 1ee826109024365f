//go:build !linux

package keyagent

import "net"

// sameUser leaves it to the socket's mode.
func sameUser(net.Conn) error { return nil }

package keyagent

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// sameUser refuses a peer of another user than root and that of this process.
func sameUser(conn net.Conn) error {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return errors.New("keyagent: not a unix socket")
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return fmt.Errorf("keyagent: %w", err)
	}
	var peer *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) { peer, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) }); err != nil || failed != nil {
		return fmt.Errorf("keyagent: who is the peer: %w", errors.Join(err, failed))
	}
	return admitted(int(peer.Uid), os.Geteuid())
}

func admitted(peer, own int) error {
	if peer != 0 && peer != own {
		return fmt.Errorf("keyagent: a process of user %d was refused", peer)
	}
	return nil
}

package keyagent

import "testing"

func TestTheAgentsUserAndRootAreAdmitted(t *testing.T) {
	for peer, want := range map[int]bool{0: true, 7: true, 8: false} {
		if err := admitted(peer, 7); (err == nil) != want {
			t.Errorf("user %d: %v", peer, err)
		}
	}
}

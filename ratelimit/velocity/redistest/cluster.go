package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	goredis "github.com/redis/go-redis/v9"
)

const slots = 16384

// Cluster is three masters, each with a replica.
type Cluster struct {
	Servers []*Server // the masters as they were at the start, then their replicas in the same order
	t       testing.TB
}

// StartCluster starts a Cluster whose masters have a third of the slots each.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t}
	ports := make([][2]int, 6)
	for i := range ports {
		ports[i] = [2]int{freePort(t), freePort(t)}
		s := prepare(t, ports[i][0], []string{
			"--port", strconv.Itoa(ports[i][0]), "--cluster-port", strconv.Itoa(ports[i][1]), "--bind", "127.0.0.1", "--save", "",
			"--appendonly", "no", "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0",
		})
		s.Restart()
		c.Servers = append(c.Servers, s)
	}
	for i, s := range c.Servers {
		s.do("CLUSTER", "SET-CONFIG-EPOCH", i+1)
		if i < 3 {
			s.do("CLUSTER", "ADDSLOTSRANGE", i*slots/3, (i+1)*slots/3-1)
		}
		if i > 0 {
			s.do("CLUSTER", "MEET", "127.0.0.1", ports[0][0], ports[0][1])
		}
	}
	Eventually(t, "the nodes know each other", func() error { return c.each("cluster_known_nodes:6") })
	for i := range 3 {
		replica, master := c.Servers[3+i], c.Servers[i].id()
		Eventually(t, "a replica finds its master", func() error {
			return replica.Client.ClusterReplicate(context.Background(), master).Err()
		})
	}
	c.Healthy()
	return c
}

func (s *Server) id() string {
	s.t.Helper()
	return s.do("CLUSTER", "MYID").Val().(string)
}

func (c *Cluster) each(line string) error {
	for _, s := range c.Servers {
		if s.cmd == nil {
			continue
		}
		text, err := s.Client.ClusterInfo(context.Background()).Result()
		if err != nil {
			return err
		}
		if !strings.Contains(text, line) {
			return errors.New(s.Addr + ": " + text)
		}
	}
	return nil
}

// Healthy waits until all nodes say that all slots are served and each running replica follows its master.
func (c *Cluster) Healthy() {
	c.t.Helper()
	Eventually(c.t, "the cluster is up", func() error {
		masters := 0
		for _, s := range c.Servers {
			if s.cmd == nil {
				continue
			}
			text, err := s.Client.Info(context.Background(), "replication").Result()
			if err != nil {
				return err
			}
			if strings.Contains(text, "role:master") {
				masters++
			} else if !strings.Contains(text, "master_link_status:up") {
				return errors.New("a replica has no link")
			}
		}
		if masters != 3 {
			return fmt.Errorf("%d masters", masters)
		}
		return c.each("cluster_state:ok")
	})
}

// Addrs are the addresses of all nodes.
func (c *Cluster) Addrs() []string { return addresses(c.Servers) }

// Master is the master that has a slot.
func (c *Cluster) Master(slot int) *Server {
	c.t.Helper()
	var found *Server
	Eventually(c.t, "a master of the slot", func() error {
		for _, s := range c.Servers {
			if s.cmd == nil {
				continue
			}
			if owner, err := s.owner(slot); err == nil && owner == s.id() {
				found = s
				return nil
			}
		}
		return errors.New("none")
	})
	return found
}

// Flush deletes all keys of all masters.
func (c *Cluster) Flush() {
	c.t.Helper()
	for i := range 3 {
		c.Master(i * slots / 3).Flush()
	}
}

// Failover has the replica of the i-th third of the slots take over, without loss.
func (c *Cluster) Failover(i int) {
	c.t.Helper()
	was := c.Master(i * slots / 3)
	for _, s := range c.Servers {
		text, err := s.Client.Info(context.Background(), "replication").Result()
		_, port, _ := net.SplitHostPort(was.Addr)
		if err == nil && strings.Contains(text, "master_port:"+port+"\r\n") {
			s.do("CLUSTER", "FAILOVER")
			Eventually(c.t, "the replica took over", func() error {
				if c.Master(i*slots/3) != s {
					return errors.New("not yet")
				}
				return nil
			})
			c.Healthy()
			return
		}
	}
	c.t.Fatal("no replica")
}

// KillMaster kills the master of the i-th third of the slots and waits until its replica took over.
func (c *Cluster) KillMaster(i int) *Server {
	c.t.Helper()
	was := c.Master(i * slots / 3)
	was.Kill()
	Eventually(c.t, "the replica took over", func() error {
		if c.Master(i*slots/3) == was {
			return errors.New("not yet")
		}
		return c.each("cluster_state:ok")
	})
	return was
}

// Reshard moves the slots from to up to but not to end to the master that has slot target, key by key.
func (c *Cluster) Reshard(from, end, target int) {
	c.t.Helper()
	ctx := context.Background()
	to := c.Master(target)
	host, port, _ := net.SplitHostPort(to.Addr)
	for slot := from; slot < end; slot++ {
		source := c.Master(slot)
		if source == to {
			continue
		}
		to.do("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id())
		source.do("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id())
		for {
			keys, err := source.Client.ClusterGetKeysInSlot(ctx, slot, 100).Result()
			if err != nil {
				c.t.Fatal(err)
			}
			if len(keys) == 0 {
				break
			}
			args := []any{"MIGRATE", host, port, "", 0, 5000, "KEYS"}
			for _, k := range keys {
				args = append(args, k)
			}
			// A key may have expired meanwhile: NOKEY is no error.
			if err := source.Client.Do(ctx, args...).Err(); err != nil && !errors.Is(err, goredis.Nil) {
				c.t.Fatal(err)
			}
		}
		to.do("CLUSTER", "SETSLOT", slot, "NODE", to.id())
		Eventually(c.t, "the slot has moved", func() error { return c.settle(slot, to) })
	}
	Eventually(c.t, "the slots stay where they moved", func() error {
		for slot := from; slot < end; slot++ {
			if err := c.settle(slot, to); err != nil {
				return err
			}
		}
		return nil
	})
}

// settle tells the slot's new owner to every master that names another.
// Of two masters that took an epoch at the same time one gets a later one, and who still knows the old owner, or hears of it in
// a late ping, has the new one give the slot up: then nobody serves it.
func (c *Cluster) settle(slot int, to *Server) error {
	disagree := 0
	for _, s := range c.Servers {
		if !s.master() {
			continue
		}
		owner, err := s.owner(slot)
		if err != nil {
			return err
		}
		if owner == to.id() {
			continue
		}
		disagree++
		if err := s.Client.Do(context.Background(), "CLUSTER", "SETSLOT", slot, "NODE", to.id()).Err(); err != nil {
			return err
		}
	}
	if disagree > 0 {
		return fmt.Errorf("%d masters named another owner", disagree)
	}
	return nil
}

// owner is the id of the node that a server takes for a slot's master, empty when it knows none.
func (s *Server) owner(slot int) (string, error) {
	ranges, err := s.Client.ClusterSlots(context.Background()).Result() //nolint:staticcheck // short, and each node's own view
	if err != nil {
		return "", err
	}
	for _, r := range ranges {
		if r.Start <= slot && slot <= r.End && len(r.Nodes) > 0 {
			return r.Nodes[0].ID, nil
		}
	}
	return "", nil
}

func (s *Server) master() bool {
	if s.cmd == nil {
		return false
	}
	text, err := s.Client.Info(context.Background(), "replication").Result()
	return err == nil && strings.Contains(text, "role:master")
}

package onetime_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/pecete/pecete/internal/proctest"
	"github.com/pecete/pecete/onetime"
)

// A master that is demoted, filled from a replica that had not heard of a spend,
// and promoted again, is another run, though its process and our connections
// are the same: what was spent stays spent.
func TestAPromotedServerIsAnotherRun(t *testing.T) {
	ctx := t.Context()
	a, b := proctest.Redis(t), proctest.Redis(t)
	master, replica := admin(t, a), admin(t, b)
	s := openRedis(t, a.URL)
	follow(t, replica, a.Addr)
	if err := s.Put(ctx, "grant", []byte("unspent"), time.Hour); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the replica to have the grant", func() bool { return replica.Exists(ctx, "grant").Val() == 1 })
	promote(t, replica)
	if spent, err := s.Swap(ctx, "grant", []byte("unspent"), nil, 0); err != nil || !spent {
		t.Fatalf("spent %v, %v", spent, err)
	}
	follow(t, master, b.Addr)
	waitFor(t, "the old master to have the grant again", func() bool { return master.Exists(ctx, "grant").Val() == 1 })
	if _, err := s.Get(ctx, "grant"); !unavailable(err) {
		t.Errorf("a replica was asked: %v", err)
	}
	promote(t, master)
	if spent, err := s.Swap(ctx, "grant", []byte("unspent"), nil, 0); err != nil || spent {
		t.Errorf("spent again: %v, %v", spent, err)
	}
	if _, err := s.Get(ctx, "grant"); err != onetime.ErrUnknown {
		t.Errorf("got what was spent: %v", err)
	}
	if _, err := s.Take(ctx, "grant"); err != onetime.ErrUnknown {
		t.Errorf("took what was spent: %v", err)
	}
	if err := s.Put(ctx, "grant", []byte("new"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if value, err := s.Get(ctx, "grant"); err != nil || string(value) != "new" {
		t.Errorf("got %q, %v", value, err)
	}
}

func admin(t *testing.T, s *proctest.RedisServer) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func openRedis(t *testing.T, url string) *onetime.Redis {
	t.Helper()
	s, err := onetime.OpenRedis(t.Context(), onetime.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func follow(t *testing.T, c *redis.Client, addr string) {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.ReplicaOf(t.Context(), host, port).Err(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the replica to be in step", func() bool {
		info := c.Info(context.Background(), "replication").Val()
		return strings.Contains(info, "master_link_status:up") && strings.Contains(info, "master_sync_in_progress:0")
	})
}

func promote(t *testing.T, c *redis.Client) {
	t.Helper()
	if err := c.ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 600 {
		if done() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain for %s", what)
}

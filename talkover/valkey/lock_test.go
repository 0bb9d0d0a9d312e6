package valkey_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A replica that holds the lock dies. Another one has it 5 s later.
func TestALockOutlivesNoReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		w.replica()
		dies, waits := w.servers[0], w.servers[1]
		end, err := dies.Days().Lock(t.Context(), "account", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		short, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if _, err := waits.Days().Lock(short, "account", nil); err != context.DeadlineExceeded {
			t.Errorf("two replicas hold one lock: %v", err)
		}
		dies.Close() // its renewals end
		w.redis.FastForward(5 * time.Second)
		unlock, err := waits.Days().Lock(t.Context(), "account", nil)
		if err != nil {
			t.Fatal(err)
		}
		unlock()
		if len(w.redis.Keys()) != 0 {
			t.Errorf("left are %v", w.redis.Keys())
		}
	})
}

// A replica that was stopped for longer than its lock holds it no more when it goes on.
func TestALostLockIsAnothers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		w.replica()
		stopped, err := w.servers[0].Days().Lock(t.Context(), "account", nil)
		if err != nil {
			t.Fatal(err)
		}
		w.redis.FastForward(5 * time.Second)
		unlock, err := w.servers[1].Days().Lock(t.Context(), "account", nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // it renews what it has lost
		stopped()
		if len(w.redis.Keys()) != 1 {
			t.Errorf("the lock is not held: %v", w.redis.Keys())
		}
		unlock()
		if len(w.redis.Keys()) != 0 {
			t.Errorf("left are %v", w.redis.Keys())
		}
	})
}

// Reading in the background gives way to a question of another replica.
func TestTheBackgroundOfOneReplicaGivesWayToAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		w.replica()
		ctx, stop := context.WithCancel(t.Context())
		unlock, err := w.servers[0].Days().Lock(t.Context(), "account", stop)
		if err != nil {
			t.Fatal(err)
		}
		go func() { <-ctx.Done(); unlock() }()
		start := time.Now()
		free, err := w.servers[1].Days().Lock(t.Context(), "account", nil)
		if err != nil {
			t.Fatal(err)
		}
		free()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

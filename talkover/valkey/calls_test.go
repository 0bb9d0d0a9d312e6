package valkey_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPlacedCallsOfAllReplicasCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.replica()
		w.replica()
		one, two := w.servers[0].Calls([]byte("key")), w.servers[1].Calls([]byte("key"))
		none := make([]map[string]time.Time, 2)
		who := []string{"account", "caller"}
		for i := range 4 {
			c := one
			if i%2 == 1 {
				c = two
			}
			if left, _, err := c.Count("call "+strconv.Itoa(i), 4, who, none); left != 4-i || err != nil {
				t.Errorf("before call %d: %d, %v", i+1, left, err)
			}
			time.Sleep(10 * time.Minute)
		}
		if left, wait, err := two.Count("one more", 4, who, none); left != 0 || wait != 20*time.Minute || err != nil {
			t.Errorf("after 4 of 4: %d, %v, %v", left, wait, err)
		}
		if left, _, _ := two.Count("", 4, []string{"account", "another caller"}, none); left != 0 {
			t.Errorf("the account has %d for another caller", left)
		}
		if left, _, _ := two.Count("", 4, []string{"another account"}, none); left != 4 {
			t.Errorf("another account has %d", left)
		}
		one.Undo("call 2", who)
		synctest.Wait()
		if left, _, _ := two.Count("", 4, who, none); left != 1 {
			t.Errorf("after one was not placed: %d", left)
		}
		// The server forgets all; a replica tells what it knows.
		w.redis.FlushAll()
		known := map[string]time.Time{"call 1": time.Now().Add(-30 * time.Minute), "call 3": time.Now().Add(-10 * time.Minute)}
		if left, _, _ := two.Count("", 4, who, []map[string]time.Time{known, known}); left != 2 {
			t.Errorf("after it was told of two: %d", left)
		}
		time.Sleep(30 * time.Minute)
		if left, _, _ := one.Count("", 4, who, none); left != 3 {
			t.Errorf("an hour after the first of them: %d", left)
		}
		for _, k := range w.redis.Keys() {
			if strings.Contains(k, "account") || strings.Contains(k, "caller") {
				t.Errorf("the key %s tells who", k)
			}
		}
	})
}

// A text that one replica puts all others know, until its time is over: of many who take
// it, one gets it.
func TestATextIsTakenOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.replica()
		w.replica()
		one, two := w.servers[0].Calls([]byte("key")), w.servers[1].Calls([]byte("key"))
		const name, minute = "order of +12025550123", time.Minute
		for _, step := range []struct {
			old, text, was string
		}{
			{"", "", ""}, {"", "a", ""}, {"", "b", "a"}, {"x", "b", "a"}, {"", "", "a"}, {"a", "b", "a"}, {"a", "c", "b"}, {"b", "", "b"}, {"b", "c", ""}, {"", "d", ""},
		} {
			if was, err := one.Swap(name, step.old, step.text, minute); was != step.was || err != nil {
				t.Errorf("%q for %q: %q, %v", step.text, step.old, was, err)
			}
			one, two = two, one
		}
		for _, k := range w.redis.Keys() {
			if strings.Contains(k, "2025550123") || !strings.HasPrefix(k, "talkover:") {
				t.Errorf("the key %s tells the number", k)
			}
		}
		w.redis.FastForward(minute)
		if was, err := one.Swap(name, "", "", 0); was != "" || err != nil {
			t.Errorf("after its time: %q, %v", was, err)
		}
		w.redis.Close()
		if _, err := one.Swap(name, "", "e", minute); err == nil {
			t.Error("a server that is away takes a text")
		}
	})
}

// What is at a key of ours and none of ours stops no order: it is taken away.
func TestWhatStandsAtAKeyOfPlacedCallsIsForgotten(t *testing.T) {
	for name, stand := range map[string]func(w *world, key string){
		"a string": func(w *world, key string) { _ = w.redis.Set(key, "a string") },
		"a set":    func(w *world, key string) { _, _ = w.redis.SAdd(key, "a member") },
		"a list":   func(w *world, key string) { _, _ = w.redis.Push(key, "an element") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.replica()
				c, none := w.servers[0].Calls([]byte("key")), []map[string]time.Time{nil}
				if left, _, err := c.Count("call 1", 4, []string{"who"}, none); left != 4 || err != nil {
					t.Fatal(left, err)
				}
				if was, err := c.Swap("name", "", "text", time.Minute); was != "" || err != nil {
					t.Fatal(was, err)
				}
				for _, key := range w.redis.Keys() {
					w.redis.Del(key)
					stand(w, key)
				}
				if left, _, err := c.Count("call 2", 4, []string{"who"}, none); left != 4 || err != nil {
					t.Errorf("%d are left: %v", left, err)
				}
				if left, _, err := c.Count("", 4, []string{"who"}, none); left != 3 || err != nil {
					t.Errorf("then %d are left: %v", left, err)
				}
				was, err := c.Swap("name", "", "text", time.Minute)
				if isText := name == "a string" && was == "a string"; !isText && was != "" || err != nil {
					t.Errorf("there was %q: %v", was, err)
				}
				if _, gone := w.servers[0].State(); gone > 0 {
					t.Error("the server was taken for one that is away")
				}
			})
		})
	}
}

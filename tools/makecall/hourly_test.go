package makecall

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/tools/answer"
)

// common is a count that answers as a test says.
type common struct {
	left   int
	away   bool
	counts []string
	undone []string
	mine   []map[string]time.Time // as it was told last
}

func (c *common) Count(id string, _ int, _ []string, mine []map[string]time.Time) (int, time.Duration, error) {
	c.counts, c.mine = append(c.counts, id), mine
	if c.away {
		return 0, 0, errors.New("away")
	}
	return c.left, 20 * time.Minute, nil
}

func (c *common) Undo(id string, _ []string) { c.undone = append(c.undone, id) }

func TestReplicasDivideTheBoundOnCalls(t *testing.T) {
	h := &hourly{most: 20, replicas: 3}
	for i := range 6 {
		if left, _, err := h.take(time.Now(), "account"); err != nil || left != 5-i {
			t.Errorf("call %d: %d left, %v", i+1, left, err)
		}
	}
	_, _, err := h.take(time.Now(), "account")
	if answer.Outcome(err) != "refused_here" || !strings.Contains(err.Error(), "at most 6 an hour") {
		t.Errorf("the seventh of 20 shared by 3: %v", err)
	}
}

// The count of all replicas decides. While it is away, this one takes its part, and counts
// all that it placed before; once it is back, it is told of them.
func TestTheCountOfAllReplicasDecides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &common{left: 9}
		h := &hourly{most: 20, replicas: 3, common: c}
		if left, err := h.left(time.Now(), "account", "caller"); left != 9 || err != nil || c.counts[0] != "" {
			t.Errorf("a look says %d, %v", left, err)
		}
		left, undo, err := h.take(time.Now(), "account", "caller")
		if left != 8 || err != nil {
			t.Errorf("%d left, %v", left, err)
		}
		c.left = 0
		if _, _, err := h.take(time.Now(), "account", "caller"); answer.Outcome(err) != "refused_here" {
			t.Errorf("none is left: %v", err)
		}
		if len(c.undone) != 1 || c.undone[0] != c.counts[2] {
			t.Errorf("what was not placed stays counted: %v of %v", c.undone, c.counts)
		}
		c.away = true
		for i := range 6 {
			if _, _, err := h.take(time.Now(), "account", "caller"); (err != nil) != (i == 5) {
				t.Errorf("call %d after one, of a part of 6: %v", i+1, err)
			}
		}
		c.away, c.left = false, 3
		if _, err := h.left(time.Now(), "account", "caller"); err != nil || len(c.mine) != 2 || len(c.mine[0]) != 6 ||
			len(c.mine[1]) != 6 {
			t.Errorf("it is told %v, %v", c.mine, err)
		}
		undo()
		if _, err := h.left(time.Now(), "account", "caller"); err != nil || len(c.mine[0]) != 5 {
			t.Errorf("after one was not placed it is told %v", c.mine)
		}
		time.Sleep(time.Hour)
		if _, err := h.left(time.Now(), "account", "caller"); err != nil || len(c.mine[0]) != 0 {
			t.Errorf("after an hour it is told %v", c.mine)
		}
	})
}

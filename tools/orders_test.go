package tools_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/talkover/talkover-mcp/tools"
	"github.com/talkover/talkover-mcp/tools/makecall"
)

// A memory may be away at any step.
type forgetful struct {
	texts map[string]string
	away  bool
}

func (f *forgetful) Swap(name, old, text string, _ time.Duration) (string, error) {
	was := f.texts[name]
	if was == old && !f.away {
		f.texts[name] = text
	}
	if f.away {
		return "", errors.New("away")
	}
	return was, nil
}

// The same order is the same for ten minutes, whatever became of the first question.
func TestTheSameOrderWithinTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrders(t, func(c *tools.Config) { c.ConfirmCalls = makecall.ConfirmNever })
		for _, step := range []struct {
			after  time.Duration
			args   string
			placed int
		}{
			{0, anOrder, 1},
			{9*time.Minute + 59*time.Second, anOrder, 1},
			{time.Second, anOrder, 2},
			{0, strings.Replace(anOrder, `{"name":"Ann"}`, `{}`, 1), 3},
			{0, strings.Replace(anOrder, `,"payload":{"name":"Ann"}`, ``, 1), 3},
			{0, strings.Replace(anOrder, `{"name":"Ann"}`, `"{\"name\": \"Ann\"}"`, 1), 3},
		} {
			time.Sleep(step.after) // of virtual time
			if got := o.order(cannotAsk, step.args, "", ""); o.placed != step.placed || got.IsError &&
				!strings.HasPrefix(got.text(), "No call was placed: the same order (agent, number and payload) went "+
					"out at ") {
				t.Errorf("%s: %d placed, %s", step.args, o.placed, got.text())
			}
		}
	})
}

// Nobody is asked about an order that would be refused, and what is asked names the call
// before.
func TestNobodyIsAskedAboutTheSameOrder(t *testing.T) {
	o := newOrders(t)
	if got := o.order(canAsk, anOrder, o.order(canAsk, anOrder, "", "").RequestState, "accept"); got.IsError {
		t.Fatal(got.text())
	}
	refused := o.order(canAsk, anOrder, "", "")
	_, id, _ := strings.Cut(refused.text(), `again_after "`)
	id, _, _ = strings.Cut(id, `"`)
	if refused.RequestState != "" || id == "" {
		t.Fatalf("%s", refused.text())
	}
	again := strings.TrimSuffix(anOrder, "}") + `,"again_after":"` + id + `"}`
	asked := o.order(canAsk, again, "", "")
	if question := asked.InputRequests["confirm"].Params.Message; !strings.Contains(question,
		"The same was ordered before, as "+id+".") {
		t.Errorf("the user is asked %s", question)
	}
	if got := o.order(canAsk, anOrder, asked.RequestState, "accept"); !got.IsError || o.placed != 1 {
		t.Errorf("of the order without it: %s", got.text())
	}
	if got := o.order(canAsk, again, asked.RequestState, "accept"); got.IsError || o.placed != 2 {
		t.Errorf("%d placed: %s", o.placed, got.text())
	}
}

// Where numbers are masked, so is an id that may be one; what is shown of it is enough.
func TestTheSameOrderUnderAMaskedID(t *testing.T) {
	s := connect(t, answering(200, `{"id":"12025550123","status":"queued"}`), calling, func(c *tools.Config) {
		c.MaskNumbers = true
	})
	s.call("make_call", anOrder)
	refused, _ := s.call("make_call", anOrder)
	if !strings.Contains(refused, `again_after "*******0123"`) || strings.Contains(refused, "2025550123") {
		t.Fatal(refused)
	}
	if text,
		_ := s.call("make_call", strings.TrimSuffix(anOrder, "}")+
		`,"again_after":"*******0123"}`); !strings.HasPrefix(text, "The call is placed") {
		t.Error(text)
	}
}

// An order that its memory cannot tell of does not go out.
func TestWithoutItsMemoryNothingGoesOut(t *testing.T) {
	memory := &forgetful{texts: map[string]string{}}
	o := newOrders(t, func(c *tools.Config) { c.Memory = memory })
	asked := o.order(canAsk, anOrder, "", "")
	memory.away = true
	for _, got := range []answered{
		o.order(canAsk, anOrder, asked.RequestState, "accept"), o.order(canAsk, anOrder, "", ""),
		o.order(cannotAsk, anOrder, "", ""),
	} {
		if !strings.HasPrefix(got.text(), "No call was placed: the memory that replicas share (TALKOVER_VALKEY_URL) "+
			"is away") || o.placed != 0 {
			t.Errorf("%d placed: %s", o.placed, got.text())
		}
	}
	memory.away = false
	if got := o.order(canAsk, anOrder, asked.RequestState, "accept"); got.IsError || o.placed != 1 {
		t.Errorf("%d placed: %s", o.placed, got.text())
	}
}

package talkover_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

// listed makes a page of agents that have these ids; total is -1 for an API that
// tells none.
func listed(total, lastPage int, ids ...string) talkover.Page[talkover.AgentInfo] {
	var page talkover.Page[talkover.AgentInfo]
	for _, id := range ids {
		page.Rows = append(page.Rows, talkover.AgentInfo{Agent: talkover.Agent{ID: id}})
	}
	if total >= 0 {
		page.Pagination = &talkover.Pagination{Total: total, LastPage: lastPage}
	}
	return page
}

func TestAListIsReadToItsEnd(t *testing.T) {
	type pages []talkover.Page[talkover.AgentInfo]
	unreadable := listed(3, 1, "a", "b")
	unreadable.Unreadable = 1
	for name, test := range map[string]struct {
		pages    pages
		enough   int
		want     string
		complete bool
		asked    int
	}{
		"one page":                        {pages{listed(2, 1, "a", "b")}, 9, "[a b]", true, 1},
		"three pages":                     {pages{listed(5, 3, "a", "b"), listed(5, 3, "c", "d"), listed(5, 3, "e")}, 9, "[a b c d e]", true, 3},
		"none at all":                     {pages{listed(0, 1)}, 9, "[]", true, 1},
		"no last page told":               {pages{listed(3, 0, "a", "b"), listed(3, 0, "c")}, 9, "[a b c]", true, 2},
		"one that cannot be read":         {pages{unreadable}, 9, "[a b]", false, 1},
		"an empty page before the end":    {pages{listed(3, 2), listed(3, 2, "c")}, 9, "[]", false, 1},
		"an empty page where rows are":    {pages{listed(3, 2, "a", "b"), listed(3, 2)}, 9, "[a b]", false, 2},
		"the same page over and over":     {pages{listed(3, 2, "a", "b"), listed(3, 2, "a", "b"), listed(3, 2, "a", "b")}, 9, "[a b]", false, 2},
		"a row on two pages":              {pages{listed(4, 2, "a", "b"), listed(4, 2, "b", "c"), listed(4, 2)}, 9, "[a b c]", false, 3},
		"a row that came meanwhile":       {pages{listed(3, 2, "a", "b"), listed(4, 2, "b", "c"), listed(4, 2)}, 9, "[a b c]", false, 3},
		"a row that went meanwhile":       {pages{listed(4, 2, "a", "b"), listed(3, 2, "d")}, 9, "[a b d]", false, 2},
		"no total":                        {pages{listed(-1, 0, "a", "b"), listed(-1, 0, "c"), listed(-1, 0)}, 9, "[a b c]", false, 3},
		"no total, and the same again":    {pages{listed(-1, 0, "a", "b"), listed(-1, 0, "a", "b")}, 9, "[a b]", false, 2},
		"fewer rows than are counted":     {pages{listed(9, 1, "a", "b"), listed(9, 1)}, 9, "[a b]", false, 2},
		"more rows than are counted":      {pages{listed(1, 1, "a", "b")}, 9, "[a b]", false, 1},
		"rows without an id":              {pages{listed(3, 2, "", ""), listed(3, 2, "")}, 9, "[  ]", true, 2},
		"more than were asked for":        {pages{listed(9, 5, "a", "b"), listed(9, 5, "c", "d")}, 3, "[a b c d]", false, 2},
		"just as many as were asked for":  {pages{listed(2, 1, "a", "b")}, 2, "[a b]", true, 1},
		"a total that is told only later": {pages{listed(-1, 0, "a", "b"), listed(3, 2, "c")}, 9, "[a b c]", false, 2},
	} {
		var queries []talkover.AgentQuery
		all, err := talkover.ReadAll(context.Background(), func(_ context.Context, q talkover.AgentQuery) (talkover.Page[talkover.AgentInfo], error) {
			queries = append(queries, q)
			return test.pages[q.Page-1], nil
		}, talkover.AgentQuery{Status: "draft", PerPage: 7, Page: 5}, test.enough)
		ids := []string{}
		for _, a := range all.Rows {
			ids = append(ids, a.ID)
		}
		if got := fmt.Sprint(ids); err != nil || got != test.want || all.Complete != test.complete || len(queries) != test.asked {
			t.Errorf("%s: %s complete %t after %d requests: %v; want %s %t %d", name, got, all.Complete, len(queries), err, test.want, test.complete, test.asked)
		}
		for i, q := range queries {
			if diff := cmp.Diff(talkover.AgentQuery{Status: "draft", PerPage: talkover.MaxPerPage, Page: i + 1}, q); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", name, diff)
			}
		}
	}
}

func TestAListThatBreaksOffIsNotComplete(t *testing.T) {
	broken := errors.New("broken")
	all, err := talkover.ReadAll(context.Background(), func(_ context.Context, q talkover.CallQuery) (talkover.Page[talkover.Call], error) {
		if q.Page == 2 {
			return talkover.Page[talkover.Call]{}, broken
		}
		return talkover.Page[talkover.Call]{Rows: []talkover.Call{{SID: "CA1"}}, Pagination: &talkover.Pagination{Total: 2, LastPage: 2}}, nil
	}, talkover.CallQuery{}, 100)
	if !errors.Is(err, broken) || all.Complete || len(all.Rows) != 1 {
		t.Errorf("%+v: %v", all, err)
	}
}

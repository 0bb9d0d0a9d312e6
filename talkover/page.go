package talkover

import "context"

// The API puts at most MaxPerPage rows on a page, and DefaultPerPage where a query does
// not say (list-calls, query parameters).
const (
	MaxPerPage     = 100
	DefaultPerPage = 20
)

// Page holds one page of a list: calls, agents or campaigns.
type Page[T any] struct {
	Rows       []T
	Pagination *Pagination // nil where the API sent none, so that nobody knows how many rows match
	Unreadable int         // rows that were no object; Rows is short by them
}

// Pagination describes a list and one of its pages, in the words of the API.
type Pagination struct {
	CurrentPage int `api:"current_page"`
	LastPage    int `api:"last_page"` // at least 1; 0 where the API does not say
	PerPage     int `api:"per_page"`
	Total       int `api:"total"` // rows that match, over all pages
	From        int `api:"from"`  // the ordinal of the page's first row; 0 on an empty page
}

// All holds the rows of a list, as far as [ReadAll] could read them.
type All[T any] struct {
	Rows       []T  // each once, in the API's order
	Unreadable int  // rows that were no object
	Complete   bool // Rows is the whole list; where false, the list may have other rows too
}

// keyed tells rows apart by their keys. Rows with the key "" count as different.
type keyed interface{ Key() string }

// pageable makes of the query of a list the query of its n-th full page.
type pageable[Q any] interface{ onPage(n int) Q }

// ReadAll reads a list page by page, in full pages, until it has all rows that the
// API counts, or at least `enough` of them. ask may be any method of [Client] that
// lists:
//
//	all, err := talkover.ReadAll(ctx, client.ListAgents, talkover.AgentQuery{}, 300)
//
// The result is complete if every page told the same total and ReadAll read as many
// different rows. So an empty or repeated page, an unreadable row, a list that grew or
// shrank meanwhile, and an API that tells no total each make it incomplete. A row that
// came while another one went can escape it. ReadAll returns an error of ask, together
// with the rows that it read before.
func ReadAll[T keyed, Q pageable[Q]](
	ctx context.Context, ask func(context.Context, Q) (Page[T], error), q Q, enough int,
) (All[T], error) {
	var all All[T]
	seen := map[string]bool{}
	total, consistent := 0, true
	for n := 1; ; n++ {
		page, err := ask(ctx, q.onPage(n))
		if err != nil {
			return all, err
		}
		before := len(all.Rows) + all.Unreadable
		all.Unreadable += page.Unreadable
		for _, row := range page.Rows {
			if key := row.Key(); key == "" || !seen[key] {
				seen[key] = true
				all.Rows = append(all.Rows, row)
			}
		}
		lastPage := n + 1 // where the API does not say, there may be one more
		if p := page.Pagination; p != nil {
			consistent = consistent && (n == 1 || p.Total == total)
			total, lastPage = p.Total, p.LastPage
		} else {
			consistent = false
		}
		switch read := len(all.Rows) + all.Unreadable; {
		case read == before, read >= enough, read >= total && n >= lastPage:
			all.Complete = consistent && all.Unreadable == 0 && len(all.Rows) == total
			return all, nil
		}
	}
}

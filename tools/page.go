package tools

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/talkover/talkover-mcp/talkover"
)

// pageInput says which page of a list is asked for.
type pageInput struct {
	PerPage int `json:"per_page,omitempty" jsonschema:"minimum=1,maximum=100,default=20" jsonschema_description:"Rows on a page." alias:"limit,count,size,page_size,max,max_results,top,n,per_pages"`
	Page    int `json:"page,omitempty" jsonschema:"minimum=1,default=1" jsonschema_description:"Page number." alias:"offset,page_number,cursor,skip,p"`
}

// whole fills in the defaults.
func (in pageInput) whole() pageInput {
	return pageInput{PerPage: cmp.Or(in.PerPage, talkover.DefaultPerPage), Page: max(in.Page, 1)}
}

// paged says which rows of a list are on a page.
type paged struct {
	Matched  *int `json:"matched,omitempty" jsonschema_description:"Over all pages. Missing if Talkover did not say."`
	Page     int  `json:"page"`
	LastPage int  `json:"last_page"`
	PerPage  int  `json:"per_page"`
	First    int  `json:"first" jsonschema_description:"Ordinal of the first row; 0 if there is none."`
	Last     int  `json:"last"`
}

// locate works out which of all rows the n rows of a page are; thing names one, such as
// call. It returns the page to ask for next, or 0, and notes where the API contradicts
// the question or itself.
func (out *paged) locate(f *frame, in pageInput, n int, thing ours, p *talkover.Pagination) int {
	out.Page, out.LastPage, out.PerPage = in.Page, in.Page, in.PerPage
	if n > 0 {
		out.First = (in.Page-1)*in.PerPage + 1
	}
	more := n == in.PerPage // the best guess, where the API does not say
	if p == nil {
		f.note("Talkover did not say how many %ss match; there may be more than these.", thing)
	} else {
		out.Matched = &p.Total
		out.LastPage = max(p.LastPage, (p.Total+in.PerPage-1)/in.PerPage, 1)
		more = in.Page < out.LastPage
		if p.CurrentPage != 0 && p.CurrentPage != in.Page || p.PerPage != 0 && p.PerPage != in.PerPage {
			f.note("Page %d of %d a page was asked for, but Talkover sent page %d of %d a page.", in.Page, in.PerPage, p.CurrentPage, p.PerPage)
			out.Page, out.PerPage = p.CurrentPage, p.PerPage
			out.LastPage, more = max(p.LastPage, 1), p.CurrentPage < p.LastPage
			in.Page = p.CurrentPage
			if n > 0 {
				out.First = max(p.From, 1)
			}
		}
	}
	if n > 0 {
		out.Last = out.First + n - 1
	}
	if p != nil && (out.Last > p.Total || n == 0 && in.Page <= out.LastPage && p.Total > 0) {
		f.note("Talkover counts %s, which does not fit the %s of this page; some may have come or gone meanwhile.",
			plural(p.Total, "matching "+thing, "matching "+thing+"s"), plural(n, "row", "rows"))
	}
	switch {
	case more:
		return in.Page + 1
	case in.Page > out.LastPage:
		return out.LastPage
	}
	return 0
}

// none reports whether nothing matches at all.
func (out paged) none() bool { return out.Last == 0 && out.Matched != nil && *out.Matched == 0 }

// list says how a page of rows of type T, such as calls, becomes an answer.
type list[T, F any] struct {
	thing   ours // what a row is, such as call
	columns []column[T]
	fits    func(F, T) bool       // whether a row is what the filters ask for, as far as it tells; nil if it tells nothing
	review  func(*frame, []T) []T // notes what is odd about the rows and puts them in order; nil for neither
	least   int                   // columns that stay where a page is long; 0 to leave out none, and no row
}

// listing answers for a tool that lists. It holds a page of the rows that the filters F let
// through, and the arguments In of the next page.
type listing[F, In any] struct {
	paged
	Order   ours    `json:"order,omitempty"`
	Filters echo[F] `json:"filters"`
	table
	Next *echo[In] `json:"next,omitempty"`
	frame

	thing ours
	days  ours // which days the filters mean, where the answer's zone has others
	turn  int  // the page that Next asks for; 0 for none
}

// newListing makes an answer of a page. It also returns the rows that are in it. turn
// returns the arguments of another page.
func newListing[T, F, In any](about frame, l list[T, F], filters F, in pageInput, page talkover.Page[T], turn func(pageInput) In) (listing[F, In], []T) {
	in = in.whole()
	out := listing[F, In]{Order: "in Talkover's order", Filters: echo[F]{filters}, frame: about, thing: l.thing}
	rows := page.Rows
	if len(rows) > in.PerPage {
		out.note("Talkover sent %s where %d were asked for; the rest is left out.", plural(len(rows), l.thing, l.thing+"s"), in.PerPage)
		rows = rows[:in.PerPage]
	}
	if l.review != nil {
		rows = l.review(&out.frame, rows)
	}
	out.table = newTable(l.columns, rows)
	if out.turn = out.locate(&out.frame, in, len(rows), l.thing, page.Pagination); out.turn != 0 {
		out.Next = &echo[In]{turn(pageInput{PerPage: in.PerPage, Page: out.turn})}
	}
	if page.Unreadable > 0 {
		out.note("%s of this page could not be read and left out here.", plural(page.Unreadable, "row", "rows"))
	}
	strangers := 0
	for _, r := range rows {
		if l.fits != nil && !l.fits(filters, r) {
			strangers++
		}
	}
	if strangers > 0 {
		out.note("%s not fit the filters, so Talkover may have ignored one: do not rely on the count of matching %ss.",
			plural(strangers, "of these "+l.thing+"s does", "of these "+l.thing+"s do"), l.thing)
	}
	if l.least > 0 {
		out.fit(l.least)
	}
	return out, rows
}

// head writes the first line of the text.
func (out *listing[F, In]) head() string {
	matched := "An unknown number of " + out.thing + "s matches"
	if out.Matched != nil {
		matched = plural(*out.Matched, out.thing+" matches", out.thing+"s match")
	}
	where := fmt.Sprintf("no rows on page %d of %d", out.Page, out.LastPage)
	if out.First > 0 {
		where = fmt.Sprintf("%s; rows %d-%d, page %d of %d", out.Order, out.First, out.Last, out.Page, out.LastPage)
	}
	return fmt.Sprintf("%s (%s%s), %s; %s, now %s.\n", matched, out.Filters, out.days, where, out.Timezone, out.Now)
}

// step says how to get the page to ask for next, by its arguments.
func (out *listing[F, In]) step() string {
	switch {
	case out.turn == 0:
		return "This is the last page."
	case out.turn < out.Page:
		return fmt.Sprintf("Page %d is past the end. Last page: %s", out.Page, out.Next.json())
	}
	return "Next page: " + out.Next.json()
}

func (out *listing[F, In]) text() string {
	var b strings.Builder
	b.WriteString(out.top())
	out.write(&b, false)
	if out.none() {
		b.WriteString("Nothing matches. To find more, leave out a filter.")
	} else {
		b.WriteString(out.step())
	}
	return b.String()
}

// top writes the text above the table.
func (out *listing[F, In]) top() string {
	var b strings.Builder
	b.WriteString(out.head())
	out.writeNotes(&b)
	return b.String()
}

// fit leaves out what an answer has no room for: columns from the end, but for the first
// least, and then rows from the end.
func (out *listing[F, In]) fit(least int) {
	room := listingSize.estimate - tokens(out.top()) - tokens(out.step())
	cost := func(i int) int { return tokens(strings.Join(out.Rows[i].text(nil, false), ",")) + 2 }
	all := out.Columns
	for {
		keep := fitting(len(out.Rows), room, cost)
		if keep == len(out.Rows) {
			break
		}
		if len(out.Columns) == least {
			out.note("An answer has no room for the last %s of this page; ask for pages of %d.", plural(len(out.Rows)-keep, "row", "rows"), keep)
			out.cut(keep)
			break
		}
		out.cutColumn()
	}
	if n := len(out.Columns); n < len(all) {
		out.note("A page this long has no room for %s; smaller pages have.", strings.Join(all[n:], ", "))
	}
}

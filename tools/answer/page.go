package answer

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
)

// PageInput says which page of a list is asked for.
type PageInput struct {
	PerPage int `json:"per_page,omitempty" jsonschema:"minimum=1,maximum=100,default=20" desc:"Rows on a page."`
	Page    int `json:"page,omitempty" jsonschema:"minimum=1,default=1" desc:"Page number."`
}

// Tags implements [schema.Tagged].
func (PageInput) Tags() schema.Tags {
	return schema.Tags{
		"per_page": `alias:"limit,count,size,page_size,max,max_results,top,n,per_pages"`,
		"page":     `alias:"offset,page_number,cursor,skip,p"`,
	}
}

// At returns the page, with the defaults filled in. Another one may be put in its place.
func (in *PageInput) At() *PageInput {
	in.PerPage, in.Page = cmp.Or(in.PerPage, talkover.DefaultPerPage), max(in.Page, 1)
	return in
}

// pageable is the input of a tool that lists: a pointer to a struct that holds a [PageInput].
type pageable[In any] interface {
	*In
	At() *PageInput
}

// paged says which rows of a list are on a page.
type paged struct {
	Matched  *int `json:"matched,omitempty" desc:"Over all pages. Missing if Talkover did not say."`
	Page     int  `json:"page"`
	LastPage int  `json:"last_page"`
	PerPage  int  `json:"per_page"`
	First    int  `json:"first" desc:"Ordinal of the first row; 0 if there is none."`
	Last     int  `json:"last"`
}

// locate works out which of all rows the n rows of a page are; thing names one, such as
// call. It returns the page to ask for next, or 0, and notes where the API contradicts
// the question or itself.
func (out *paged) locate(f *Frame, in PageInput, n int, thing SafeText, p *talkover.Pagination) int {
	out.Page, out.LastPage, out.PerPage = in.Page, in.Page, in.PerPage
	if n > 0 {
		out.First = (in.Page-1)*in.PerPage + 1
	}
	more := n == in.PerPage // the best guess, where the API does not say
	if p == nil {
		f.Note("Talkover did not say how many %ss match; there may be more than these.", thing)
	} else {
		out.Matched = &p.Total
		out.LastPage = max(p.LastPage, (p.Total+in.PerPage-1)/in.PerPage, 1)
		more = in.Page < out.LastPage
		if p.CurrentPage != 0 && p.CurrentPage != in.Page || p.PerPage != 0 && p.PerPage != in.PerPage {
			f.Note("Page %d of %d a page was asked for, but Talkover sent page %d of %d a page.", in.Page, in.PerPage,
				p.CurrentPage, p.PerPage)
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
		f.Note("Talkover counts %s, which does not fit the %s of this page; some may have come or gone meanwhile.",
			Plural(p.Total, "matching "+thing, "matching "+thing+"s"), Plural(n, "row", "rows"))
	}
	switch {
	case more:
		return in.Page + 1
	case in.Page > out.LastPage:
		return out.LastPage
	}
	return 0
}

// None reports whether nothing matches at all.
func (out paged) None() bool { return out.Last == 0 && out.Matched != nil && *out.Matched == 0 }

// List says how a page of rows of type T, such as calls, becomes an answer.
type List[T, F any] struct {
	Thing   SafeText // what a row is, such as call
	Columns Columns[T]
	Fits    func(F, T) bool       // whether a row fits the filters, as far as it tells; nil if it tells nothing
	Review  func(*Frame, []T) []T // notes what is odd about the rows and puts them in order; nil for neither
	Least   int                   // columns that stay where a page is long; 0 to leave out none, and no row
}

// Listing answers for a tool that lists. It holds a page of the rows that the filters F let
// through, and the arguments In of the next page.
type Listing[F, In any] struct {
	paged
	Order   SafeText     `json:"order,omitempty"`
	Filters Arguments[F] `json:"filters"`
	Table
	Next *Arguments[In] `json:"next,omitempty"`
	Frame

	thing SafeText
	Days  SafeText `json:"-"` // which days the filters mean, where the answer's zone has others
	Turn  int      `json:"-"` // the page that Next asks for; 0 for none
}

// NewListing makes an answer of a page that was asked for with next. It also returns the rows that
// are in it.
func NewListing[T, F, In any, P pageable[In]](about Frame, l List[T, F], filters F, next In,
	page talkover.Page[T]) (Listing[F, In], []T) {
	in := *P(&next).At()
	out := Listing[F, In]{Order: "in Talkover's order", Filters: Arguments[F]{filters}, Frame: about, thing: l.Thing}
	rows := page.Rows
	if len(rows) > in.PerPage {
		out.Note("Talkover sent %s where %d were asked for; the rest is left out.",
			Plural(len(rows), l.Thing, l.Thing+"s"), in.PerPage)
		rows = rows[:in.PerPage]
	}
	if l.Review != nil {
		rows = l.Review(&out.Frame, rows)
	}
	out.Table = NewTable(l.Columns, rows)
	if out.Turn = out.locate(&out.Frame, in, len(rows), l.Thing, page.Pagination); out.Turn != 0 {
		P(&next).At().Page = out.Turn
		out.Next = &Arguments[In]{next}
	}
	if page.Unreadable > 0 {
		out.Note("%s of this page could not be read and left out here.", Plural(page.Unreadable, "row", "rows"))
	}
	strangers := 0
	for _, r := range rows {
		if l.Fits != nil && !l.Fits(filters, r) {
			strangers++
		}
	}
	if strangers > 0 {
		out.Note("%s not fit the filters, so Talkover may have ignored one: do not rely on the count of matching %ss.",
			Plural(strangers, "of these "+l.Thing+"s does", "of these "+l.Thing+"s do"), l.Thing)
	}
	if l.Least > 0 {
		out.fit(l.Least)
	}
	return out, rows
}

// Head writes the first line of the text.
func (out *Listing[F, In]) Head() string {
	matched := "An unknown number of " + out.thing + "s matches"
	if out.Matched != nil {
		matched = Plural(*out.Matched, out.thing+" matches", out.thing+"s match")
	}
	where := fmt.Sprintf("no rows on page %d of %d", out.Page, out.LastPage)
	if out.First > 0 {
		where = fmt.Sprintf("%s; rows %d-%d, page %d of %d", out.Order, out.First, out.Last, out.Page, out.LastPage)
	}
	return fmt.Sprintf("%s (%s%s), %s; %s, now %s.\n", matched, out.Filters, out.Days, where, out.Timezone, out.Now)
}

// Step says how to get the page to ask for next, by its arguments.
func (out *Listing[F, In]) Step() string {
	switch {
	case out.Turn == 0:
		return "This is the last page."
	case out.Turn < out.Page:
		return fmt.Sprintf("Page %d is past the end. Last page: %s", out.Page, out.Next.JSON())
	}
	return "Next page: " + out.Next.JSON()
}

func (out *Listing[F, In]) Text() string {
	var b strings.Builder
	b.WriteString(out.top())
	out.Write(&b, false)
	if out.None() {
		b.WriteString("Nothing matches. To find more, leave out a filter.")
	} else {
		b.WriteString(out.Step())
	}
	return b.String()
}

// top writes the text above the table.
func (out *Listing[F, In]) top() string {
	var b strings.Builder
	b.WriteString(out.Head())
	out.WriteNotes(&b)
	return b.String()
}

// fit leaves out what an answer has no room for: columns from the end, but for the first
// least, and then rows from the end.
func (out *Listing[F, In]) fit(least int) {
	all := out.Table
	for {
		cut := ListingSize.Fit(&out.Table, false, func() string { return out.top() + out.Step() }, nil)
		if cut == 0 {
			break
		}
		if len(out.Columns) == least {
			out.Note("An answer has no room for the last %s of this page; ask for pages of %d.",
				Plural(cut, "row", "rows"), len(out.Rows))
			break
		}
		out.Rows = all.Rows
		out.cutColumn()
	}
	if n := len(out.Columns); n < len(all.Columns) {
		out.Note("A page this long has no room for %s; smaller pages have.", strings.Join(all.Columns[n:], ", "))
	}
}

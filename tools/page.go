package tools

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/talkover"
)

// pageInput asks for a page of a list.
type pageInput struct {
	PerPage int `json:"per_page,omitempty" jsonschema:"minimum=1,maximum=100,default=20" jsonschema_description:"Rows on a page." alias:"limit,count,size,page_size,max,max_results,top,n,per_pages"`
	Page    int `json:"page,omitempty" jsonschema:"minimum=1,default=1" jsonschema_description:"Page number." alias:"offset,page_number,cursor,skip,p"`
}

// whole is the page that is meant, its defaults filled in.
func (in pageInput) whole() pageInput {
	return pageInput{PerPage: cmp.Or(in.PerPage, talkover.DefaultPerPage), Page: max(in.Page, 1)}
}

// paged says where a page stands in its list.
type paged struct {
	Matched  *int `json:"matched,omitempty" jsonschema_description:"Over all pages. Missing if Talkover did not say."`
	Page     int  `json:"page"`
	LastPage int  `json:"last_page"`
	PerPage  int  `json:"per_page"`
	First    int  `json:"first" jsonschema_description:"Ordinal of the first row; 0 if there is none."`
	Last     int  `json:"last"`
}

// place says where the n rows of a page, which are things such as calls, stand
// among all. It returns the page to ask for next, or 0, and notes where the API
// contradicts the question or itself.
func (out *paged) place(f *frame, in pageInput, n int, things string, p *talkover.Pagination) int {
	out.Page, out.LastPage, out.PerPage = in.Page, in.Page, in.PerPage
	if n > 0 {
		out.First = (in.Page-1)*in.PerPage + 1
	}
	more := n == in.PerPage // the best guess, where the API does not say
	if p == nil {
		f.note("Talkover did not say how many %s match; there may be more than these.", things)
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
		f.note("Talkover counts %d matching %s, which does not fit the %d rows of this page; %s may have come or gone meanwhile.", p.Total, things, n, things)
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

// head is the first line of the text.
func (out paged) head(thing, filters, order string, f frame) string {
	matched := "An unknown number of " + thing + "s matches"
	if out.Matched != nil {
		matched = plural(*out.Matched, thing+" matches", thing+"s match")
	}
	where := fmt.Sprintf("no rows on page %d of %d", out.Page, out.LastPage)
	if out.First > 0 {
		where = fmt.Sprintf("%s; rows %d-%d, page %d of %d", order, out.First, out.Last, out.Page, out.LastPage)
	}
	return fmt.Sprintf("%s (%s), %s; %s, now %s.\n", matched, filters, where, f.Timezone, f.Now)
}

// step says how to get the page to ask for next, by its arguments.
func (out paged) step(page int, args any) string {
	if page == 0 {
		return "This is the last page."
	}
	next, _ := json.Marshal(args) // strings and integers marshal
	if page < out.Page {
		return fmt.Sprintf("Page %d is past the end. Last page: %s", out.Page, next)
	}
	return fmt.Sprintf("Next page: %s", next)
}

// echo is arguments as answers repeat them. Their schema is that of the
// arguments, which the model has already.
type echo[T any] struct{ args T }

// MarshalJSON implements [json.Marshaler].
func (e echo[T]) MarshalJSON() ([]byte, error) { return json.Marshal(e.args) }

// JSONSchema implements the hook of invopop/jsonschema.
func (echo[T]) JSONSchema() *jsonschema.Schema { return &jsonschema.Schema{Type: "object"} }

// filterText writes filters, of which names and values come in turn, as a model
// would; those without a value are left out.
func filterText(pairs ...string) string {
	var parts []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			parts = append(parts, pairs[i]+"="+pairs[i+1])
		}
	}
	if len(parts) == 0 {
		return "no filters"
	}
	return strings.Join(parts, " ")
}

// quoted is a free text as an echo of filters shows it.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf("%q", s)
}

// listing is a page of agents or campaigns, which the filters F let through and In
// asks for.
type listing[F fmt.Stringer, In any] struct {
	paged
	Filters echo[F]   `json:"filters"`
	Columns []string  `json:"columns"`
	Rows    []row     `json:"rows"`
	Next    *echo[In] `json:"next,omitempty"`
	frame

	thing string // of which there are rows
	next  int    // the page of Next
}

func (out *listing[F, In]) size() int { return len(out.Rows) }

func (out *listing[F, In]) text() string {
	var b strings.Builder
	b.WriteString(out.top())
	if len(out.Rows) > 0 {
		writeCSV(&b, out.Columns, out.Rows, false)
	}
	if out.none() {
		b.WriteString("Nothing matches. To find more, leave out a filter.")
	} else {
		b.WriteString(out.step(out.next, out.Next))
	}
	return b.String()
}

// top is the text above the table.
func (out *listing[F, In]) top() string {
	var b strings.Builder
	b.WriteString(out.head(out.thing, out.Filters.args.String(), "in Talkover's order", out.frame))
	out.writeNotes(&b)
	return b.String()
}

// noteRows says what is odd about the rows.
func (out *listing[F, In]) noteRows(unreadable, strangers int) {
	if unreadable > 0 {
		out.note("%d rows of this page could not be read and are missing here.", unreadable)
	}
	if strangers > 0 {
		out.note("%d of these %ss do not fit the filters, so Talkover may have ignored one: do not rely on the count.", strangers, out.thing)
	}
}

// listingTokens is what a listing may take by the estimate of tokens, and is in truth
// less than 4,000.
const listingTokens = 4100

// fit makes room where a page is long: columns go from the end, all but so many,
// and then rows.
func (out *listing[F, In]) fit(least int) {
	room := listingTokens - tokens(out.top()) - tokens(out.step(out.next, out.Next))
	all := out.Columns
	for keep := out.fitting(room); keep < len(out.Rows); keep = out.fitting(room) {
		n := len(out.Columns) - 1
		if n < least {
			out.note("The last %d rows of this page are left out, for an answer has no room for them; ask for pages of %d.", len(out.Rows)-keep, keep)
			out.Rows = out.Rows[:keep]
			break
		}
		out.Columns = out.Columns[:n]
		for i := range out.Rows {
			out.Rows[i] = out.Rows[i][:n]
		}
	}
	if n := len(out.Columns); n < len(all) {
		out.note("A page this long has no room for %s; smaller pages have.", strings.Join(all[n:], ", "))
	}
}

// fitting is how many of the rows there is room for. A row takes little more in the
// structure than in the text.
func (out *listing[F, In]) fitting(room int) int {
	for i, r := range out.Rows {
		if room -= tokens(strings.Join(r.csv(nil), ",")) + 2; room < 0 {
			return i
		}
	}
	return len(out.Rows)
}

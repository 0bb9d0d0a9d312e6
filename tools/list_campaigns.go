package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

type campaignFilters struct {
	Status   string      `json:"status,omitempty" jsonschema:"enum=draft,enum=active,enum=paused,enum=completed,enum=cancelled" jsonschema_description:"Only campaigns in this status." alias:"state,campaign_status"`
	Type     string      `json:"campaign_type,omitempty" jsonschema:"enum=sales,enum=follow_up,enum=reminder,enum=custom" jsonschema_description:"Only campaigns of this type." alias:"type,kind"`
	AgentID  string      `json:"agent_id,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Only campaigns of the agent with this id." alias:"agent,agent_name"`
	DateFrom schema.Date `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD." alias:"from,start,since,start_date"`
	DateTo   schema.Date `json:"date_to,omitempty" jsonschema_description:"Last day, included." alias:"to,end,until,end_date"`
	Search   string      `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a name or description." alias:"q,query,name,campaign,campaign_name,description,filter"`
}

// Validate implements [schema.Validator].
func (f *campaignFilters) Validate() []schema.Fault {
	return (&callFilters{DateFrom: f.DateFrom, DateTo: f.DateTo}).Validate()
}

func (f campaignFilters) String() string {
	return filterText("status", f.Status, "campaign_type", f.Type, "agent_id", quoted(f.AgentID),
		"date_from", string(f.DateFrom), "date_to", string(f.DateTo), "search", quoted(f.Search))
}

type listCampaignsInput struct {
	campaignFilters
	pageInput
}

type listCampaignsOutput = listing[campaignFilters, listCampaignsInput]

// campaignColumns are the columns of a table of campaigns. Those that a long page
// has no room for go from the end.
var campaignColumns = []string{
	"campaign", "id", "status", "type", "start", "calls", "completed", "failed", "success_rate", "agent", "hours", "retries",
}

// listCampaigns is the tool for how campaigns do.
func listCampaigns() tool[listCampaignsInput, *listCampaignsOutput] {
	return tool[listCampaignsInput, *listCampaignsOutput]{
		name:        "list_campaigns",
		title:       "List campaigns",
		description: "Lists the account's calling campaigns with their status, hours, agent and Talkover's own count of their calls and success.",
		limit:       pageTime,
		run: func(ctx context.Context, c Config, in listCampaignsInput) (*listCampaignsOutput, error) {
			in.pageInput = in.whole()
			page, err := c.Client.ListCampaigns(ctx, talkover.CampaignQuery{
				Status: in.Status, Type: in.Type, AgentID: in.AgentID, Search: in.Search,
				DateFrom: string(in.DateFrom), DateTo: string(in.DateTo), PerPage: in.PerPage, Page: in.Page,
			})
			if err != nil {
				return nil, err
			}
			return c.listCampaignsAnswer(in, page), nil
		},
	}
}

func (c Config) listCampaignsAnswer(in listCampaignsInput, page talkover.Page[talkover.Campaign]) *listCampaignsOutput {
	m := mask(c.MaskNumbers)
	asked := in.campaignFilters
	in.Search, in.AgentID = m.search(in.Search), m.search(in.AgentID)
	out := &listCampaignsOutput{thing: "campaign", Filters: echo[campaignFilters]{in.campaignFilters}, Columns: campaignColumns, Rows: []row{}, frame: c.frame()}
	strangers := 0
	for _, k := range page.Rows[:min(len(page.Rows), in.PerPage)] {
		if asked.Status != "" && k.Status != asked.Status || asked.Type != "" && k.Type != asked.Type || asked.AgentID != "" && k.Agent.ID != asked.AgentID {
			strangers++
		}
		out.Rows = append(out.Rows, row{
			m.words(k.Name), k.ID, k.Status, k.Type, k.StartDate, k.Calls, k.Completed, k.Failed, k.SuccessRate,
			m.words(k.Agent.Display()), hours(k), retries(k),
		})
	}
	if next := out.place(&out.frame, in.pageInput, len(out.Rows), "campaigns", page.Pagination); next != 0 {
		in.Page, out.next = next, next
		out.Next = &echo[listCampaignsInput]{in}
	}
	out.noteRows(page.Unreadable, strangers)
	out.fit(5)
	return out
}

// hours is when a campaign calls, such as "Mon Tue 09:00-17:30 Europe/London".
func hours(k talkover.Campaign) string {
	var parts []string
	for _, day := range k.Weekdays {
		parts = append(parts, stats.Weekdays[day-1])
	}
	if len(parts) == 7 {
		parts = []string{"daily"}
	}
	if k.Earliest != "" || k.Latest != "" {
		parts = append(parts, k.Earliest+"-"+k.Latest)
	}
	if k.Timezone != "" {
		parts = append(parts, k.Timezone)
	}
	return strings.Join(parts, " ")
}

// retries is how often a campaign tries again, such as "3 every 24 h".
func retries(k talkover.Campaign) string {
	if k.MaxRetries == 0 {
		return ""
	}
	return fmt.Sprintf("%d every %d h", k.MaxRetries, k.Cooldown)
}

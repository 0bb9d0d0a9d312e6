package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
)

type campaignFilters struct {
	Status   campaignStatus `json:"status,omitempty" jsonschema_description:"Only campaigns in this status." alias:"state,campaign_status"`
	Type     campaignType   `json:"campaign_type,omitempty" jsonschema_description:"Only campaigns of this type." alias:"type,kind"`
	AgentID  needle         `json:"agent_id,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Only campaigns of the agent with this id." alias:"agent,agent_name"`
	DateFrom schema.Date    `json:"date_from,omitempty" jsonschema_description:"First day, YYYY-MM-DD." alias:"from,start,since,start_date"`
	DateTo   schema.Date    `json:"date_to,omitempty" jsonschema_description:"Last day, included." alias:"to,end,until,end_date"`
	Search   needle         `json:"search,omitempty" jsonschema:"maxLength=100" jsonschema_description:"Part of a name or description." alias:"q,query,name,campaign,campaign_name,description,filter"`
}

type (
	campaignStatus string // of talkover.CampaignStatuses
	campaignType   string // of talkover.CampaignTypes
)

// JSONSchema implements the hook of invopop/jsonschema.
func (campaignStatus) JSONSchema() *jsonschema.Schema { return schema.OneOf(talkover.CampaignStatuses) }

// JSONSchema implements the hook of invopop/jsonschema.
func (campaignType) JSONSchema() *jsonschema.Schema { return schema.OneOf(talkover.CampaignTypes) }

// Validate implements [schema.Validator].
func (f *campaignFilters) Validate() []schema.Fault { return inOrder(f.DateFrom, f.DateTo) }

// fit reports whether a campaign fits the filters, as far as its row tells.
func (f campaignFilters) fit(c talkover.Campaign) bool {
	return (f.Status == "" || c.Status == string(f.Status)) && (f.Type == "" || c.Type == string(f.Type)) && (f.AgentID == "" || c.Agent.ID == string(f.AgentID))
}

type listCampaignsInput struct {
	campaignFilters
	pageInput
}

// named implements [namer].
func (in listCampaignsInput) named() needle { return in.Search }

// turn returns the arguments of another page.
func (in listCampaignsInput) turn(page pageInput) listCampaignsInput {
	in.pageInput = page
	return in
}

type listCampaignsOutput = listing[campaignFilters, listCampaignsInput]

// campaignColumns lists the columns of a table of campaigns. A long page has no room for
// the last ones.
var campaignColumns = []column[talkover.Campaign]{
	{"campaign", func(c talkover.Campaign) cell { return words(c.Name) }},
	{"id", func(c talkover.Campaign) cell { return handle(c.ID) }},
	{"status", func(c talkover.Campaign) cell { return words(c.Status) }},
	{"type", func(c talkover.Campaign) cell { return words(c.Type) }},
	{"start", func(c talkover.Campaign) cell { return words(c.StartDate) }},
	{"calls", func(c talkover.Campaign) cell { return count(c.Calls) }},
	{"completed", func(c talkover.Campaign) cell { return count(c.Completed) }},
	{"failed", func(c talkover.Campaign) cell { return count(c.Failed) }},
	{"success_rate", func(c talkover.Campaign) cell { return decimal(c.SuccessRate) }},
	{"agent", func(c talkover.Campaign) cell { return words(labels{}.show(c.Agent)) }},
	{"hours", func(c talkover.Campaign) cell { return words(hours(c)) }},
	{"retries", func(c talkover.Campaign) cell { return words(retries(c)) }},
}

// listCampaigns makes the tool that says how campaigns do.
func listCampaigns() tool[listCampaignsInput, *listCampaignsOutput] {
	return tool[listCampaignsInput, *listCampaignsOutput]{
		name:        "list_campaigns",
		title:       "List campaigns",
		description: "Lists the account's calling campaigns with their status, hours, agent and Talkover's own count of their calls and success.",
		limit:       pageTime,
		run: func(ctx context.Context, q *question, in listCampaignsInput) (*listCampaignsOutput, error) {
			in = in.turn(in.whole())
			page, err := q.client.ListCampaigns(ctx, talkover.CampaignQuery{
				Status: string(in.Status), Type: string(in.Type), AgentID: string(in.AgentID), Search: string(in.Search),
				DateFrom: string(in.DateFrom), DateTo: string(in.DateTo), PerPage: in.PerPage, Page: in.Page,
			})
			if err != nil {
				return nil, err
			}
			out, _ := newListing(q.frame(), list[talkover.Campaign, campaignFilters]{
				thing: "campaign", columns: campaignColumns, fits: campaignFilters.fit, least: 5,
			}, in.campaignFilters, in.pageInput, page, in.turn)
			return &out, nil
		},
	}
}

// hours writes when a campaign calls, such as "Mon Tue 09:00-17:30 Europe/London".
func hours(c talkover.Campaign) string {
	var parts []string
	for _, day := range c.Weekdays {
		parts = append(parts, stats.Weekdays[day-1])
	}
	if len(parts) == 7 {
		parts = []string{"daily"}
	}
	if c.Earliest != "" || c.Latest != "" {
		parts = append(parts, c.Earliest+"-"+c.Latest)
	}
	if c.Timezone != "" {
		parts = append(parts, c.Timezone)
	}
	return strings.Join(parts, " ")
}

// retries writes how often a campaign tries again, such as "3 every 24 h".
func retries(c talkover.Campaign) string {
	if c.MaxRetries == 0 {
		return ""
	}
	return fmt.Sprintf("%d every %d h", c.MaxRetries, c.Cooldown)
}

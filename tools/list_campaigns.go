package tools

import (
	"context"
	"fmt"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/talkover/talkover-mcp/schema"
	"github.com/talkover/talkover-mcp/talkover"
	"github.com/talkover/talkover-mcp/talkover/stats"
	"github.com/talkover/talkover-mcp/tools/answer"
	"github.com/talkover/talkover-mcp/tools/query"
)

type campaignFilters struct {
	Status   campaignStatus    `json:"status,omitempty" desc:"Only campaigns in this status."`
	Type     campaignType      `json:"campaign_type,omitempty" desc:"Only campaigns of this type." alias:"type,kind"`
	AgentID  answer.SearchTerm `json:"agent_id,omitempty" jsonschema:"maxLength=100"`
	DateFrom schema.Date       `json:"date_from,omitempty" desc:"First day, YYYY-MM-DD."`
	DateTo   schema.Date       `json:"date_to,omitempty" desc:"Last day, included." alias:"to,end,until,end_date"`
	Search   answer.SearchTerm `json:"search,omitempty" jsonschema:"maxLength=100" masked:"name"`
}

// Tags implements [schema.Tagged].
func (campaignFilters) Tags() schema.Tags {
	return schema.Tags{
		"status":    `alias:"state,campaign_status"`,
		"agent_id":  `desc:"Only campaigns of the agent with this id." alias:"agent,agent_name"`,
		"date_from": `alias:"from,start,since,start_date"`,
		"search": `desc:"Part of a name or description." ` +
			`alias:"q,query,name,campaign,campaign_name,description,filter"`,
	}
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
func (f *campaignFilters) Validate() schema.Faults { return query.InOrder(f.DateFrom, f.DateTo) }

// fit reports whether a campaign fits the filters, as far as its row tells.
func (f campaignFilters) fit(c talkover.Campaign) bool {
	return (f.Status == "" || c.Status == string(f.Status)) && (f.Type == "" || c.Type == string(f.Type)) &&
		(f.AgentID == "" || c.Agent.ID == string(f.AgentID))
}

type listCampaignsInput struct {
	campaignFilters
	answer.PageInput
}

type listCampaignsOutput = answer.Listing[campaignFilters, listCampaignsInput]

// campaignColumns lists the columns of a table of campaigns. A long page has no room for
// the last ones.
func campaignColumns(c talkover.Campaign, add func(string, answer.Cell)) {
	add("campaign", answer.ForeignText(c.Name))
	add("id", answer.OpaqueID(c.ID))
	add("status", answer.ForeignText(c.Status))
	add("type", answer.ForeignText(c.Type))
	add("start", answer.ForeignText(c.StartDate))
	add("calls", answer.Count(c.Calls))
	add("completed", answer.Count(c.Completed))
	add("failed", answer.Count(c.Failed))
	add("success_rate", answer.Decimal(c.SuccessRate))
	add("agent", answer.ForeignText(answer.Labels{}.Show(c.Agent)))
	add("hours", answer.ForeignText(hours(c)))
	add("retries", answer.ForeignText(retries(c)))
}

// listCampaigns is the tool that says how campaigns do.
var listCampaigns = tool[listCampaignsInput, *listCampaignsOutput]{
	name:  "list_campaigns",
	title: "List campaigns",
	description: "Lists the account's calling campaigns with their status, hours, agent and Talkover's own " +
		"count of their calls and success.",
	limit: pageTime,
	run: func(ctx context.Context, q *query.Question, in listCampaignsInput) (*listCampaignsOutput, error) {
		in.At()
		page, err := q.Client.ListCampaigns(ctx, talkover.CampaignQuery{
			Status: string(in.Status), Type: string(in.Type), AgentID: string(in.AgentID),
			Search:   string(in.Search),
			DateFrom: string(in.DateFrom), DateTo: string(in.DateTo), PerPage: in.PerPage, Page: in.Page,
		})
		if err != nil {
			return nil, err
		}
		out, _ := answer.NewListing(q.Frame(), answer.List[talkover.Campaign, campaignFilters]{
			Thing: "campaign", Columns: campaignColumns, Fits: campaignFilters.fit, Least: 5,
		}, in.campaignFilters, in, page)
		return &out, nil
	},
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

package talkover

import (
	"cmp"
	"context"
)

// CampaignStatuses and CampaignTypes list the values of the filters of List Campaigns.
// Do not change them.
var (
	CampaignStatuses = []string{"draft", "active", "paused", "completed", "cancelled"}
	CampaignTypes    = []string{"sales", "follow_up", "reminder", "custom"}
)

// Campaign holds one row of the list of campaigns. Strings are cleaned (see [Clean]).
type Campaign struct {
	ID         string   `api:"id,64"`
	Name       string   `api:"name,120"`
	Status     string   `api:"status,32"`             // one of CampaignStatuses
	Type       string   `api:"campaign_type,32"`      // one of CampaignTypes
	StartDate  string   `api:"start_date,32"`         // as the API writes it
	Weekdays   weekdays `api:"days_of_week"`          // on which it calls; 1 is Monday
	Earliest   string   `api:"earliest_call_time,32"` // time of the day, as the API writes it
	Latest     string   `api:"latest_call_time,32"`
	Timezone   string   `api:"timezone,32"`
	Agent      Agent    `api:"agent"`
	MaxRetries int      `api:"max_retries"`
	Cooldown   int      `api:"retry_cooldown_hours"` // hours between two tries

	_           wrapper `api:"stats"`
	Calls       int     `api:"total_calls"` // as the API counts them, and so the rest
	Completed   int     `api:"completed_calls"`
	Failed      int     `api:"failed_calls"`
	SuccessRate float64 `api:"success_rate"` // per cent
}

// weekdays holds the numbers of days, from 1 for Monday to 7 for Sunday.
type weekdays []int

// read implements [reader]. Sunday may be 0, too.
func (w *weekdays) read(d decoder) (bool, error) {
	*w = nil
	return d.array(func() error {
		day := 0
		ok, err := d.value(&day, 7)
		if ok && len(*w) < 7 {
			*w = append(*w, cmp.Or(day, 7))
		}
		return err
	})
}

// Key returns the id; it is empty for a row without one.
func (c Campaign) Key() string { return c.ID }

// CampaignQuery holds the parameters of List Campaigns. A zero field is not sent.
type CampaignQuery struct {
	Status   string `param:"status"`        // one of CampaignStatuses
	Type     string `param:"campaign_type"` // one of CampaignTypes
	AgentID  string `param:"agent_id"`
	DateFrom string `param:"date_from"` // YYYY-MM-DD
	DateTo   string `param:"date_to"`   // YYYY-MM-DD
	Search   string `param:"search"`    // part of a name or description
	PerPage  int    `param:"per_page"`  // 1 to MaxPerPage
	Page     int    `param:"page"`      // from 1
}

// onPage asks for a full page.
func (q CampaignQuery) onPage(n int) CampaignQuery {
	q.Page, q.PerPage = n, MaxPerPage
	return q
}

// ListCampaigns fetches one page of the account's campaigns. The error is an
// [*Error], or that of ctx.
func (c *Client) ListCampaigns(ctx context.Context, q CampaignQuery) (Page[Campaign], error) {
	return getList(ctx, c, "campaigns", values(q), Campaign{})
}

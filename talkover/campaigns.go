package talkover

import (
	"context"
	"math"
)

// CampaignStatuses and CampaignTypes list the values of the filters of List Campaigns.
// Do not change them.
var (
	CampaignStatuses = []string{"draft", "active", "paused", "completed", "cancelled"}
	CampaignTypes    = []string{"sales", "follow_up", "reminder", "custom"}
)

// Campaign holds one row of the list of campaigns. Strings are cleaned (see [Clean]).
type Campaign struct {
	ID         string
	Name       string
	Status     string // one of CampaignStatuses
	Type       string // one of CampaignTypes
	StartDate  string // as the API writes it
	Weekdays   []int  // on which it calls; 1 is Monday
	Earliest   string // time of the day, as the API writes it
	Latest     string
	Timezone   string
	Agent      Agent
	MaxRetries int
	Cooldown   int // hours between two tries

	Calls       int // as the API counts them, and so the rest
	Completed   int
	Failed      int
	SuccessRate float64 // per cent
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
	return getList(ctx, c, "campaigns", values(q), readCampaign)
}

// readCampaign reads one row. It reports false, having skipped the value, where no
// object comes.
func readCampaign(d decoder) (Campaign, bool, error) {
	var c Campaign
	ok, err := d.object(func(name []byte) (err error) {
		switch string(name) {
		case "id":
			_, err = d.text(maxID, &c.ID)
		case "name":
			_, err = d.text(maxName, &c.Name)
		case "status":
			_, err = d.text(maxStatus, &c.Status)
		case "campaign_type":
			_, err = d.text(maxStatus, &c.Type)
		case "start_date":
			_, err = d.text(maxStatus, &c.StartDate)
		case "days_of_week":
			c.Weekdays = nil
			_, err = d.array(func() error { return readWeekday(d, &c.Weekdays) })
		case "earliest_call_time":
			_, err = d.text(maxStatus, &c.Earliest)
		case "latest_call_time":
			_, err = d.text(maxStatus, &c.Latest)
		case "timezone":
			_, err = d.text(maxStatus, &c.Timezone)
		case "agent":
			_, err = readAgent(d, &c.Agent)
		case "max_retries":
			_, err = d.integer(math.MaxInt32, &c.MaxRetries)
		case "retry_cooldown_hours":
			_, err = d.integer(math.MaxInt32, &c.Cooldown)
		case "stats":
			_, err = d.object(func(name []byte) error { return c.readStats(d, string(name)) })
		default:
			err = d.SkipValue()
		}
		return err
	})
	return c, ok, err
}

func (c *Campaign) readStats(d decoder, name string) (err error) {
	switch name {
	case "total_calls":
		_, err = d.integer(math.MaxInt32, &c.Calls)
	case "completed_calls":
		_, err = d.integer(math.MaxInt32, &c.Completed)
	case "failed_calls":
		_, err = d.integer(math.MaxInt32, &c.Failed)
	case "success_rate":
		_, err = d.decimal(&c.SuccessRate)
	default:
		err = d.SkipValue()
	}
	return err
}

// readWeekday reads a day's number; Sunday may be 0 or 7.
func readWeekday(d decoder, into *[]int) error {
	var day int
	if ok, err := d.integer(7, &day); err != nil || !ok {
		return err
	}
	if day == 0 {
		day = 7
	}
	if len(*into) < 7 {
		*into = append(*into, day)
	}
	return nil
}

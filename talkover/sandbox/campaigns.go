package sandbox

import (
	"math"
	"net/http"
	"strings"
	"time"
)

// Campaign is a row of the account's campaigns, in the vendor's own JSON.
type Campaign struct {
	ID            int           `json:"id"`
	Name          string        `json:"name"`
	Description   string        `json:"description"`
	Status        string        `json:"status"`
	Type          string        `json:"campaign_type"`
	StartDate     string        `json:"start_date"`
	Weekdays      []int         `json:"days_of_week"` // 1 is Monday
	Earliest      string        `json:"earliest_call_time"`
	Latest        string        `json:"latest_call_time"`
	Timezone      string        `json:"timezone"`
	Agent         *Agent        `json:"agent"`
	MaxRetries    int           `json:"max_retries"`
	CooldownHours int           `json:"retry_cooldown_hours"`
	Stats         CampaignStats `json:"stats"`
}

// CampaignStats sums up the calls of a campaign.
type CampaignStats struct {
	Calls       int     `json:"total_calls"`
	Completed   int     `json:"completed_calls"`
	Failed      int     `json:"failed_calls"`
	SuccessRate float64 `json:"success_rate"` // per cent
}

// campaigns invents the account's campaigns. Their figures are those of the
// outbound calls of their agents since they began.
func (a *Account) campaigns() []Campaign {
	workdays := []int{1, 2, 3, 4, 5}
	all := []Campaign{
		{ID: 41, Name: "Autumn outreach", Description: "New customers in the UK and the US.", Status: "active", Type: "sales",
			StartDate: a.daysAgo(45), Weekdays: workdays, Earliest: "09:00", Latest: "17:30", Timezone: "Europe/London", Agent: sales, MaxRetries: 3, CooldownHours: 24},
		{ID: 42, Name: "Appointment reminders", Description: "The day before an appointment.", Status: "active", Type: "reminder",
			StartDate: a.daysAgo(30), Weekdays: []int{1, 2, 3, 4, 5, 6}, Earliest: "08:00", Latest: "19:00", Timezone: "America/New_York", Agent: reminders, MaxRetries: 2, CooldownHours: 4},
		{ID: 43, Name: "Winter follow-up", Description: "Contacts of the autumn who asked for time.", Status: "draft", Type: "follow_up",
			StartDate: a.daysAgo(-20), Weekdays: workdays, Earliest: "10:00", Latest: "16:00", Timezone: "Europe/London", Agent: sales, MaxRetries: 1, CooldownHours: 48},
		{ID: 37, Name: "Customer survey", Description: "How was it?", Status: "completed", Type: "custom",
			StartDate: a.daysAgo(59), Weekdays: workdays, Earliest: "09:00", Latest: "18:00", Timezone: "America/New_York", MaxRetries: 1, CooldownHours: 24},
	}
	for i := range all {
		all[i].Stats = a.statsOf(&all[i])
	}
	return all
}

func (a *Account) daysAgo(n int) string { return a.now.AddDate(0, 0, -n).Format(time.DateOnly) }

func (a *Account) statsOf(c *Campaign) (s CampaignStats) {
	for _, call := range a.Calls {
		same := call.Agent == c.Agent // surveys was deleted, and nil in both
		if !same || call.Direction != "outbound" || call.IsTesting || call.CreatedAt.Format(time.DateOnly) < c.StartDate {
			continue
		}
		s.Calls++
		switch call.Status {
		case "completed":
			s.Completed++
		case "failed":
			s.Failed++
		}
	}
	if s.Calls > 0 {
		s.SuccessRate = math.Round(1000*float64(s.Completed)/float64(s.Calls)) / 10
	}
	return s
}

func (a *Account) listCampaigns(w http.ResponseWriter, r *http.Request) {
	q := validator{query: r.URL.Query(), errors: map[string][]string{}}
	status := q.oneOf("status", []string{"draft", "active", "paused", "completed", "cancelled"})
	kind := q.oneOf("campaign_type", []string{"sales", "follow_up", "reminder", "custom"})
	from, to := q.date("date_from"), q.date("date_to")
	page, perPage := q.page()
	if q.refuses(w) {
		return
	}
	agent, search := q.query.Get("agent_id"), strings.ToLower(q.query.Get("search"))
	rows, p := paginate(a.Campaigns, page, perPage, func(c *Campaign) bool {
		return (status == "" || c.Status == status) && (kind == "" || c.Type == kind) &&
			(agent == "" || c.Agent != nil && c.Agent.ID == agent) &&
			(from.IsZero() || c.StartDate >= from.Format(time.DateOnly)) &&
			(to.IsZero() || c.StartDate <= to.Format(time.DateOnly)) &&
			(search == "" || strings.Contains(strings.ToLower(c.Name+"\n"+c.Description), search))
	})
	reply(w, http.StatusOK, list[Campaign]{Success: true, Data: rows, Pagination: p})
}

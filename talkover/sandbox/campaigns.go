package sandbox

import (
	"math"
	"time"

	"github.com/talkover/talkover-mcp/talkover"
)

// Campaign holds a row of the account's campaigns, in the vendor's own JSON.
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

// campaignsOf invents the campaigns of an account as it stands at now. Their figures
// count the outbound calls of their agents since they began.
func campaignsOf(calls []Call, now time.Time) []Campaign {
	daysAgo := func(n int) string { return now.AddDate(0, 0, -n).Format(time.DateOnly) }
	workdays := []int{1, 2, 3, 4, 5}
	all := []Campaign{
		{ID: 41, Name: "Autumn outreach",
			Description: "New customers in the UK and the US.", Status: "active", Type: "sales",
			StartDate: daysAgo(45), Weekdays: workdays,
			Earliest: "09:00", Latest: "17:30", Timezone: "Europe/London",
			Agent: sales, MaxRetries: 3, CooldownHours: 24},
		{ID: 42, Name: "Appointment reminders",
			Description: "The day before an appointment.", Status: "active", Type: "reminder",
			StartDate: daysAgo(30), Weekdays: append(workdays, 6),
			Earliest: "08:00", Latest: "19:00", Timezone: "America/New_York",
			Agent: reminders, MaxRetries: 2, CooldownHours: 4},
		{ID: 43, Name: "Winter follow-up",
			Description: "Contacts of the autumn who asked for time.", Status: "draft", Type: "follow_up",
			StartDate: daysAgo(-20), Weekdays: workdays,
			Earliest: "10:00", Latest: "16:00", Timezone: "Europe/London",
			Agent: sales, MaxRetries: 1, CooldownHours: 48},
		{ID: 37, Name: "Customer survey", Description: "How was it?", Status: "completed", Type: "custom",
			StartDate: daysAgo(59), Weekdays: workdays,
			Earliest: "09:00", Latest: "18:00", Timezone: "America/New_York",
			MaxRetries: 1, CooldownHours: 24},
	}
	for i := range all {
		all[i].Stats = all[i].statsOf(calls)
	}
	return all
}

func (c *Campaign) statsOf(calls []Call) (s CampaignStats) {
	for _, call := range calls {
		same := call.Agent == c.Agent // surveys was deleted, and nil in both
		began := call.CreatedAt.Format(time.DateOnly) >= c.StartDate
		if !same || !began || call.Direction != talkover.Outbound || call.IsTesting {
			continue
		}
		s.Calls++
		switch call.Status {
		case talkover.StatusCompleted:
			s.Completed++
		case talkover.StatusFailed:
			s.Failed++
		}
	}
	if s.Calls > 0 {
		s.SuccessRate = math.Round(1000*float64(s.Completed)/float64(s.Calls)) / 10
	}
	return s
}

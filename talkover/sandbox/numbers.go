package sandbox

import (
	"net/http"
	"time"
)

// Number holds a row of the account's rented numbers, in the vendor's own JSON.
type Number struct {
	lineOf
	Type        string  `json:"type"`
	IsSandbox   bool    `json:"is_sandbox"`
	MonthlyCost float64 `json:"monthly_renewal_cost"`
	Currency    string  `json:"currency"`
	RenewalDate string  `json:"renewal_date"`
	AutoRenewal bool    `json:"auto_renewal"`
}

// lineOf is what a row of an agent tells of its number.
type lineOf struct {
	ID        int    `json:"id"`
	Number    string `json:"number"`
	Country   string `json:"country_code"`
	Formatted string `json:"formatted_number"`
	Status    string `json:"current_status"`
}

// numbersOf invents the numbers that the account rents at a moment. Two agents may share one,
// with its id.
func numbersOf(now time.Time) []Number {
	var all []Number
	for i, n := range []Number{
		{lineOf: lineOf{Number: mainLine, Country: "US"}, MonthlyCost: 1.15, AutoRenewal: true},
		{lineOf: lineOf{Number: supportLine, Country: "US"}, MonthlyCost: 1.15, AutoRenewal: true},
		{lineOf: lineOf{Number: salesLine, Country: "GB"}, MonthlyCost: 2.4, AutoRenewal: true},
		{lineOf: lineOf{Number: spareLine, Country: "US"}, MonthlyCost: 1.15},
	} {
		n.ID, n.Formatted, n.Status, n.Type, n.Currency = i+1, formatted(n.Number), "active", "voice", "USD"
		n.RenewalDate = now.AddDate(0, 0, 4+7*i).Format(time.DateOnly)
		all = append(all, n)
	}
	return all
}

// listNumbers lists all numbers at once: this list has no pages.
func (a *Account) listNumbers(q *question) {
	q.reply(http.StatusOK, map[string]any{"success": true, "data": append([]Number{}, a.Numbers...)})
}

// minutes tells what a minute of each agent costs, in US dollars.
var minutes = map[string]float64{
	reception.ID: 0.12, support.ID: 0.12, sales.ID: 0.18, reminders.ID: 0.09, intake.ID: 0.12,
}

// price answers what a minute of an agent costs.
func (a *Account) price(q *question) {
	data := map[string]any{"agent_id": q.agent.ID, "currency": "USD", "estimated_cost_per_minute": nil}
	if cost, ok := minutes[q.agent.ID]; ok {
		data["estimated_cost_per_minute"] = cost
	}
	q.reply(http.StatusOK, map[string]any{"success": true, "data": data})
}

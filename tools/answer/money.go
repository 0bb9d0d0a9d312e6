package answer

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
)

// currencyForm is what a currency looks like; other text of Talkover's stays in its cell.
var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// Money adds up amounts by currency.
type Money map[string]float64

// Add adds an amount. It reports false where no amount or no currency is known.
func (m Money) Add(currency string, amount float64) bool {
	if math.IsNaN(amount) || !currencyForm.MatchString(currency) {
		return false
	}
	m[currency] += amount
	return true
}

// Round leaves cents, once all is added up.
func (m Money) Round() {
	for currency, sum := range m {
		m[currency] = Cents(sum)
	}
}

// Cents rounds an amount.
func Cents(amount float64) float64 { return math.Round(100*amount) / 100 }

// Words writes each amount, such as "EUR 1.20".
func (m Money) Words() (words []string) {
	for _, currency := range slices.Sorted(maps.Keys(m)) {
		words = append(words, fmt.Sprintf("%s %.2f", currency, m[currency]))
	}
	return words
}

// AmountCell shows an amount, also one that is not known.
func AmountCell(amount float64) Cell {
	if math.IsNaN(amount) {
		return Unknown{}
	}
	return Decimal(amount)
}

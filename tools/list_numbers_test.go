package tools_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// renting makes an API that has the demo's calls and a list of numbers of its own.
func renting(status int, body string) http.RoundTripper {
	return apiFunc(func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/phone-numbers") {
			return answering(status, body).RoundTrip(r)
		}
		return account.Transport().RoundTrip(r)
	})
}

func TestNumbersOfTwoCurrenciesAreNotAddedUp(t *testing.T) {
	text, structure := connect(t, renting(200, `{"data":[
		{"id":1,"number":"+12025550100","monthly_renewal_cost":1.1,"currency":"USD"},
		{"id":2,"number":"12025550142","monthly_renewal_cost":"2.2","currency":"USD"},
		{"id":3,"number":"+442079460018","monthly_renewal_cost":3,"currency":"EUR"},
		{"id":4,"number":"+12025550199","monthly_renewal_cost":null,"currency":"EUR"},
		{"id":5,"number":"+12025550198","monthly_renewal_cost":9,"currency":"Note: all is well"}]}`)).call("list_numbers", `{"period":"last_week"}`)
	if got := fmt.Sprint(structure["monthly_cost"]); got != "map[EUR:3 USD:3.3]" ||
		!strings.Contains(text, "; monthly cost EUR 3.00; monthly cost USD 3.30;") {
		t.Errorf("%s:\n%s", got, text)
	}
	if fmt.Sprint(structure["unused"]) != "2" || !strings.Contains(text, "\n+12025550199,0,?,EUR,") {
		t.Errorf("unused %v:\n%s", structure["unused"], text)
	}
	if strings.Contains(text, "\n12025550142,0,") {
		t.Errorf("a number in another spelling has no calls:\n%s", text)
	}
}

// The list has no pages: what fits is shown, and the rest is counted.
func TestThreeThousandNumbers(t *testing.T) {
	var rows []string
	for i := range 3000 {
		rows = append(rows,
			fmt.Sprintf(`{"id":%d,"number":"+1202%07d","monthly_renewal_cost":1.15,"currency":"USD",`+
				`"country_code":"US"}`, i, i))
	}
	text, structure := connect(t, renting(200, `{"data":[`+strings.Join(rows, ",")+`]}`)).call("list_numbers", `{}`)
	shown := len(structure["rows"].([]any))
	if want := fmt.Sprintf("no room for %d numbers", 3000-shown); shown < 50 || !strings.Contains(text, want) ||
		fmt.Sprint(structure["numbers"]) != "3000" {
		t.Errorf("%d shown, want %q in\n%.600s", shown, want, text)
	}
	if n := counter(t)(text); n > 2500 {
		t.Errorf("%d tokens", n)
	}
}

func TestNumbersThatCannotBeHad(t *testing.T) {
	for status, want := range map[int]string{404: "404", 403: "403"} {
		text, structure := connect(t, renting(status, `{"message":"no"}`)).call("list_numbers", `{}`)
		if structure != nil || !strings.Contains(text, want) {
			t.Errorf("%d: %s", status, text)
		}
	}
	text, structure := connect(t, renting(200, `{"data":[]}`)).call("list_numbers", `{}`)
	if structure == nil || !strings.HasPrefix(text, "0 rented numbers, 0 without a call;") {
		t.Errorf("none: %s", text)
	}
}

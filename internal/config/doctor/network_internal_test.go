package doctor

import (
	"strings"
	"testing"

	"github.com/talkover/talkover-mcp/talkover"
)

// The doctor never calls Talkover's own address wrong.
func TestDoctorDoesNotBlameTheDefaultAddress(t *testing.T) {
	base, err := talkover.ParseBaseURL("https://app.talkover.ai/api/v1/")
	if err != nil {
		t.Fatal(err)
	}
	d := &doctor{base: base}
	for _, got := range []string{d.wrongAddress(&talkover.Error{Reason: talkover.Refused, Status: 404}), d.orElsewhere()} {
		if strings.Contains(got, "TALKOVER_BASE_URL") {
			t.Error(got)
		}
	}
}

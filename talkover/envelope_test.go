package talkover_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/talkover/talkover-mcp/talkover"
)

func TestPageIsReadInEveryForm(t *testing.T) {
	a, b := talkover.Call{ID: "a", CreatedAt: moment}, talkover.Call{ID: "b", CreatedAt: moment}
	row := func(id string) string { return `{"id":"` + id + `","created_at":"2026-11-05T14:02:09Z"}` }
	rows := row("a") + "," + row("b")
	both := []talkover.Call{a, b}
	full := &talkover.Pagination{CurrentPage: 1, LastPage: 5, PerPage: 2, Total: 10, From: 1}
	past := &talkover.Pagination{CurrentPage: 9, LastPage: 5, PerPage: 2, Total: 10}
	for body, want := range map[string]talkover.Page[talkover.Call]{
		`{"success":true,"data":[` + rows + `],"pagination":{"current_page":1,"last_page":5,"per_page":2,"total":10,"from":1,"to":2}}`:              {Rows: both, Pagination: full},
		`{"pagination":{"current_page":"1","last_page":"5","per_page":"2","total":"10","from":"1","to":2.0},"data":[` + rows + `],"success":"1"}`:   {Rows: both, Pagination: full},
		`{"data":[` + rows + `],"meta":{"current_page":1,"last_page":5,"per_page":2,"total":10,"from":1,"to":2,"path":"x","links":[{"url":null}]}}`: {Rows: both, Pagination: full},
		`{"data":[],"pagination":{"current_page":9,"last_page":5,"per_page":2,"total":10,"from":null,"to":null}}`:                                   {Pagination: past},
		`{"data":null,"pagination":{"current_page":9,"last_page":5,"per_page":2,"total":10,"from":null,"to":null}}`:                                 {Pagination: past},
		`{"data":[` + rows + `],"pagination":{"total":10}}`:                                                                                         {Rows: both, Pagination: &talkover.Pagination{Total: 10}},
		`{"data":[` + rows + `],"pagination":{"total":10,"last_page":{},"per_page":"x","to":-1}}`:                                                   {Rows: both, Pagination: &talkover.Pagination{Total: 10}},
		`{"success":null,"message":null,"data":null,"pagination":null}`:                                                                             {},
		`{"data":[` + rows + `],"pagination":null}`:                                                                                                 {Rows: both},
		`{"data":[` + rows + `],"pagination":[]}`:                                                                                                   {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1}}`:                                                                                   {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1,"total":null}}`:                                                                      {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1,"total":"many"}}`:                                                                    {Rows: both},
		`{"data":[` + rows + `],"pagination":{"current_page":1,"total":-1}}`:                                                                        {Rows: both},
		`{"data":[` + rows + `],"errors":[],"error":null,"links":{"next":null}}`:                                                                    {Rows: both},
		" \n[" + rows + "]\r\n":                    {Rows: both},
		"\ufeff" + `{"data":[` + rows + `]}`:       {Rows: both},
		"\ufeff\ufeff" + `{"data":[` + rows + `]}`: {Rows: both},
		// A filtered list of Laravel.
		`{"data":{"0":` + row("a") + `,"2":` + row("b") + `},"pagination":{"total":10}}`: {Rows: both, Pagination: &talkover.Pagination{Total: 10}},
		`{"data":{"7":null,"12":` + row("a") + `,"13":` + row("b") + `}}`:                {Rows: both, Unreadable: 1},
		`{"success":1,"data":[]}`: {},
		`[` + row("a") + `,null,"b",7,true,[` + row("x") + `],` + row("b") + `]`: {Rows: both, Unreadable: 5},
		`{"data":[{"data":[]},` + rows + `]}`:                                    {Rows: []talkover.Call{{Unread: []string{"created_at"}}, a, b}},
		`{"data":[` + row("a") + `],"data":[` + row("b") + `]}`:                  {Rows: []talkover.Call{b}},
	} {
		page, err := read(t, 200, body)
		if diff := cmp.Diff(want, page); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got)\n%s", body, err, diff)
		}
	}
}

func TestWhatIsNoPageIsMalformed(t *testing.T) {
	const hint = "Reception"
	for _, body := range []string{
		"", " \n", "null", "true", "7", `"Reception"`, "{}", "{", "[", `{"data":[`,
		"<!DOCTYPE html><html><title>Reception</title></html>",
		"[]", "\ufeff[]", "\ufeff", `{"data":{}}`, `{"data":{"id":"Reception"}}`, `{"data":{"0":{"agent":"Reception"},"last":{}}}`,
		`{"data":{"":{"agent":"Reception"}}}`, `{"data":{"calls":[{"agent":"Reception"}]}}`,
		`{"data":[{"agent":"Reception"}`,
		`{"data":[]} Reception`,
		`{"data":[]}{"data":[]}`,
		`{"data":[]}]`,
		`[] []`,
		`{"data":[{"agent":"Reception",}]}`,
		`{"data":[{"agent":"Reception"} {"agent":"Reception"}]}`,
		`{"data":"Reception"}`,
		`{"success":true,"pagination":{"total":0}}`,
		`{'data':[]}`,
		`{"data":[{"duration":012}]}`,
		`{"data":[{"Reception":x}]}`,
		`{"data":` + strings.Repeat("[", 20000),
	} {
		page, err := read(t, 200, body)
		if diff := cmp.Diff(talkover.Page[talkover.Call]{}, page); diff != "" {
			t.Errorf("%.80q: (-want +got)\n%s", body, diff)
		}
		want := talkover.Error{Reason: talkover.Malformed, Status: 200, Attempts: 1}
		if diff := cmp.Diff(want, apiError(t, err), sameError); diff != "" {
			t.Errorf("%.80q: (-want +got)\n%s", body, diff)
		}
		if errors.Unwrap(err) == nil || strings.Contains(err.Error(), hint) || len(err.Error()) > 300 {
			t.Errorf("%.80q: %v, want a cause, and none of the body", body, err)
		}
	}
}

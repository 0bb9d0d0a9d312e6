package transport

import (
	"fmt"
	"slices"
	"strings"
)

// Roles lists what a caller may do. Nil means everything.
type Roles []string

// knownRoles are the roles that a gate can give: to read calls, to take the log away as
// CSV, and to place calls.
var knownRoles = Roles{"read", "export", "place"}

// parseRoles reads roles that are separated by commas.
func parseRoles(s string) (Roles, error) {
	roles := Roles(strings.Split(s, ","))
	for _, role := range roles {
		if !slices.Contains(knownRoles, role) {
			return nil, fmt.Errorf("has a role that is none of %s", strings.Join(knownRoles, ", "))
		}
	}
	return roles, nil
}

// rolesAmong returns the roles among the scopes of a token.
func rolesAmong(scopes []string) Roles {
	roles := Roles{}
	for _, role := range knownRoles {
		if slices.Contains(scopes, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

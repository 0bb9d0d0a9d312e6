package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// The module has a circle of three files, tied by a function, a method and a field, and one of two files. top.go and
// bottom.go are above and below the circles, and a test closes no circle.
const module = `
-- go.mod --
module example.com/house

go 1.26
-- top.go --
package house

import "fmt"

func Top() { fmt.Println(first(), ping(1)) }
-- first.go --
package house

func first() int { return newSecond().third() + bottom }
-- second.go --
package house

type second struct{ size int }

func newSecond() second { return second{} }

func (s second) again() int { return first() }
-- third.go --
package house

func (s second) third() int { return s.size + s.again() }
-- ping.go --
package house

func ping[T any](v T) int { return pong(v) }
-- pong.go --
package house

func pong[T any](v T) int { return ping(v) }
-- bottom.go --
package house

const bottom = 1
-- bottom_test.go --
package house

var _ = first
-- room/room.go --
package room

import "example.com/house"

var Room = house.Top
`

func write(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for _, file := range txtar.Parse([]byte(module)).Files {
		path := filepath.Join(dir, file.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCircles(t *testing.T) {
	dir := write(t)
	for name, test := range map[string]struct {
		all      bool
		patterns []string
		want     string
	}{
		"what closes them": {false, []string{"./..."}, `example.com/house: 7 files, 5 in circles
  a circle of 3: first.go third.go second.go
    second.go closes it with first of first.go
  a circle of 2: ping.go pong.go
    pong.go closes it with ping of ping.go
example.com/house/room: 1 files, 0 in circles

2 packages, 8 files, 5 in circles
`},
		"all uses": {true, []string{"."}, `example.com/house: 7 files, 5 in circles
  a circle of 3: first.go third.go second.go
    first.go uses third of third.go
    first.go uses newSecond of second.go
    third.go uses again, second, size of second.go
    second.go closes it with first of first.go
  a circle of 2: ping.go pong.go
    ping.go uses pong of pong.go
    pong.go closes it with ping of ping.go

1 packages, 7 files, 5 in circles
`},
		"no circle": {false, []string{"./room"}, "example.com/house/room: 1 files, 0 in circles\n\n1 packages, 1 files, 0 in circles\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := run(&out, dir, test.all, test.patterns...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCirclesNeedsCodeThatCompiles(t *testing.T) {
	dir := write(t)
	if err := os.WriteFile(filepath.Join(dir, "bottom.go"), []byte("package house\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(&bytes.Buffer{}, dir, false, "."); err == nil {
		t.Error("no error for a package that does not compile")
	}
}

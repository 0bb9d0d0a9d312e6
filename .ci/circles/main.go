// Command circles shows which files of a package use each other in circles, and the names that close each circle. A reader
// who follows such files comes back to the first one. The command sets no limit: it fails only if the code does not compile.
//
//	go run ./.ci/circles [-all] [PACKAGES]
//
// It leaves test files out. It belongs to the module of the product, so that it runs from the root by its path. It uses the
// standard library alone, so that golang.org/x/tools/go/packages does not become a dependency of the product.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	all := flag.Bool("all", false, "print every use within a circle, not only those that close it")
	flag.Parse()
	patterns := flag.Args()
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	if err := run(os.Stdout, ".", *all, patterns...); err != nil {
		fmt.Fprintln(os.Stderr, "circles:", err)
		os.Exit(1)
	}
}

// run reports on the packages that the patterns match, as seen from the folder dir.
func run(out io.Writer, dir string, all bool, patterns ...string) error {
	packages, err := load(dir, patterns)
	if err != nil {
		return err
	}
	files, tied := 0, 0
	for _, p := range packages {
		circles := p.uses.circles(p.files)
		n := 0
		for _, circle := range circles {
			n += len(circle)
		}
		files, tied = files+len(p.files), tied+n
		fmt.Fprintf(out, "%s: %d files, %d in circles\n", p.path, len(p.files), n)
		for _, circle := range circles {
			report(out, p.uses, circle, all)
		}
	}
	fmt.Fprintf(out, "\n%d packages, %d files, %d in circles\n", len(packages), files, tied)
	return nil
}

// report prints one circle: its files, users first, and the uses that point back up. Without those there is no circle.
func report(out io.Writer, u uses, circle []string, all bool) {
	circle = u.order(circle)
	fmt.Fprintf(out, "  a circle of %d: %s\n", len(circle), strings.Join(circle, " "))
	for i, from := range circle {
		for j, to := range circle {
			if len(u[from][to]) == 0 || i < j && !all {
				continue
			}
			verb := "uses"
			if i > j {
				verb = "closes it with"
			}
			names := slices.Sorted(maps.Keys(u[from][to]))
			fmt.Fprintf(out, "    %s %s %s of %s\n", from, verb, strings.Join(names, ", "), to)
		}
	}
}

// uses holds, for each file, the files of its package that it uses, and the names that it uses of each.
type uses map[string]map[string]map[string]bool

// add records that a file uses a name that another file declares.
func (u uses) add(from, to, name string) {
	if from == to {
		return
	}
	if u[from] == nil {
		u[from] = map[string]map[string]bool{}
	}
	if u[from][to] == nil {
		u[from][to] = map[string]bool{}
	}
	u[from][to][name] = true
}

// circles returns the sets of files in which each file reaches every other, the largest set first. It finds them with
// Tarjan's algorithm for strongly connected components.
func (u uses) circles(files []string) [][]string {
	var found [][]string
	var stack []string
	number, low := map[string]int{}, map[string]int{}
	var visit func(string)
	visit = func(file string) {
		number[file] = len(number) + 1
		low[file] = number[file]
		stack = append(stack, file)
		for _, to := range slices.Sorted(maps.Keys(u[file])) {
			if number[to] == 0 {
				visit(to)
				low[file] = min(low[file], low[to])
			} else if slices.Contains(stack, to) {
				low[file] = min(low[file], number[to])
			}
		}
		if low[file] != number[file] {
			return
		}
		start := slices.Index(stack, file)
		if component := slices.Sorted(slices.Values(stack[start:])); len(component) > 1 {
			found = append(found, component)
		}
		stack = stack[:start]
	}
	for _, file := range files {
		if number[file] == 0 {
			visit(file)
		}
	}
	slices.SortStableFunc(found, func(a, b []string) int { return cmp.Compare(len(b), len(a)) })
	return found
}

// order puts users before what they use, so that few names point back up. To find the least number is hard (it is the
// minimum feedback arc set), so order moves single files as long as a move helps.
func (u uses) order(circle []string) []string {
	best := slices.Clone(circle)
	for better := true; better; {
		better = false
		for _, file := range circle {
			for to := range best {
				moved := slices.DeleteFunc(slices.Clone(best), func(f string) bool { return f == file })
				moved = slices.Insert(moved, to, file)
				if u.upwards(moved) < u.upwards(best) {
					best, better = moved, true
				}
			}
		}
	}
	return best
}

// upwards counts the names that files use of the files before them.
func (u uses) upwards(files []string) (n int) {
	for i, from := range files {
		for _, to := range files[:i] {
			n += len(u[from][to])
		}
	}
	return n
}

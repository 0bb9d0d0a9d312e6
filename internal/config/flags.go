package config

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sethvargo/go-envconfig"
	"github.com/spf13/pflag"
)

// AddFlags adds a flag for each setting that has one. Once the flags are parsed, the
// returned Lookuper finds their values by the names of variables. They override the
// environment.
func AddFlags(to *pflag.FlagSet) envconfig.Lookuper {
	env := map[string]string{}
	for _, s := range All() {
		if s.Flag != "" {
			f := to.VarPF(flag{s, env}, s.Flag, "", s.Means)
			if f.Value.Type() == "bool" {
				f.NoOptDefVal = "true"
			}
		}
	}
	return envconfig.MapLookuper(env)
}

// flag implements [pflag.Value] by a variable in env, which [Load] checks.
type flag struct {
	Setting
	env map[string]string
}

// String implements [pflag.Value].
func (f flag) String() string { return cmp.Or(f.env[f.Env], f.Default) }

// Set implements [pflag.Value].
func (f flag) Set(value string) error {
	f.env[f.Env] = value
	return nil
}

// Type implements [pflag.Value]. It names in the help what the flag takes.
func (f flag) Type() string {
	if f.Default == "false" {
		return "bool"
	}
	return f.Takes
}

// Describe writes every setting: its name, what it takes, its default and its meaning.
func Describe(w io.Writer) {
	for _, s := range All() {
		fmt.Fprintf(w, "  %s (%s; default: %s)\n      %s\n", s.Env, s.Takes, cmp.Or(s.Default, "none"), s.Means)
	}
}

// TwoDashes writes -demo as --demo. Documents and hosts have flags with one dash, as the
// standard library takes them; pflag 1.0.9 takes two dashes alone
// (https://github.com/spf13/cobra/issues/2192). A flag of one letter keeps its dash.
func TwoDashes(args []string) []string {
	args = slices.Clone(args)
	for i, arg := range args {
		name, _, _ := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			return args
		case len(name) > 2 && name[0] == '-' && name[1] != '-':
			args[i] = "-" + arg
		}
	}
	return args
}

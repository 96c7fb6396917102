package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/pflag"
)

// parseSettings reads the text of settled.conf into flags: lines "key = value", empty
// lines, and comments that begin with #. An unknown key, a key given twice that is no
// list, and a value that does not parse are errors with their line.
func parseSettings(text string, into *pflag.FlagSet) error {
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := parseSetting(line, into); err != nil {
			return fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	return nil
}

func parseSetting(line string, into *pflag.FlagSet) error {
	key, value, ok := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	if !ok {
		return fmt.Errorf("%.60q is not key = value", line)
	}
	flag := into.Lookup(key)
	if flag == nil {
		return fmt.Errorf("unknown key %.60q", key)
	}
	if _, list := flag.Value.(pflag.SliceValue); flag.Changed && !list {
		return fmt.Errorf("%s stands twice", key)
	}
	if err := into.Set(key, value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// formatSettings returns the text of settled.conf: every key with its meaning, those
// that have their default as comments.
func formatSettings(f *pflag.FlagSet) []byte {
	var b bytes.Buffer
	b.WriteString("# Settings of a node (settled run). Lines are \"key = value\"; # begins a comment.\n" +
		"# Relative paths begin at this directory. A flag of the same name wins.\n")
	f.VisitAll(func(flag *pflag.Flag) {
		_, text := pflag.UnquoteUsage(flag)
		fmt.Fprintf(&b, "\n# %s\n", text)
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			for _, value := range list.GetSlice() {
				fmt.Fprintf(&b, "%s = %s\n", flag.Name, value)
			}
			if len(list.GetSlice()) == 0 {
				fmt.Fprintf(&b, "#%s =\n", flag.Name)
			}
			return
		}
		mark := ""
		if flag.Value.String() == flag.DefValue {
			mark = "#"
		}
		fmt.Fprintf(&b, "%s%s = %s\n", mark, flag.Name, flag.Value)
	})
	return b.Bytes()
}

// loadSettings reads the settings of a directory, lets the command's flags override
// them, and checks the result.
func (h home) loadSettings(command *pflag.FlagSet) (*settings, *pflag.FlagSet, error) {
	s := new(settings)
	f := s.flags()
	text, err := readFile(h.conf(), maxConf)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, hint(usage("%s holds no node", h), "make one with settled init, or try settled dev")
	case err != nil:
		return nil, nil, err
	}
	if err := parseSettings(string(text), f); err != nil {
		return nil, nil, hint(usage("%s %v", h.conf(), err), "the keys are the flags of settled run: settled run --help")
	}
	if err := override(f, command); err != nil {
		return nil, nil, usage("%v", err)
	}
	return s, f, s.check()
}

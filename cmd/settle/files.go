package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/forgepool/settle/api"
)

// readFile reads a file of at most limit bytes. Whoever named a file that cannot be
// read made a wrong call.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usage("%v", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, usage("%v", err)
	}
	if int64(len(data)) > limit {
		return nil, usage("%s: more than %d bytes", name, limit)
	}
	return data, nil
}

// writeFile writes a whole file or nothing: to a neighbour first, then renamed.
func writeFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return usage("%v", err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", name, err), os.Remove(f.Name()))
	}
	return nil
}

// output writes a result to a file, or to standard output when none is named.
func (a *app) output(name string, data []byte, what string) error {
	if name == "" || name == "-" {
		_, err := a.stdout.Write(data)
		return err
	}
	if err := writeFile(name, data, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "%s written to %s\n", what, name)
	return nil
}

// printJSON prints a value as indented JSON.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// print prints a value: as JSON if asked for, else its fields one a line.
func (a *app) print(v any) error {
	if a.json {
		return a.printJSON(v)
	}
	return writeFields(a.stdout, v)
}

// writeFields writes the fields of a struct under the names that they have in JSON.
func writeFields(w io.Writer, v any) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	value := reflect.Indirect(reflect.ValueOf(v))
	for i := range value.NumField() {
		name, options, _ := strings.Cut(value.Type().Field(i).Tag.Get("json"), ",")
		if name == "-" || strings.Contains(options, "omitempty") && value.Field(i).IsZero() {
			continue
		}
		for j, line := range fieldLines(value.Field(i)) {
			if j > 0 {
				name = ""
			}
			fmt.Fprintf(t, "%s\t%s\n", name, line)
		}
	}
	return t.Flush()
}

// fieldLines returns a field as text; a list has a line for each element.
func fieldLines(v reflect.Value) []string {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8 {
		lines := []string{}
		for i := range v.Len() {
			lines = append(lines, fieldText(v.Index(i)))
		}
		if len(lines) == 0 {
			lines = append(lines, "none")
		}
		return lines
	}
	return strings.Split(strings.TrimSuffix(fieldText(v), "\n"), "\n")
}

// fieldText returns a value as its own text if it has one, else as JSON: on one line,
// or indented when it is a body of its own.
func fieldText(v reflect.Value) string {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	if b, ok := v.Interface().([]byte); ok {
		return string(b)
	}
	marshal := json.Marshal
	if v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		marshal = func(v any) ([]byte, error) { return json.MarshalIndent(v, "", "  ") }
	}
	data, err := marshal(api.Readable(v.Interface()))
	if err != nil {
		return fmt.Sprint(v.Interface())
	}
	var text string
	if json.Unmarshal(data, &text) == nil {
		return text
	}
	return string(data)
}

// parseCommented reads JSON in which lines that begin with # are comments. Unknown
// fields are refused, so that a misspelt one cannot be overlooked.
func parseCommented(file []byte, v any) error {
	lines := strings.Split(string(file), "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines[i] = ""
		}
	}
	d := json.NewDecoder(strings.NewReader(strings.Join(lines, "\n")))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the JSON value")
	}
	return nil
}

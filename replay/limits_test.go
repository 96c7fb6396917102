package replay

import (
	"encoding/binary"
	"testing"
)

// checkArgs asks Units, and Run with a limit that stops it before any work.
func checkArgs(t *testing.T, p Program, name string, args, input []byte, bad string) {
	t.Helper()
	if _, ok := p.Units(args, input); ok != (bad == "") {
		t.Errorf("%s: Units ok = %v", name, ok)
	}
	want := Result{Status: Invalid, Field: bad}
	got := p.Run(Task{Args: args, Input: input, MaxUnits: 1})
	if bad == "" {
		if got.Status != OK && got.Status != OverLimit {
			t.Errorf("%s: %v %q, want ok or over-limit", name, got.Status, got.Field)
		}
		return
	}
	if got.Status != want.Status || got.Field != want.Field {
		t.Errorf("%s: %v %q, want invalid %q", name, got.Status, got.Field, bad)
	}
}

// TestUnitsLimit checks that the limit is compared before the work: the first task would
// take hours.
func TestUnitsLimit(t *testing.T) {
	big := mcPlain
	big.paths, big.steps = mcMaxPaths, mcMaxSteps
	if units, ok := (monteCarlo{}).Units(mcArgsOf(big), nil); !ok || units != 1<<38 {
		t.Errorf("units %d, %v, want 2^38", units, ok)
	}
	got := monteCarlo{}.Run(Task{Args: mcArgsOf(big), MaxUnits: 1<<38 - 1})
	if got.Status != OverLimit || got.Units != 0 || got.Output != nil || got.Field != "" {
		t.Errorf("%+v, want over-limit and nothing else", got)
	}
	v := loadVectors(t)
	for _, c := range v.Cases {
		p, ok := built()[c.Family]
		if !ok {
			continue
		}
		task := Task{Seed: v.Seed, Args: c.Args, Input: c.Input.load(t), MaxUnits: c.Units}
		if got := p.Run(task); got.Status != OK {
			t.Errorf("%s at the limit: %v", c.Name, got.Status)
		}
		if task.MaxUnits--; p.Run(task).Status != OverLimit {
			t.Errorf("%s over the limit by one: not over-limit", c.Name)
		}
	}
}

// TestSizeLimits checks arguments and inputs of one byte too many.
func TestSizeLimits(t *testing.T) {
	huge := make([]byte, MaxInput+1)
	binary.LittleEndian.PutUint32(huge, 1)
	v := loadVectors(t)
	seen := make(map[string]bool)
	for _, c := range v.Cases {
		p, ok := built()[c.Family]
		if !ok || seen[c.Family] {
			continue
		}
		seen[c.Family] = true
		if got := p.Run(Task{Args: c.Args, Input: huge}); got.Field != "input" {
			t.Errorf("%s, huge input: %v %q", c.Family, got.Status, got.Field)
		}
		if got := p.Run(Task{Args: huge[:MaxArgs+1], Input: nil}); got.Field != "args" {
			t.Errorf("%s, huge args: %v %q", c.Family, got.Status, got.Field)
		}
	}
}

func TestStatusText(t *testing.T) {
	for s, want := range map[Status]string{OK: "ok", Invalid: "invalid", OverLimit: "over-limit", Unable: "unable", 9: "unknown"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", s, s, want)
		}
	}
}

package settlement

import (
	"testing"

	"github.com/forgepool/settle/codec"
)

// TestTransitions compares all 9 x 9 pairs, and states that do not exist, with the
// sentences of docs/formats/records.md section 6.5 written out.
func TestTransitions(t *testing.T) {
	short := map[[2]codec.State]bool{
		{0, 1}: true, {0, 2}: true, {1, 2}: true, {2, 3}: true, {2, 4}: true, {2, 5}: true,
		{3, 4}: true, {3, 5}: true, {4, 3}: true, {4, 5}: true,
		{1, 7}: true, {2, 7}: true, {3, 7}: true, {4, 7}: true, {5, 7}: true,
	}
	full := map[[2]codec.State]bool{
		{0, 1}: true, {1, 2}: true, {2, 3}: true, {3, 4}: true, {4, 5}: true, {4, 3}: true,
		{1, 7}: true, {2, 7}: true, {3, 7}: true, {4, 7}: true, {5, 7}: true,
	}
	for from := codec.State(0); from < 12; from++ {
		for to := codec.State(0); to < 20; to++ {
			if got := Transition(false, from, to); got != short[[2]codec.State{from, to}] {
				t.Errorf("%v to %v: %v", from, to, got)
			}
			if got := Transition(true, from, to); got != full[[2]codec.State{from, to}] {
				t.Errorf("with every state recorded, %v to %v: %v", from, to, got)
			}
		}
	}
	if Transition(false, 255, 255) || Transition(false, 0, 255) {
		t.Error("a way to or from a state that does not exist")
	}
}

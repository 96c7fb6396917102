package verifier

import (
	"reflect"
	"testing"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// TestOutcomes reads the result of a workload whose every arrival takes three seconds.
func TestOutcomes(t *testing.T) {
	p, ok := replay.BuiltinNamed(replay.ProgramName{Family: "mc", Version: 1, Profile: "eta.v1"})
	if !ok {
		t.Fatal("no eta.v1")
	}
	args := codec.AppendMap(nil, 11)
	for i, v := range []uint64{7, 3 << 16, 0, 0, 0, 0, 0, 0, 0, 0, 0} {
		args = codec.AppendUint(codec.AppendUint(args, uint64(i+1)), v)
	}
	result, err := replay.MergeResult(p, []replay.ShardOutput{{Args: args, Output: p.Run(replay.Task{Args: args}).Output}})
	if err != nil {
		t.Fatal(err)
	}
	const three = 3 << 16
	want := &Outcomes{Count: 7, Mean: three, Min: three, Max: three, Levels: []OutcomeLevel{
		{500_000, three, three}, {900_000, three, three}, {950_000, three, three}, {990_000, three, three}}}
	if got := outcomesOf(result); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	result[10] ^= 1 // another program
	if got := outcomesOf(result); got != nil {
		t.Errorf("another program: %+v", got)
	}
	if got := outcomesOf(nil); got != nil {
		t.Errorf("nothing: %+v", got)
	}
}

package contract

import (
	"slices"
	"strings"

	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/replay"
)

// parameter is one argument of a program under its name in contracts. Numbers are
// integers, and a suffix _q8 or _q16 says how many fractional bits they have; the published
// profiles of mc have decimals.
type parameter struct {
	name   string
	key    uint64 // in the canonical arguments
	append func(b []byte, o *object, name string) []byte
	// fallback is the encoding when the field is left out; nil: it must be there.
	fallback []byte
	plain    string // what package replay calls it
	alias    string // another published name, "" if there is none
	// group are names of which one makes this parameter mandatory.
	group []string
}

var zero, none = codec.AppendUint(nil, 0), codec.AppendArray(nil, 0)

// parameters are the named arguments of each program that has any names
// (docs/formats/import.md section 4), ascending by key.
var parameters = map[replay.ProgramName][]parameter{
	{Family: "mc", Version: 1, Profile: "path.v1"}: {
		{name: "paths", key: 1, append: appendUint, plain: "paths"},
		{name: "steps", key: 2, append: appendUint, plain: "steps"},
		{name: "start_q16", key: 3, append: appendInt, plain: "start"},
		{name: "drift", key: 4, append: appendInt, plain: "drift"},
		{name: "vol", key: 5, append: appendInt, plain: "vol"},
		{name: "kind", key: 6, append: appendUint, plain: "kind"},
		{name: "strike_q16", key: 7, append: appendInt, plain: "strike"},
		{name: "first", key: 8, append: appendUint, fallback: zero, plain: "first"},
		{name: "bins", key: 9, append: appendBins, plain: "bins"},
	},
	{Family: "mc", Version: 1, Profile: "insurance.v1"}: insuranceParameters,
	{Family: "mc", Version: 1, Profile: "eta.v1"}:       etaParameters,
	{Family: "graph", Version: 1, Profile: "pagerank.v1"}: {
		{name: "steps", key: 1, append: appendUint, plain: "steps"},
		{name: "damp_q16", key: 2, append: appendUint, plain: "damp"},
		{name: "seeds", key: 3, append: appendUints, fallback: none, plain: "seeds"},
		{name: "topk", key: 4, append: appendUint, plain: "topk"},
	},
	{Family: "media", Version: 1, Profile: "raster.v1"}: {
		{name: "ops", key: 1, append: appendRasterOps, plain: "ops"},
	},
	{Family: "search", Version: 1, Profile: "rank.v1"}: {
		{name: "tokens", key: 1, append: appendTokens, plain: "tokens"},
		{name: "k1_q16", key: 2, append: appendUint, plain: "k1"},
		{name: "b_q16", key: 3, append: appendUint, plain: "b"},
		{name: "avgdl_q8", key: 4, append: appendUint, plain: "avgdl"},
		{name: "topk", key: 5, append: appendUint, plain: "topk"},
		{name: "first", key: 6, append: appendUint, fallback: zero, plain: "first"},
	},
	{Family: "aggregate", Version: 1, Profile: "group.v1"}: {},
	{Family: "memory", Version: 1, Profile: "kv.v1"}:       {},
}

func appendUint(b []byte, o *object, name string) []byte {
	return codec.AppendUint(b, o.uint(name, 1<<64-1))
}

func appendInt(b []byte, o *object, name string) []byte { return codec.AppendInt(b, o.int(name)) }

func appendUints(b []byte, o *object, name string) []byte {
	list := o.list(name, codec.MaxShards)
	b = codec.AppendArray(b, len(list))
	for i, v := range list {
		b = appendUint(b, single(o, name, i, v), "")
	}
	return b
}

// appendBins reads {"lo_q16", "width_q16", "count"}.
func appendBins(b []byte, o *object, name string) []byte {
	bins := o.object(name)
	b = appendInt(codec.AppendArray(b, 3), bins, "lo_q16")
	b = appendUint(appendUint(b, bins, "width_q16"), bins, "count")
	bins.end()
	return b
}

// appendTokens reads a list of {"token", "idf_q16"}.
func appendTokens(b []byte, o *object, name string) []byte {
	tokens := o.objects(name, codec.MaxShards)
	b = codec.AppendArray(b, len(tokens))
	for _, t := range tokens {
		b = codec.AppendBytes(codec.AppendArray(b, 2), []byte(t.text("token")))
		b = appendUint(b, t, "idf_q16")
		t.end()
	}
	return b
}

// single makes one element of a list readable as the field "".
func single(o *object, name string, i int, v value) *object {
	return newObject(&fields{[]string{""}, []value{v}}, member(o.path, element(name, i)), o.err)
}

// arguments are a workload's, kept so that shards can say how theirs differ.
type arguments struct {
	program   replay.Program
	named     *fields // nil: given as CBOR
	canonical []byte
}

// readArguments reads args of a contract for the program of a name.
func readArguments(name replay.ProgramName, o *object) (arguments, *Error) {
	program, ok := replay.BuiltinNamed(name)
	if !ok {
		return arguments{}, fault(CodeNotBuilt, "op", "%s has no implementation here; there are: %s", name, built())
	}
	a := arguments{program: program}
	var err *Error
	o.err = &err
	if o.has("cbor") {
		a.canonical = o.base64("cbor", replay.MaxArgs)
	} else {
		a.named = o.fields
		a.canonical = a.encode(o)
	}
	o.end()
	if err == nil {
		err = a.check(a.canonical, o.path)
	}
	return a, err
}

// shard returns the canonical arguments of a shard: those of the workload where o is
// nil, with the fields of o in their place, or the CBOR of o.
func (a *arguments) shard(o *object) []byte {
	switch {
	case o == nil:
		return a.canonical
	case o.has("cbor"):
		data := o.base64("cbor", replay.MaxArgs)
		o.end()
		return a.checked(data, o)
	case a.named == nil:
		o.fail(CodeBadArgs, "", "the contract gives its arguments as CBOR, so a shard must do the same")
		return nil
	}
	merged := newObject(overlay(a.named, o.fields), o.path, o.err)
	data := a.encode(merged)
	merged.end()
	return a.checked(data, o)
}

func (a *arguments) checked(data []byte, o *object) []byte {
	if *o.err == nil {
		*o.err = a.check(data, o.path)
	}
	return data
}

// overlay returns the fields of base with those of top in their place.
func overlay(base, top *fields) *fields {
	f := &fields{slices.Clone(base.names), slices.Clone(base.values)}
	for i, name := range top.names {
		if j := slices.Index(f.names, name); j >= 0 {
			f.values[j] = top.values[i]
		} else {
			f.names, f.values = append(f.names, name), append(f.values, top.values[i])
		}
	}
	return f
}

// encode returns the canonical map of named arguments.
func (a *arguments) encode(o *object) []byte {
	list, ok := parameters[a.program.Name()]
	if !ok {
		o.fail(CodeBadArgs, "", "arguments of %s have no names here: give them as {\"cbor\": base64}", a.program.Name())
		return nil
	}
	b := codec.AppendMap(nil, len(list))
	for _, p := range list {
		b = codec.AppendUint(b, p.key)
		name := p.nameIn(o)
		if p.fallback != nil && !o.has(name) && !o.hasAny(p.group) {
			b = append(b, p.fallback...)
		} else {
			b = p.append(b, o, name)
		}
	}
	return b
}

// nameIn returns the name under which an object gives the parameter.
func (p *parameter) nameIn(o *object) string {
	if p.alias == "" || !o.has(p.alias) {
		return p.name
	}
	if o.has(p.name) {
		o.fail(CodeDoubledField, p.alias, "stands twice, also as %s", p.name)
	}
	return p.alias
}

// check asks the program whether it accepts arguments. Where its units follow from
// them it does; else it is run on an empty input, which it refuses after it has read
// the arguments, naming the first thing wrong.
func (a *arguments) check(args []byte, path string) *Error {
	if _, ok := a.program.Units(args, nil); ok {
		return nil
	}
	r := a.program.Run(replay.Task{Args: args, MaxUnits: 1})
	if r.Status != replay.Invalid || !a.isArgument(r.Field) {
		return nil
	}
	return fault(CodeBadArgs, path, "%s does not accept %s", a.program.Name(), r.Field)
}

// isArgument says whether a field that replay blames is one of the arguments.
func (a *arguments) isArgument(field string) bool {
	return field == "args" || slices.ContainsFunc(parameters[a.program.Name()], func(p parameter) bool { return p.plain == field })
}

// built lists the programs that there are.
func built() string {
	var names []string
	for _, p := range replay.Builtins() {
		names = append(names, p.Name().String())
	}
	return strings.Join(names, ", ")
}

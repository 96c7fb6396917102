package replay

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/forgepool/settle/codec"
	"pgregory.net/rapid"
)

// documents returns the input of search@1.
func documents(docs []string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(docs)))
	for _, d := range docs {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(d))), d...)
	}
	return b
}

func search60() []string {
	words := []string{"verify", "Ledger", "node", "credit", "shard", "naïve", "x1"}
	r := rnd(3, 4800)
	docs := make([]string, 60)
	for i := range docs {
		n := int(r[80*i])%70 + 1
		var list []string
		for _, x := range r[80*i+1 : 80*i+1+n] {
			w := words[x%7]
			if x&64 != 0 {
				w += ","
			}
			list = append(list, w)
		}
		docs[i] = strings.Join(list, " ")
	}
	return docs
}

func searchTies() []byte {
	return documents([]string{"x1 7,7 A7", "A7!x1 7 7", "", "...", "zz", strings.Repeat("7 ", 65_600), "a7ï a7", "a7"})
}

// searchArgsOf encodes arguments of search@1.
func searchArgsOf(a searchArgs) []byte {
	b := codec.AppendUint(codec.AppendMap(nil, 6), 1)
	b = codec.AppendArray(b, len(a.tokens))
	for _, t := range a.tokens {
		b = codec.AppendUint(codec.AppendBytes(codec.AppendArray(b, 2), t.text), t.idf)
	}
	for i, v := range []uint64{a.k1, a.b, a.avg, uint64(a.top), a.first} {
		b = codec.AppendUint(codec.AppendUint(b, uint64(i+2)), v)
	}
	return b
}

func twinSearch(a searchArgs, docs []string) []byte {
	isToken := func(c rune) bool {
		return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
	}
	var total uint64
	var top []ranked
	for i, d := range docs {
		runes := make([]rune, len(d)) // one per byte: tokens are made of bytes
		for j := range len(d) {
			runes[j] = rune(d[j])
		}
		count := make(map[string]uint64)
		words := strings.FieldsFunc(string(runes), func(c rune) bool { return !isToken(c) })
		for _, w := range words {
			var b []byte
			for _, c := range w {
				if 'A' <= c && c <= 'Z' {
					c += 32
				}
				b = append(b, byte(c))
			}
			count[string(b)]++
		}
		dl := uint64(len(words))
		total += dl
		k := a.k1 * (65_536 - a.b + a.b*dl*256/a.avg) >> 16
		var score uint64
		for _, q := range a.tokens {
			if tf := min(count[string(q.text)], 65_535); tf > 0 {
				score += q.idf * (tf << 16 * (a.k1 + 65_536) >> 16) / (tf<<16 + k)
			}
		}
		if score > 0 {
			top = append(top, ranked{a.first + uint64(i), score})
		}
	}
	b := codec.AppendUint(codec.AppendUint([]byte{0x83}, uint64(len(docs))), total)
	return appendTwinRanking(b, top, a.top)
}

func searchArgsGen() *rapid.Generator[searchArgs] {
	return rapid.Custom(func(t *rapid.T) searchArgs {
		a := searchArgs{
			k1:    rapid.Uint64Range(0, searchMaxK1).Draw(t, "k1"),
			b:     rapid.Uint64Range(0, searchMaxB).Draw(t, "b"),
			avg:   rapid.Uint64Range(searchMinAvg, searchMaxAvg).Draw(t, "avg"),
			top:   rapid.IntRange(0, 8).Draw(t, "top"),
			first: rapid.Uint64Range(0, searchMaxID-20).Draw(t, "first"),
		}
		texts := rapid.SliceOfNDistinct(rapid.StringMatching("[ab7\u00ef]{1,2}"), 1, 6, rapid.ID).Draw(t, "tokens")
		for _, s := range texts {
			a.tokens = append(a.tokens, queryToken{[]byte(s), rapid.Uint64Range(0, searchMaxIDF).Draw(t, "idf")})
		}
		return a
	})
}

func documentsGen() *rapid.Generator[[]string] {
	doc := rapid.StringMatching("([abAB7\u00ef]{0,3}[ ,.\x00@\\[`{/:]){0,8}[aA]?")
	return rapid.SliceOfN(doc, 1, 12).Filter(func(docs []string) bool { return strings.Join(docs, "") != "" })
}

func TestTwinSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := searchArgsGen().Draw(t, "args")
		docs := documentsGen().Draw(t, "docs")
		units := uint64(len(strings.Join(docs, "")))
		mustRun(t, rankSearch{}, Task{Args: searchArgsOf(a), Input: documents(docs)}, twinSearch(a, docs), units)
	})
}

func TestSearchEdges(t *testing.T) {
	plain := searchArgs{tokens: []queryToken{{[]byte("a"), 1}}, avg: 256, top: 1}
	set := func(change func(a *searchArgs)) searchArgs { a := plain; change(&a); return a }
	token := func(text string, idf uint64) searchArgs {
		return set(func(a *searchArgs) { a.tokens = []queryToken{{[]byte(text), idf}} })
	}
	many := func(n int) searchArgs {
		return set(func(a *searchArgs) {
			a.tokens = nil
			for i := range n {
				a.tokens = append(a.tokens, queryToken{[]byte{'a' + byte(i/26), 'a' + byte(i%26)}, 1})
			}
		})
	}
	full := string(slices.Repeat([]byte{'z'}, 64))
	input := documents([]string{"a b"})
	for _, c := range []struct {
		name string
		args searchArgs
		bad  string
	}{
		{"plain", plain, ""},
		{"no token", many(0), "tokens"},
		{"most tokens", many(64), ""},
		{"too many tokens", many(65), "tokens"},
		{"empty token", token("", 1), "tokens"},
		{"longest token", token(full, 1), ""},
		{"token too long", token(full+"z", 1), "tokens"},
		{"all kinds of bytes", token("09az\x80\xff", 1), ""},
		{"capital", token("A", 1), "tokens"},
		{"zero byte", token("\x00", 1), "tokens"},
		{"before 0", token("/", 1), "tokens"},
		{"after 9", token(":", 1), "tokens"},
		{"before a", token("`", 1), "tokens"},
		{"after z", token("{", 1), "tokens"},
		{"last of ASCII", token("\x7f", 1), "tokens"},
		{"highest idf", token("a", 1<<20), ""},
		{"idf too high", token("a", 1<<20+1), "tokens"},
		{"highest k1", set(func(a *searchArgs) { a.k1 = 1 << 19 }), ""},
		{"k1 too high", set(func(a *searchArgs) { a.k1 = 1<<19 + 1 }), "k1"},
		{"highest b", set(func(a *searchArgs) { a.b = 65_536 }), ""},
		{"b too high", set(func(a *searchArgs) { a.b = 65_537 }), "b"},
		{"avgdl too low", set(func(a *searchArgs) { a.avg = 255 }), "avgdl"},
		{"highest avgdl", set(func(a *searchArgs) { a.avg = 1 << 32 }), ""},
		{"avgdl too high", set(func(a *searchArgs) { a.avg = 1<<32 + 1 }), "avgdl"},
		{"longest ranking", set(func(a *searchArgs) { a.top = 4096 }), ""},
		{"ranking too long", set(func(a *searchArgs) { a.top = 4097 }), "topk"},
		{"last id", set(func(a *searchArgs) { a.first = 1<<63 - 2 }), ""},
		{"id beyond the last", set(func(a *searchArgs) { a.first = 1<<63 - 1 }), "first"},
		{"first id beyond the last", set(func(a *searchArgs) { a.first = 1 << 63 }), "first"},
	} {
		checkArgs(t, rankSearch{}, c.name, searchArgsOf(c.args), input, c.bad)
	}
}

func TestSearchInputs(t *testing.T) {
	args := searchArgsOf(searchArgs{tokens: []queryToken{{[]byte("a"), 1}}, avg: 256})
	good := documents([]string{"a b", ""})
	claim := func(n byte) []byte { b := slices.Clone(good); b[0] = n; return b }
	for name, c := range map[string]struct {
		input []byte
		bad   string
	}{
		"good":                 {good, ""},
		"empty":                {nil, "input"},
		"no document":          {documents(nil), "units"},
		"empty documents only": {documents([]string{"", ""}), "units"},
		"no document, a byte":  {append(documents(nil), 0), "input"},
		"document short":       {good[:len(good)-1], "documents"},
		"byte over":            {append(slices.Clone(good), 0), "input"},
		"document fewer":       {claim(1), "input"},
		"document more":        {claim(3), "documents"},
		"more than heads":      {claim(4), "documents"},
	} {
		got := rankSearch{}.Run(Task{Args: args, Input: c.input})
		if (got.Status == OK) != (c.bad == "") || got.Field != c.bad {
			t.Errorf("%s: %v %q, want field %q", name, got.Status, got.Field, c.bad)
		}
	}
}

func TestShardingSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := searchArgsGen().Draw(t, "args")
		docs := documentsGen().Filter(func(d []string) bool { return !slices.Contains(d, "") }).Draw(t, "docs")
		var shards []Task
		from := 0
		for _, to := range cut(t, len(docs)) {
			s := a
			s.first += uint64(from)
			shards = append(shards, Task{Args: searchArgsOf(s), Input: documents(docs[from:to])})
			from = to
		}
		mustMerge(t, rankSearch{}, Task{Args: searchArgsOf(a), Input: documents(docs)}, shards)
	})
}

func TestMergeRefusesSearch(t *testing.T) {
	p := rankSearch{}
	plain := searchArgs{tokens: []queryToken{{[]byte("a"), 90_000}}, k1: 1 << 16, avg: 256, top: 3, first: 10}
	shard := func(change func(a *searchArgs)) ShardOutput {
		a := plain
		a.tokens = slices.Clone(plain.tokens)
		change(&a)
		args := searchArgsOf(a)
		return ShardOutput{args, p.Run(Task{Args: args, Input: documents([]string{"a", "a a b"})}).Output}
	}
	first := shard(func(*searchArgs) {})
	corrupt(t, p, first)
	for name, change := range map[string]func(a *searchArgs){
		"overlap":     func(a *searchArgs) { a.first = 11 },
		"other token": func(a *searchArgs) { a.tokens[0].text = []byte("b") },
		"other idf":   func(a *searchArgs) { a.tokens[0].idf++ },
		"token more":  func(a *searchArgs) { a.tokens = append(a.tokens, queryToken{[]byte("b"), 1}) },
		"other k1":    func(a *searchArgs) { a.k1++ },
		"other b":     func(a *searchArgs) { a.b++ },
		"other avgdl": func(a *searchArgs) { a.avg++ },
		"other topk":  func(a *searchArgs) { a.top++ },
	} {
		refuse(t, p, name, first, shard(func(a *searchArgs) { a.first = 12; change(a) }))
	}
	if _, err := MergeResult(p, []ShardOutput{first, shard(func(a *searchArgs) { a.first = 99 })}); err != nil {
		t.Errorf("gap between documents: %v", err)
	}
	output := func(docs uint64, lines ...ranked) []byte {
		b := codec.AppendArray(codec.AppendUint(codec.AppendUint([]byte{0x83}, docs), 4), len(lines))
		for _, x := range lines {
			b = codec.AppendUint(codec.AppendUint(append(b, 0x82), x.id), x.score)
		}
		return b
	}
	for name, o := range map[string][]byte{
		"score 0":            output(2, ranked{10, 0}),
		"id too low":         output(2, ranked{9, 1}),
		"id too high":        output(2, ranked{12, 1}),
		"scores rise":        output(2, ranked{10, 1}, ranked{11, 2}),
		"ids fall":           output(2, ranked{11, 1}, ranked{10, 1}),
		"line twice":         output(2, ranked{10, 1}, ranked{10, 1}),
		"ranking too long":   output(4, ranked{10, 4}, ranked{11, 3}, ranked{12, 2}, ranked{13, 1}),
		"too many documents": output(MaxInput/4 + 1),
	} {
		refuse(t, p, name, ShardOutput{first.Args, o})
	}
	endless := codec.AppendArray(codec.AppendUint(codec.AppendUint([]byte{0x83}, 2), 1<<64-1), 0)
	refuse(t, p, "tokens overflow", ShardOutput{first.Args, endless},
		ShardOutput{shard(func(a *searchArgs) { a.first = 12 }).Args, endless})
}

// TestScoreStopsCounting checks that occurrences beyond 65,535 do not raise a score.
func TestScoreStopsCounting(t *testing.T) {
	a := searchArgs{tokens: []queryToken{{[]byte("a"), searchMaxIDF}}, k1: searchMaxK1, b: searchMaxB, avg: searchMinAvg}
	score := func(count uint32) uint64 { return a.score([]uint32{count}, 70_000) }
	if score(65_535) != score(65_536) || score(65_535) != score(70_000) {
		t.Errorf("scores %d, %d, %d, want three times the same", score(65_535), score(65_536), score(70_000))
	}
	if score(65_534) >= score(65_535) {
		t.Errorf("scores %d, %d, want a rise", score(65_534), score(65_535))
	}
}

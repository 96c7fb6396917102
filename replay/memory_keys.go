package replay

// keyRanks holds the different keys of an input in bytewise order, a prefix first.
type keyRanks struct {
	keys  []uint32 // offset of the key of a rank
	ranks []uint32 // rank of the key of a mention: entries of the snapshot first, then operations
}

// rankKeys sorts all keys of an input that has passed its check. The keys that have a rank
// already lie at the front of the list, one of each, where sorted mentions are not needed
// any more.
func rankKeys(in *memoryInput) *keyRanks {
	list := in.allMentions()
	ranks, count := make([]uint32, len(list)), uint32(0)
	s := keySorter{data: in.data, same: func(same []mention) {
		key := same[0].key
		for i := range same {
			ranks[same[i].seq] = count
		}
		list[count].key = key
		count++
	}}
	s.sort(list, 0)
	k := &keyRanks{keys: make([]uint32, count), ranks: ranks}
	for i := range k.keys {
		k.keys[i] = list[i].key
	}
	return k
}

// allMentions returns all places where the input names a key, in order.
func (in *memoryInput) allMentions() []mention {
	list := make([]mention, 0, in.mentions)
	add := func(key uint32) {
		list = append(list, mention{head: keyHead(in.data, key, 0), key: key, seq: uint32(len(list))})
	}
	r := memoryReader{data: in.data, at: 4}
	for range in.entries {
		_, at := r.key()
		r.value()
		add(at)
	}
	r.at = in.opsAt
	for range in.ops {
		op := r.op()
		add(op.key)
		if op.mentions == 2 {
			add(op.end)
		}
	}
	return list
}

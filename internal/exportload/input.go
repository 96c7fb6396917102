package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/internal/devledger"
	"github.com/forgepool/settle/settlement"
)

const (
	shards    = 8
	providers = 3
	customers = 50
)

// maker makes settlements as a hub would: 8 shards, 3 providers, a charge of several
// components, two labels. All ids, seeds and salts differ.
type maker struct {
	components int
	made       uint64
	policy     codec.Hash
	genesis    []byte
	cycle      uint64
}

// newMaker founds a ledger with one node.
func newMaker(components int) (*maker, error) {
	node, sign := client.GenerateKey(codec.UseNode), client.GenerateKey(codec.UseCheckpoint)
	f, err := devledger.Found("bench.example", 1_790_000_000_000, devledger.Policy(devledger.Prices, 0), []*client.Key{node}, sign)
	if err != nil {
		return nil, err
	}
	record, err := codec.DecodeRecord(f.Record)
	if err != nil {
		return nil, err
	}
	var g codec.Genesis
	if err := codec.DecodeGenesis(record.Body, &g); err != nil {
		return nil, err
	}
	return &maker{components: components, genesis: f.Record, policy: codec.BlobHash(g.Policy), cycle: g.Cycles.First}, nil
}

// hash and id are what nobody can compress: they stand for salts, seeds and contents.
func (m *maker) hash(what int) codec.Hash {
	return codec.BlobHash(binary.AppendUvarint(binary.AppendUvarint(nil, m.made), uint64(what)))
}

func (m *maker) id(what int) codec.ID {
	h := m.hash(what)
	return codec.ID(h[:16])
}

// party returns one of few: a party stays who it is.
func party(kind byte, n uint64) (id codec.ID) {
	id[0], id[15] = kind, byte(n)
	return id
}

// next returns a settlement's record and its blobs.
func (m *maker) next() (record []byte, blobs [][]byte, err error) {
	m.made++
	s := &codec.Settlement{ID: m.id(1), At: 1_790_000_000_000 + m.made, Cycle: m.cycle, Author: party(7, 1), Workload: m.id(2), Policy: m.policy,
		Program: codec.Program{Kind: 0, Family: "mc", Version: 1, Profile: "path.v1"}, Class: 1, Seed: m.hash(3), Args: codec.Blob{Hash: m.hash(4), Size: 300},
		Result: codec.Blob{Hash: m.hash(5), Size: 4_096}, Event: m.hash(6), Disclosures: []codec.Hash{}, Artifacts: []codec.Artifact{}, PlanProof: []codec.Hash{}}
	s.Times = codec.Times{Requested: s.At - 9_000, Planned: s.At - 8_000, Started: s.At - 7_000 + m.made%999, Verified: s.At - 500, Finalized: s.At - 100}
	customer := party(3, m.made%customers)
	blob, hash := codec.Seal(m.id(7), customer)
	s.Customer, blobs = hash, append(blobs, blob)
	detail, err := m.detail(s, customer)
	if err != nil {
		return nil, nil, err
	}
	manifest, err := m.manifest(s)
	if err != nil {
		return nil, nil, err
	}
	blobs = append(blobs, detail, manifest, m.labels(s))
	return codec.EncodeRecord(&codec.Record{Version: 1, Kind: codec.KindSettlement, Body: codec.EncodeSettlement(s)}), blobs, nil
}

// detail prices the work and divides the charge.
func (m *maker) detail(s *codec.Settlement, customer codec.ID) ([]byte, error) {
	d := &codec.Detail{Salt: m.hash(10)}
	for i := range m.components {
		c := codec.Component{Code: uint64(i%7 + 1), Qty: 1_000 + m.made%1_000, Unit: uint64(i/7 + 1), Num: uint64(37 + i), Den: 10}
		c.Amount = c.Qty * c.Num / c.Den
		s.Charge += c.Amount
		d.Components = append(d.Components, c)
	}
	d.Postings = append(d.Postings, codec.Posting{Role: codec.RoleCustomer, Party: customer, Side: codec.Debit, Amount: s.Charge, Salt: m.id(11)})
	weights := []uint64{3, 3, 2}
	for i, amount := range settlement.SplitPool(s.Charge, weights) {
		units, base, count, ppm := weights[i]*1_000, uint64(i)*3_000, weights[i], uint64(1_000_000)
		d.Postings = append(d.Postings, codec.Posting{Line: uint64(i + 1), Role: codec.RoleProvider, Party: party(1, uint64(i)), Side: codec.Credit, Amount: amount,
			Units: &units, UnitBase: &base, Shards: &count, Weight: &ppm, Salt: m.id(12 + i)})
	}
	root, _, _, err := settlement.PostingsRoot(d.Postings)
	blob := codec.EncodeDetail(d)
	s.Split, s.Postings, s.Detail = codec.Split{Providers: s.Charge}, codec.PostingsRef{N: uint64(len(d.Postings)), Root: root}, codec.BlobHash(blob)
	return blob, err
}

// manifest attributes the shards.
func (m *maker) manifest(s *codec.Settlement) ([]byte, error) {
	entries := make([]codec.ShardEntry, shards)
	for i := range entries {
		entries[i] = codec.ShardEntry{Index: uint64(i), Provider: party(1, uint64(i%providers)), Agent: m.hash(20), Args: m.hash(30 + i),
			Inputs: []codec.Blob{{Hash: m.hash(40 + i), Size: 4_096}}, Output: codec.Blob{Hash: m.hash(50 + i), Size: 4_096}, Units: 1_000,
			Started: s.Times.Started, Finished: s.Times.Verified}
	}
	slices.SortFunc(entries, func(a, b codec.ShardEntry) int {
		if c := bytes.Compare(a.Provider[:], b.Provider[:]); c != 0 {
			return c
		}
		return int(a.Index) - int(b.Index)
	})
	built, err := settlement.NewManifest(entries)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	blob := codec.EncodeManifest(entries)
	s.Shards = codec.ShardsRef{Count: built.Count, Root: built.Root, Units: built.Units, Blob: codec.BlobHash(blob), Size: uint64(len(blob))}
	return blob, nil
}

// labels names project and organization.
func (m *maker) labels(s *codec.Settlement) []byte {
	rows := []codec.Label{
		{Label: "organization", Value: fmt.Sprintf("organization %d", m.made%customers), Salt: m.id(60)},
		{Label: "project", Value: fmt.Sprintf("project %d", m.made%997), Salt: m.id(61)},
	}
	commitment := func(l *codec.Label) codec.Hash {
		return codec.LabelCommitment(l.Salt, l.Label, codec.AppendText(nil, l.Value))
	}
	slices.SortFunc(rows, func(a, b codec.Label) int {
		x, y := commitment(&a), commitment(&b)
		return bytes.Compare(x[:], y[:])
	})
	for i := range rows {
		s.Disclosures = append(s.Disclosures, commitment(&rows[i]))
	}
	blob, hash := codec.Seal(m.id(62), rows)
	s.Labels = &hash
	return blob
}

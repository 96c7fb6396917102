package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/ledger"
	"github.com/forgepool/settle/settlement"
)

// making is a node before it is written.
type making struct {
	home
	authority   *consensus.Authority // to be written, nil if it has its place elsewhere
	credentials *consensus.Credentials
	nodeKey     *client.Key
	checkpoint  *client.Key // nil if the node has none
	record      []byte      // genesis, nil if it comes later
	conf        []byte
}

// gather makes or reads all parts.
func (m *making) gather(f *initFlags, now time.Time) error {
	authority, err := findAuthority(f, now)
	if err != nil {
		return err
	}
	if f.newCluster != "" {
		m.authority, m.checkpoint = authority, client.GenerateKey(codec.UseCheckpoint)
	}
	if m.credentials, err = authority.Issue(f.id, now); err != nil {
		return usage("%v", err)
	}
	if f.checkpointKey != "" {
		if m.checkpoint, err = loadKey(f.checkpointKey, codec.UseCheckpoint); err != nil {
			return err
		}
	}
	if f.genesis != "" {
		m.record, err = readGenesis(f.genesis)
	}
	return err
}

func findAuthority(f *initFlags, now time.Time) (*consensus.Authority, error) {
	if f.newCluster != "" {
		authority, err := consensus.NewAuthority(f.newCluster, now)
		if err != nil {
			return nil, usage("%v", err)
		}
		return authority, nil
	}
	authority, err := consensus.LoadAuthority(f.authority)
	if err != nil {
		return nil, hint(usage("%v", err), "--authority is the directory that settled init --new-cluster made: DIR/authority")
	}
	return authority, nil
}

// write stores all parts; it replaces nothing.
func (m *making) write() error {
	if err := os.MkdirAll(string(m.home), 0o700); err != nil {
		return err
	}
	if m.authority != nil {
		if err := os.MkdirAll(m.home.authority(), 0o700); err != nil {
			return err
		}
		if err := m.authority.Write(m.home.authority()); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(m.identity(), 0o700); err != nil {
		return err
	}
	if err := m.credentials.Write(m.identity()); err != nil {
		return err
	}
	if err := client.SaveKey(m.home.nodeKey(), m.nodeKey); err != nil {
		return err
	}
	if m.checkpoint != nil {
		if err := client.SaveKey(m.checkpointKey(), m.checkpoint); err != nil {
			return err
		}
	}
	if m.record != nil {
		if err := m.installGenesis(m.record); err != nil {
			return err
		}
	}
	return writeFile(m.home.conf(), m.conf, 0o600)
}

// readGenesis reads a genesis record and judges it by the ledger's own rules.
func readGenesis(name string) ([]byte, error) {
	record, err := readFile(name, codec.MaxRecord)
	if err != nil {
		return nil, usage("%v", err)
	}
	if _, _, err := settlement.JudgeGenesis(record); err != nil {
		return nil, hint(fmt.Errorf("%s: %w", name, err),
			"is this the record that settle merge wrote, with the signatures of all founders?")
	}
	return record, nil
}

// installGenesis writes the genesis, and refuses another one than the directory has.
func (h home) installGenesis(record []byte) error {
	present, err := h.presentGenesis()
	if err != nil {
		return err
	}
	if present != nil && !bytes.Equal(present, record) {
		return hint(fmt.Errorf("%s holds another genesis", h), "a directory keeps its ledger for ever: make another node for another ledger")
	}
	return writeFile(h.genesis(), record, 0o644)
}

// presentGenesis returns the genesis of the directory, or of the ledger in it if the
// file is missing; nil if there is neither.
func (h home) presentGenesis() ([]byte, error) {
	if exists(h.genesis()) {
		return readFile(h.genesis(), codec.MaxRecord)
	}
	if !exists(filepath.Join(h.ledger(), "CURRENT")) {
		return nil, nil
	}
	lock, err := consensus.LockDir(string(h))
	if err != nil {
		return nil, err
	}
	l, err := ledger.Open(h.ledger(), ledger.Options{})
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	v := l.Read()
	record, err := v.Record(0)
	return record, errors.Join(err, v.Close(), l.Close(), lock.Unlock())
}

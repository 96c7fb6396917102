package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/forgepool/settle/consensus"
	"github.com/forgepool/settle/node"
)

// reseeding is one call of reseed.
type reseeding struct {
	home
	id, authority string
	yes           bool
}

func (a *app) reseed() *cobra.Command {
	var r reseeding
	c := &cobra.Command{
		Use:   "reseed",
		Short: "Make a new node of one that must not start again",
		Long: `Reseed is for a node that ended with exit code 71 to 74 or 77. It deletes the node's ledger
and raft log and gives the directory a new id and certificate: to the cluster it becomes a
new node, which gets the ledger from the others. Keys, settings, artifacts and evidence
stay. Keep a copy of the directory if the cause is not known yet; and do not reseed a
majority at once: the ledger lives in the nodes that still run.`,
		Example: `  settled reseed --dir n2 --id n2b --authority authority --yes`,
		Args:    a.takes(),
	}
	c.Flags().StringVar(&r.id, "id", "", "new `name` of the node, never used before")
	c.Flags().StringVar(&r.authority, "authority", "", "`directory` of the cluster's authority (default authority in the data directory, if it is there)")
	c.Flags().BoolVar(&r.yes, "yes", false, "delete the ledger and the raft log of this node")
	c.RunE = func(c *cobra.Command, _ []string) error {
		r.home = home(a.dir)
		result, err := r.run(c)
		if err != nil {
			return err
		}
		return a.print(result)
	}
	return c
}

// run checks everything before it deletes anything. The marker goes last: a node that
// was half reseeded still refuses to start, and can be reseeded again.
func (r *reseeding) run(c *cobra.Command) (*reseedResult, error) {
	s, file, err := r.loadSettings(c.Flags())
	if err != nil {
		return nil, err
	}
	marker, err := node.ReadMarker(string(r.home))
	if err != nil {
		return nil, &unknownError{err}
	}
	if marker == nil {
		return nil, hint(fmt.Errorf("nothing keeps the node in %s from starting", r.home),
			"start it with settled run; for one more node use settled init in another directory")
	}
	if err := r.undo(); err != nil {
		return nil, err
	}
	old, err := consensus.LoadIdentity(r.identity(), nil)
	if err != nil {
		return nil, err
	}
	credentials, err := r.issue(old)
	if err != nil {
		return nil, err
	}
	if !r.yes {
		return nil, hint(usage("this deletes %s and %s (the node stopped because: %s)", r.ledger(), r.in("raft"), marker.Reason),
			"say --yes if the other nodes have the ledger and this copy is no longer needed")
	}
	lock, err := consensus.LockDir(string(r.home))
	if err != nil {
		return nil, err
	}
	s.peers = nil // it joins a cluster that runs
	err = errors.Join(r.replace(credentials, formatSettings(file), old.Server), lock.Unlock())
	if err != nil {
		return nil, hint(err, "the node still refuses to start; run settled reseed again, with another --id")
	}
	return r.result(s, old), nil
}

// issue makes the new credentials.
func (r *reseeding) issue(old *consensus.Identity) (*consensus.Credentials, error) {
	dir := r.authority
	if dir == "" && exists(r.home.authority()) {
		dir = r.home.authority()
	}
	if r.id == "" || dir == "" {
		return nil, usage("a node's new life needs --id and --authority: see settled reseed --help")
	}
	if r.id == old.Server {
		return nil, hint(usage("%s is the id of the node that stopped", r.id), "choose one that the cluster never had")
	}
	authority, err := findAuthority(&initFlags{authority: dir}, time.Now())
	if err != nil {
		return nil, err
	}
	if authority.Cluster != old.Cluster {
		return nil, usage("%s is the authority of cluster %s, the node is of %s", dir, authority.Cluster, old.Cluster)
	}
	credentials, err := authority.Issue(r.id, time.Now())
	if err != nil {
		return nil, usage("%v", err)
	}
	return credentials, nil
}

// oldIdentity and newIdentity are where certificates lie while they change places.
func (r *reseeding) oldIdentity() string { return r.in("identity.old") }
func (r *reseeding) newIdentity() string { return r.in("identity.new") }

// undo clears away what a reseeding left that did not finish.
func (r *reseeding) undo() error {
	if !exists(r.identity()) && exists(r.oldIdentity()) {
		if err := os.Rename(r.oldIdentity(), r.identity()); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(r.oldIdentity()), os.RemoveAll(r.newIdentity()))
}

// replace deletes the old life and writes the new one.
func (r *reseeding) replace(credentials *consensus.Credentials, conf []byte, old string) error {
	if err := os.Mkdir(r.newIdentity(), 0o700); err != nil {
		return err
	}
	if err := credentials.Write(r.newIdentity()); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return os.RemoveAll(r.ledger()) },
		func() error { return os.RemoveAll(r.in("raft")) },
		func() error { return os.Rename(r.identity(), r.oldIdentity()) },
		func() error { return os.Rename(r.newIdentity(), r.identity()) },
		func() error { return os.RemoveAll(r.oldIdentity()) },
		func() error { return writeFile(r.conf(), conf, 0o600) },
		func() error { return syncDir(string(r.home)) }, // all that before the marker goes
		func() error { return os.Rename(r.in("fatal"), r.in("fatal-"+old)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return syncDir(string(r.home))
}

// reseedResult is what reseed prints.
type reseedResult struct {
	Dir     string   `json:"dir"`
	ID      string   `json:"id"`
	Old     string   `json:"old_id"`
	Cluster string   `json:"cluster"`
	Next    []string `json:"next"`
}

func (r *reseeding) result(s *settings, old *consensus.Identity) *reseedResult {
	return &reseedResult{Dir: string(r.home), ID: r.id, Old: old.Server, Cluster: old.Cluster, Next: []string{
		"take the old node out, on a node that runs:  settled member remove --dir DIR " + old.Server,
		"start the new one:                           settled run --dir " + string(r.home),
		"add it, on a node that runs:                 settled member add --dir DIR " + r.id + " " + s.reached(),
		"give it a vote when it has caught up:        settled member promote --dir DIR " + r.id,
	}}
}

// String returns the result for a person.
func (r *reseedResult) String() string {
	return fmt.Sprintf("node %s of cluster %s in %s, which was %s\nnext:\n  %s\n",
		r.ID, r.Cluster, r.Dir, r.Old, strings.Join(r.Next, "\n  "))
}

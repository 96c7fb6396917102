package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/spf13/cobra"
)

func (a *app) artifact() *cobra.Command {
	c := &cobra.Command{
		Use:   "artifact",
		Short: "Store the bytes that records and reports name by their hash",
		Long: `Artifacts are arguments, inputs and outputs of shards, results, proofs and evidence: bytes
under their BLAKE3, kept by the nodes beside the ledger (docs/formats/http.md section 5).
To fetch one: settle get artifact.`,
		Example: `  settle artifact put input.bin output.bin --party PARTY_ID --key provider.key`,
	}
	group(c, "settle artifact")
	c.AddCommand(a.artifactPut())
	return c
}

func (a *app) artifactPut() *cobra.Command {
	var party, key string
	c := &cobra.Command{
		Use:   "put FILE...",
		Short: "Store files under their BLAKE3, and print it",
		Long: `Put uploads files of at most 64 MiB each and prints hash and size of each. Any active party
may upload, with any of its keys. What is stored already is done at once, so after a
failure the same files may be put again.`,
		Example: `  settle artifact put input.bin output.bin --party PARTY_ID --key provider.key`,
		Args:    atLeast("FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			id, err := codec.ParseID(party)
			if err != nil {
				return hint(usage("--party: %v", err), "artifacts are stored by a party: give its id with --party and one of its keys with --key")
			}
			keys, err := loadKeys([]string{key})
			if err != nil {
				return err
			}
			ctx, stop := a.unbounded(c)
			defer stop()
			u, err := a.uploader(ctx, id, keys[0])
			if err != nil {
				return err
			}
			return a.putFiles(ctx, u, args)
		},
	}
	c.Flags().StringVar(&party, "party", "", "party id of who uploads")
	c.Flags().StringVar(&key, "key", "", "key file of that party, of any use")
	return c
}

// uploader stores artifacts as one party.
type uploader struct {
	sdk    *client.Client
	origin string
	party  codec.ID
	key    *client.Key
}

// uploader asks the ledger for its origin, which uploads are signed for.
func (a *app) uploader(ctx context.Context, party codec.ID, key *client.Key) (*uploader, error) {
	sdk, err := a.sdk()
	if err != nil {
		return nil, err
	}
	status, err := sdk.Service().Status(ctx)
	if err != nil {
		return nil, err
	}
	return &uploader{sdk: sdk, origin: status.OriginA, party: party, key: key}, nil
}

// putFile is a file that was stored.
type putFile struct {
	File string     `json:"file"`
	Hash codec.Hash `json:"hash"`
	Size uint64     `json:"size"`
}

// put stores a file.
func (u *uploader) put(ctx context.Context, name string) (putFile, error) {
	data, err := readFile(name, api.MaxArtifact)
	if err != nil {
		return putFile{}, err
	}
	blob, err := u.sdk.PutArtifact(ctx, u.origin, u.party, u.key, data)
	if err != nil {
		return putFile{}, fmt.Errorf("%s: %w", name, err)
	}
	return putFile{File: name, Hash: blob.Hash, Size: blob.Size}, nil
}

// putFiles stores files and prints what they are called now, also of those before one
// that fails.
func (a *app) putFiles(ctx context.Context, u *uploader, names []string) error {
	stored := make([]putFile, 0, len(names))
	var failed error
	for _, name := range names {
		file, err := u.put(ctx, name)
		if err != nil {
			failed = err
			break
		}
		stored = append(stored, file)
	}
	if err := a.printStored(stored); err != nil {
		return err
	}
	return failed
}

func (a *app) printStored(stored []putFile) error {
	if a.json {
		return a.printJSON(stored)
	}
	t := tabwriter.NewWriter(a.stdout, 0, 4, 2, ' ', 0)
	for _, s := range stored {
		fmt.Fprintf(t, "%s\t%d\t%s\n", s.Hash, s.Size, s.File)
	}
	return t.Flush()
}

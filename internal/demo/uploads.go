package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
)

// uploaders is how many artifacts are on their way at a time.
const uploaders = 4

// uploads stores what auditors will need, beside the agents' work. Each blob travels
// once.
type uploads struct {
	client *client.Client
	origin string
	party  codec.ID
	key    *client.Key

	queue chan []byte
	done  sync.WaitGroup

	mu   sync.Mutex
	seen map[codec.Hash]bool
	err  error
}

func newUploads(ctx context.Context, c *client.Client, origin string, party codec.ID, key *client.Key) *uploads {
	u := &uploads{client: c, origin: origin, party: party, key: key, queue: make(chan []byte, 256), seen: map[codec.Hash]bool{}}
	for range uploaders {
		u.done.Add(1)
		go func() {
			defer u.done.Done()
			for data := range u.queue {
				u.put(ctx, data)
			}
		}()
	}
	return u
}

// add queues a blob unless it was stored before, and returns its name.
func (u *uploads) add(data []byte) codec.Blob {
	blob := blobOf(data)
	u.mu.Lock()
	known := u.seen[blob.Hash]
	u.seen[blob.Hash] = true
	u.mu.Unlock()
	if !known {
		u.queue <- data
	}
	return blob
}

// put stores one blob at the first node that answers.
func (u *uploads) put(ctx context.Context, data []byte) {
	if _, err := u.client.PutArtifact(ctx, u.origin, u.party, u.key, data); err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.err == nil {
			u.err = fmt.Errorf("storing an artifact: %w", err)
		}
	}
}

// wait returns when everything queued is stored.
func (u *uploads) wait() (stored int, err error) {
	close(u.queue)
	u.done.Wait()
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.seen), u.err
}

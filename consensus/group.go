package consensus

import "github.com/forgepool/settle/codec"

// group is the submissions that the proposer has taken from the queue and not yet
// proposed, oldest first.
type group struct {
	members []*submission
	bytes   int // of all members, with their overhead
}

func (g *group) any() bool { return len(g.members) > 0 }

// heavy says that waiting for more would save little.
func (g *group) heavy() bool { return g.bytes >= maxCommand/2 }

// full says that there is more than one command's worth.
func (g *group) full() bool {
	return g.bytes+commandOverhead >= maxCommand || len(g.members) >= codec.MaxCommandBatches
}

func (g *group) add(s *submission) {
	g.members = append(g.members, s)
	g.bytes += len(s.batch) + perBatch
}

// fitting returns how many members fit into one command, at least one, and their bytes.
func (g *group) fitting() (n, bytes int) {
	for n < min(len(g.members), codec.MaxCommandBatches) {
		size := len(g.members[n].batch) + perBatch
		if n > 0 && bytes+size+commandOverhead > maxCommand {
			break
		}
		bytes += size
		n++
	}
	return n, bytes
}

// nextSize returns about how large the next command will be.
func (g *group) nextSize() int {
	_, bytes := g.fitting()
	return bytes + commandOverhead
}

// take removes and returns the members of the next command.
func (g *group) take() []*submission {
	n, bytes := g.fitting()
	taken := g.members[:n:n]
	g.members = append([]*submission(nil), g.members[n:]...)
	g.bytes -= bytes
	return taken
}

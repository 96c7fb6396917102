// Command auditload measures an audit of shards that are as large as the policy allows:
// processor time and peak memory of executing them again, one at a time.
//
// Shards of every built-in program are made in the shapes that cost most for their units,
// since whoever is audited chooses the shape. Each is executed a few times by a process of
// its own, and projected. The slowest is then audited whole: a real node with thousands of
// settlements of that shard, a cut, a close, and `settle audit run` with one worker as a
// process whose time and memory are its own. It is a benchmark and judges nothing.
package main

package api

import (
	"time"

	"github.com/forgepool/settle/codec"
)

// Limits of the HTTP contract, in one place. Reasons stand beside the numbers.
const (
	// MaxBatchBody bounds a submitted batch: 4 MiB of records and attachments and
	// 64 KiB for what is around them, as one raft entry.
	MaxBatchBody = codec.MaxCommand
	// MaxRecords bounds the records of one answer; so does MaxRecordBytes.
	MaxRecords = 1_000
	// MaxRecordBytes bounds the bytes of the records of one answer, the first
	// record excepted.
	MaxRecordBytes = 4 << 20
	// MaxBatches bounds the batches of one answer; so does MaxBatchBytes, the first one
	// excepted.
	MaxBatches    = 1_000
	MaxBatchBytes = 4 << 20
	// MaxItems bounds the items of one answer about money, disputes and cycles.
	MaxItems = 1_000
	// MaxCheckpoints bounds the checkpoints of one answer: a note may be 64 KiB.
	MaxCheckpoints = 100
	// MaxAttached bounds the attachments that are asked for at once, and
	// MaxAttachedBytes the bytes that are answered, the first one excepted.
	MaxAttached      = 1_024
	MaxAttachedBytes = 4 << 20
	// maxWanted bounds the question for them: MaxAttached hashes, each with an index.
	maxWanted = 64 << 10
	// MaxArtifact bounds one artifact: the largest input a shard may have.
	MaxArtifact = 64 << 20
	// MaxAnswer bounds what a client reads of an answer that is no artifact: a
	// hundred pairs of the largest notes.
	MaxAnswer = 16 << 20
	// MaxHeader bounds the header of a request.
	MaxHeader = 16 << 10
	// MaxQuery bounds the query of a request.
	MaxQuery = 1 << 10

	// MaxConnections bounds open connections of a listener, for its memory.
	MaxConnections = 1_024
	// MaxConnectionsPerHost bounds those from one address, so that one client
	// cannot shut the others out.
	MaxConnectionsPerHost = 512

	// headerTimeout, readTimeout, writeTimeout and idleTimeout close connections
	// that are slow on purpose.
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 60 * time.Second
	// artifactTimeout is the time for the bytes of one artifact: MaxArtifact at
	// about 200 kB/s.
	artifactTimeout = 5 * time.Minute

	// answerTimeout bounds the work for one read.
	answerTimeout = 10 * time.Second
	// submitTimeout bounds the work for one batch, election included; afterwards
	// its outcome is unknown to the submitter.
	submitTimeout = 30 * time.Second
)

package consensus

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// raftLogger returns a logger for the libraries that writes to l.
func raftLogger(l *slog.Logger) hclog.Logger {
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off})
	logger.RegisterSink(slogSink{l})
	return logger
}

// slogSink turns the libraries' lines into slog records. Their Info is our Debug: they
// report every step of every election there.
type slogSink struct{ logger *slog.Logger }

func (s slogSink) Accept(name string, level hclog.Level, msg string, args ...any) {
	to := slog.LevelDebug
	switch level {
	case hclog.Warn:
		to = slog.LevelWarn
	case hclog.Error:
		to = slog.LevelError
	}
	if !s.logger.Enabled(context.Background(), to) {
		return
	}
	for i, arg := range args {
		if lazy, ok := arg.(hclog.Format); ok {
			args[i] = lazyFormat(lazy)
		}
	}
	s.logger.Log(context.Background(), to, msg, append([]any{"component", "raft"}, args...)...)
}

// lazyFormat resolves hclog's deferred formatting.
func lazyFormat(f hclog.Format) string {
	pattern, ok := f[0].(string)
	if !ok {
		return fmt.Sprint(f...)
	}
	return fmt.Sprintf(pattern, f[1:]...)
}

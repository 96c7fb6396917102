package main

import (
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress is a bar on standard error while that is a terminal.
type progress struct {
	bars *mpb.Progress // nil: nothing is shown
	bar  *mpb.Bar
}

// newProgress returns the bar of a piece of work; stop must be called at the end.
func (a *app) newProgress(work string) *progress {
	f, ok := a.stderr.(*os.File)
	if !ok || a.json || !isTerminal(f) {
		return &progress{}
	}
	bars := mpb.New(mpb.WithOutput(f), mpb.WithWidth(48))
	return &progress{bars, bars.AddBar(0,
		mpb.PrependDecorators(decor.Name(work+" ")),
		mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))}
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show notes how far the work is.
func (p *progress) show(done, total uint64) {
	if p.bars != nil {
		p.bar.SetTotal(int64(total), false)
		p.bar.SetCurrent(int64(done))
	}
}

// stop takes the bar away.
func (p *progress) stop() {
	if p.bars != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

package main

import (
	"os"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows bars on standard error while it is a terminal, one for each stage.
type progress struct {
	mu    sync.Mutex
	bars  *mpb.Progress // nil: not a terminal, nothing is shown
	stage map[string]*mpb.Bar
}

// newProgress returns a progress display; stop must be called at the end.
func (a *app) newProgress() *progress {
	p := &progress{stage: map[string]*mpb.Bar{}}
	if f, ok := a.stderr.(*os.File); ok && isTerminal(f) && !a.json {
		p.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(48))
	}
	return p
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show notes how far a stage is. It may be called from several goroutines.
func (p *progress) show(stage string, done, total uint64) {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	bar := p.stage[stage]
	if bar == nil {
		bar = p.bars.AddBar(int64(total),
			mpb.PrependDecorators(decor.Name(stage, decor.WCSyncSpaceR)),
			mpb.AppendDecorators(decor.CountersNoUnit("%d / %d")))
		p.stage[stage] = bar
	}
	bar.SetTotal(int64(total), false)
	bar.SetCurrent(int64(done))
	if done == total {
		bar.SetTotal(int64(total), true)
	}
}

// stop ends all bars.
func (p *progress) stop() {
	if p.bars == nil {
		return
	}
	p.mu.Lock()
	for _, bar := range p.stage {
		bar.Abort(false)
	}
	p.mu.Unlock()
	p.bars.Wait()
}

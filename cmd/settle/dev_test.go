package main

import (
	"net"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestWithSettled runs the scripts of testdata/dev against a real node: they find the
// program settled in their path, and two free addresses in $API and $CLUSTER.
func TestWithSettled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs settled")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "settled"), "../settled")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building settled: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir:  filepath.Join("testdata", "dev"),
		Cmds: scriptCommands,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(filepath.ListSeparator)+e.Getenv("PATH"))
			for _, name := range []string{"API", "CLUSTER"} {
				address, err := freeAddress()
				if err != nil {
					return err
				}
				e.Setenv(name, address)
			}
			e.Setenv("SETTLE_NODE", "http://"+e.Getenv("API"))
			return nil
		},
	})
}

// freeAddress returns an address on which nobody listens at the moment.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

package main

import (
	"encoding/hex"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() { scriptCommands["unhex"] = cmdUnhex }

// cmdUnhex writes bytes that are given in hex to a file: unhex FILE DIGITS.
func cmdUnhex(ts *testscript.TestScript, _ bool, args []string) {
	data, err := hex.DecodeString(args[1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

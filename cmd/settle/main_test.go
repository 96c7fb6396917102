package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/forgepool/settle/api"
	"github.com/forgepool/settle/client"
	"github.com/forgepool/settle/codec"
	"github.com/forgepool/settle/proof"
	"github.com/forgepool/settle/verifier"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the processes that run shards for calls of Run.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "program" && os.Args[2] == "serve" {
		main()
	}
	testscript.Main(m, map[string]func(){"settle": main})
}

// TestScripts runs the program as a process. Scripts may use, besides it:
//
//	exits CODE COMMAND...   the command must end with this code
//	node GENESIS NODE CHECKPOINT
//	                        start a node on a genesis and two key files; $SETTLE_NODE
//	await                   wait until the node of $SETTLE_NODE is ready
//	work HUB SUBMIT PROVIDER AGENT CUSTOMER PLATFORM COUNT LIES
//	                        settle workloads on it, the last LIES of them falsely
//	id NAME FILE            set $NAME to the party id that settle party register told
//	dispute FILE ...        write a dispute, see cmdDispute
//	flip FILE OFFSET        change one bit; a negative offset counts from the end
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: scriptCommands})
}

var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"exits": cmdExits, "id": cmdID, "node": cmdNode, "await": cmdAwait, "work": cmdWork, "flip": cmdFlip,
	"dispute": cmdDispute,
}

// cmdExits runs a command that must end with the given code.
func cmdExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d (%v), want %d", code, err, want)
	}
}

// cmdNode starts a node.
func cmdNode(ts *testscript.TestScript, _ bool, args []string) {
	genesis, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	keys, err := loadKeys([]string{ts.MkAbs(args[1]), ts.MkAbs(args[2])})
	ts.Check(err)
	n, err := newTestNode(genesis, keys[0], keys[1])
	ts.Check(err)
	server := httptest.NewServer(api.NewHandler(n, api.HandlerOptions{}))
	ts.Defer(func() {
		server.Close()
		if err := n.ledger.Close(); err != nil {
			ts.Logf("closing the ledger: %v", err)
		}
	})
	ts.Setenv("SETTLE_NODE", server.URL)
	ts.Setenv("NODE", server.URL)
}

// cmdAwait waits for a node that was started by the script.
func cmdAwait(ts *testscript.TestScript, _ bool, _ []string) {
	s, err := api.NewClient(api.ClientOptions{URLs: []string{ts.Getenv("SETTLE_NODE")}})
	ts.Check(err)
	defer s.Close()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if status, err := s.Status(context.Background()); err == nil && status.Ready && status.Leader != "" {
			return
		}
	}
	ts.Fatalf("no node at %s", ts.Getenv("SETTLE_NODE"))
}

// cmdWork settles workloads; arguments are files that hold ids, and key files.
func cmdWork(ts *testscript.TestScript, _ bool, args []string) {
	sdk, err := client.Dial(nil, ts.Getenv("SETTLE_NODE"))
	ts.Check(err)
	defer sdk.Close()
	status, err := sdk.Service().Status(context.Background())
	ts.Check(err)
	id := func(i int) codec.ID {
		id, err := codec.ParseID(args[i])
		ts.Check(err)
		return id
	}
	keys, err := loadKeys([]string{ts.MkAbs(args[1]), ts.MkAbs(args[3])})
	ts.Check(err)
	w := &worker{sdk: sdk, origin: status.OriginA, hub: id(0), submit: keys[0],
		provider: id(2), agent: keys[1], customer: id(4), platform: id(5)}
	count, err := strconv.Atoi(args[6])
	ts.Check(err)
	lies, err := strconv.Atoi(args[7])
	ts.Check(err)
	for i := range count {
		index, err := w.settle(i >= count-lies)
		ts.Check(err)
		ts.Setenv("SETTLEMENT", strconv.FormatUint(index, 10))
		ts.Setenv("SIZE", strconv.FormatUint(index+1, 10))
	}
}

// cmdID sets a variable to the id on the line that begins with party.
func cmdID(ts *testscript.TestScript, _ bool, args []string) {
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		if id, ok := strings.CutPrefix(line, "party "); ok {
			ts.Setenv(args[0], strings.TrimSpace(id))
			return
		}
	}
	ts.Fatalf("%s tells no party", args[1])
}

// cmdFlip changes one bit of a file.
func cmdFlip(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	data, err := os.ReadFile(name)
	ts.Check(err)
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	if offset < 0 {
		offset += len(data)
	}
	data[offset] ^= 1
	ts.Check(os.WriteFile(name, data, 0o644))
}

// TestExitCodes maps each class of errors.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, exitDone},
		{usage("x"), exitUsage},
		{hint(usage("x"), "y"), exitUsage},
		{refuse("x"), exitFalse},
		{fmt.Errorf("a: %w", proof.ErrRootMismatch), exitFalse},
		{fmt.Errorf("a: %w", verifier.LieRoot), exitFalse},
		{&proof.ForkError{}, exitFalse},
		{api.Fail(codec.CodeNotFound, ""), exitFalse},
		{api.Fail(codec.CodeWrongSplit, ""), exitFalse},
		{api.Fail(codec.CodeOverloaded, ""), exitUnknown},
		{api.Fail(api.CodeUnreachable, ""), exitUnknown},
		{api.Fail(codec.CodeUnknownOutcome, ""), exitUnknown},
		{fmt.Errorf("%w: %w", verifier.ErrUnavailable, verifier.LieBlob), exitUnknown},
		{fs.ErrPermission, exitUnknown},
		{quiet(3), exitUnknown},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v ends with %d, want %d", c.err, got, c.want)
		}
	}
}

// TestDraftParseThenFormat checks that a draft file has one form.
func TestDraftParseThenFormat(t *testing.T) {
	d := &draft{Draft: client.Draft{Kind: codec.KindPolicy, Body: []byte{0xa0}, Attachments: [][]byte{{1}, {}}}, origin: "a/b"}
	d.Sign("a/b", client.GenerateKey(codec.UseOwner), client.GenerateKey(codec.UseOwner))
	file := d.format()
	again, err := parseDraft(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.format(), file) {
		t.Error("the draft changed on its way")
	}
	for name, bad := range map[string][]byte{
		"no header":       file[1:],
		"line doubled":    bytes.Replace(file, []byte("kind policy\n"), []byte("kind policy\nkind policy\n"), 1),
		"unknown kind":    bytes.Replace(file, []byte("kind policy"), []byte("kind event"), 1),
		"cut":             file[:len(file)-2],
		"space added":     append(bytes.Clone(file), ' '),
		"carriage return": bytes.Replace(file, []byte("\n"), []byte("\r\n"), 2),
	} {
		if _, err := parseDraft(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestSignatureFile flips every byte.
func TestSignatureFile(t *testing.T) {
	k := client.GenerateKey(codec.UseOwner)
	digest := codec.BlobHash([]byte("digest"))
	file := (&signatureFile{origin: "a", digest: digest, public: k.Public(), sig: k.Sign(digest)}).format()
	if _, err := parseSignatureFile(file); err != nil {
		t.Fatal(err)
	}
	for i := range file {
		if i >= len("settle signature v1\norigin ") && i < len("settle signature v1\norigin a") {
			continue // the origin is compared with the draft's, and is in the digest
		}
		spoiled := bytes.Clone(file)
		spoiled[i] ^= 1
		if _, err := parseSignatureFile(spoiled); err == nil {
			t.Errorf("byte %d is not looked at", i)
		}
	}
}

// TestPolicyFileRoundTrip checks that nothing of a policy is lost on its way to people.
func TestPolicyFileRoundTrip(t *testing.T) {
	f := usualPolicy()
	f.AllEvents, f.PayReplicas, f.Audit.Beacon = true, true, &beaconFile{Genesis: 1, Period: 3}
	f.AdapterShares = []shareFile{{Adapter: codec.ID{1}, PPM: 5}}
	body, err := f.body()
	if err != nil {
		t.Fatal(err)
	}
	again, err := viewPolicy(&body).body()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(codec.Encode(&body), codec.Encode(&again)) {
		t.Error("the policy changed on its way")
	}
}

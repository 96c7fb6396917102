package lint

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/forgepool/settle"

// graph is the design: "a, b < c, d" lets c and d import a and b, and all that a and
// b may import. A package that it does not name may not be imported by any other.
const graph = `
NONE < internal/lanes, web, internal/invariants;
internal/lanes < codec, proof;
codec, proof < settlement;
codec < codec/readable, replay;
replay < replay/wasm;
codec/readable, proof < api;
settlement, api < client;
settlement, internal/invariants < ledger;
ledger < consensus;
settlement, codec/readable < export;
settlement, replay < verifier;
settlement, replay < contract;
api, consensus, web < node;
client < internal/devledger;
node, internal/devledger < cmd/settled;
client, verifier, export, contract, replay/wasm < cmd/settle;
ledger < internal/damage;
internal/devledger < internal/cluster;
internal/cluster, verifier, internal/damage < internal/demo;
internal/cluster < internal/load;
internal/devledger, export < internal/exportload;
internal/cluster, verifier < internal/auditload;
`

// forbidden maps an imported path to the only packages that may reach for it, and
// why. A path stands for everything below it.
var forbidden = []struct {
	path    string
	allowed []string
	why     string
}{
	{"github.com/cockroachdb/pebble", []string{"ledger", "internal/damage"}, "storage has one owner"},
	{"github.com/hashicorp/raft", []string{"consensus"}, "raft's types stay behind consensus.Replica"},
	{"github.com/tetratelabs/wazero", []string{"replay/wasm"}, "the engine has one owner"},
	{"net/http", []string{"api", "client", "node", "cmd/settled", "cmd/settle", "internal/cluster", "internal/demo", "internal/load"}, "protocol lives at the edge"},
	{"time", []string{"replay/wasm", "api", "client", "node", "consensus", "verifier", "ledger", "cmd/settled", "cmd/settle", "internal/cluster", "internal/demo", "internal/load", "internal/exportload", "internal/auditload"}, "rules read no clock: time comes with the raft command"},
	{"os", []string{"replay/wasm", "api", "client", "node", "consensus", "verifier", "ledger", "cmd/settled", "cmd/settle", "internal/damage", "internal/cluster", "internal/demo", "internal/load", "internal/exportload", "internal/auditload"}, "codec, proof, settlement and replay do no I/O"},
	{"net", []string{"api", "client", "node", "consensus", "cmd/settled", "cmd/settle", "internal/cluster", "internal/demo", "internal/load"}, "codec, proof, settlement, replay and ledger do no I/O of this kind"},
	{"math/rand", nil, "chance decides nothing; keys and ids come from crypto/rand"},
	{"crypto/rand", []string{"client", "consensus", "node", "verifier", "cmd/settled", "cmd/settle", "internal/cluster", "internal/demo", "internal/load"}, "the state machine knows no chance"},
	{"log", []string{"api", "client", "node", "consensus", "cmd/settled", "cmd/settle", "internal/cluster", "internal/demo", "internal/load"}, "libraries return errors and events"},
}

// unreachable says what a package must not reach even indirectly.
var unreachable = map[string][]string{
	"cmd/settle": {"github.com/cockroachdb/pebble", "github.com/hashicorp/raft"},
	"verifier":   {"github.com/cockroachdb/pebble", "github.com/hashicorp/raft", "net/http", "github.com/tetratelabs/wazero"},
	"node":       {module + "/replay", module + "/verifier"},
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func (p *pkg) name() string { return strings.TrimPrefix(p.ImportPath, module+"/") }

func listPackages(t *testing.T) []pkg {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", module+"/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// allowedImports computes the transitive closure of the graph.
func allowedImports(t *testing.T) map[string][]string {
	allowed := map[string][]string{}
	for _, rule := range strings.Split(graph, ";") {
		if strings.TrimSpace(rule) == "" {
			continue
		}
		left, right, ok := strings.Cut(rule, "<")
		if !ok {
			t.Fatalf("rule without <: %q", rule)
		}
		for _, importer := range fields(right) {
			for _, imported := range fields(left) {
				if imported != "NONE" {
					allowed[importer] = append(allowed[importer], imported)
					allowed[importer] = append(allowed[importer], allowed[imported]...)
				}
			}
			if _, ok := allowed[importer]; !ok {
				allowed[importer] = nil
			}
		}
	}
	return allowed
}

func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}

func TestImports(t *testing.T) {
	allowed := allowedImports(t)
	for _, p := range listPackages(t) {
		for _, imported := range p.Imports {
			own, ok := strings.CutPrefix(imported, module+"/")
			if ok && !slices.Contains(allowed[p.name()], own) {
				t.Errorf("%s imports %s, which the design does not allow", p.name(), own)
			}
			checkForbidden(t, p.name(), imported)
		}
		for _, path := range unreachable[p.name()] {
			for _, dep := range p.Deps {
				if within(dep, path) {
					t.Errorf("%s reaches %s", p.name(), dep)
				}
			}
		}
	}
}

func checkForbidden(t *testing.T, importer, imported string) {
	for _, rule := range forbidden {
		exact := !strings.Contains(rule.path, ".")
		hit := imported == rule.path || !exact && within(imported, rule.path)
		if rule.path == "math/rand" {
			hit = within(imported, rule.path)
		}
		if hit && !slices.Contains(rule.allowed, importer) {
			t.Errorf("%s imports %s: %s", importer, imported, rule.why)
		}
	}
}

// within says whether path is below root; "raft" covers "raft-wal" too.
func within(path, root string) bool { return strings.HasPrefix(path, root) }

// TestPinnedVersions keeps versions that must never drift by accident.
func TestPinnedVersions(t *testing.T) {
	pins := map[string]string{
		"github.com/hashicorp/raft-wal":      "v0.4.2", // v0.4.0, offered as latest, loses data
		"github.com/hashicorp/raft":          "v1.8.0",
		"github.com/cockroachdb/pebble/v2":   "v2.1.7",
		"github.com/transparency-dev/merkle": "v0.0.2",
		"github.com/zeebo/blake3":            "v0.2.4",
		"github.com/fxamacker/cbor/v2":       "v2.10.0",
	}
	for path, want := range pins {
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", path).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s is %q, want %s (%v)", path, got, want, err)
		}
	}
}

package replay

import "github.com/forgepool/settle/codec"

// A Loader makes a program of its description and its module: what executes user
// programs (docs/formats/wasm.md) hands it to what checks settlements. Code is the blob
// that the description names. An error says that the program cannot be executed here,
// which is nothing against anybody who executed it.
type Loader func(p *codec.Program, code []byte) (Program, error)

// Identified is a program whose name alone does not tell its id, as that of a user
// program.
type Identified interface {
	Program
	// ID returns the id under which a policy allows the program.
	ID() codec.Hash
}

// idOf returns the id of a program.
func idOf(p Program) codec.Hash {
	if i, ok := p.(Identified); ok {
		return i.ID()
	}
	return p.Name().ID()
}

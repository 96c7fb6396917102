// Package wasm runs user programs: WebAssembly modules of the profile
// forge-wasm-int@1, docs/formats/wasm.md.
//
// A module is validated once, before anybody is asked to trust it; nothing of a
// module that is refused is ever run. A pass of our own then adds two counters to
// it, for fuel and for active calls, so that every machine and both engines stop it
// at the same instruction. Status, output, units and the named reason of a run depend
// on the module, the limits in its program, the seed, the arguments and the input
// alone.
//
//   - Validate checks a module and finds what it would be charged for.
//   - Module.Instrument returns it with the counters.
//   - Compile and Compiled.Run execute it in this process.
//   - Program runs every shard in a process of its own, with limits on memory and
//     time, and is what an auditor uses; Serve is the other end of it.
//   - Builtins runs the built-in programs of package replay in processes too, so that
//     a shard of theirs can be stopped; these stay between shards.
//
// The package must not offer a module anything to import, must not read a clock or a
// random number on its behalf, and is the only one that may know the engine.
package wasm

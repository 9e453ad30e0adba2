// Wasm modules, capability grants and the places where they run, as Pulumi resources.
package wasm

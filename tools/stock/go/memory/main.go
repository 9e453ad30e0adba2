// Works its memory hard between calls of its host, and looks whether anybody else wrote into it.
package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"time"
)

const rounds = 4000

// block holds its mark in each of its bytes.
type block struct {
	mark byte
	data []byte
}

func newBlock(round int) block {
	b := block{byte(round), make([]byte, 1<<(round%17))}
	for i := range b.data {
		b.data[i] = b.mark
	}
	return b
}

func (b block) check() {
	for _, value := range b.data {
		if value != b.mark {
			panic("somebody else wrote into this memory")
		}
	}
}

// callHost has the host answer into memory of the program's, and into what the adapter keeps for itself.
func callHost() {
	var random [8]byte
	rand.Read(random[:])
	_, _ = time.Now(), os.Environ()
	fmt.Fprint(os.Stderr, ".")
	time.Sleep(time.Microsecond)
}

func main() {
	var kept []block
	texts := map[string]int{}
	for round := range make([]struct{}, rounds) {
		if b := newBlock(round); round%3 != 0 {
			kept = append(kept, b)
		}
		if len(kept) > 900 {
			kept = kept[300:]
		}
		texts[fmt.Sprint(round)] = round
		if round%50 == 0 {
			callHost()
		}
		if round%500 == 0 {
			runtime.GC()
		}
	}
	for _, b := range kept {
		b.check()
	}
	fmt.Println("kept", len(texts), "texts")
}

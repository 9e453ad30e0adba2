// Prints a line by a template: reflection keeps each method of os.File in the program, and what they import with it.
package main

import (
	"log"
	"os"
	"text/template"
)

var line = template.Must(template.New("line").Parse("hello from {{.}}\n"))

func main() {
	if err := line.Execute(os.Stdout, "Go"); err != nil {
		log.Fatal(err)
	}
}

// Says what it can reach of its host: arguments, a variable, a file.
package main

import (
	"fmt"
	"os"
)

func main() {
	variable, file := "absent", "closed"
	if value, ok := os.LookupEnv("STOCK_VARIABLE"); ok {
		variable = value
	}
	if _, err := os.Open("/data/stock.txt"); err == nil {
		file = "open"
	}
	fmt.Printf("%d arguments, the variable is %s, the file is %s\n", len(os.Args), variable, file)
}

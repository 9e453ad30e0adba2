// Says what it can reach of its host: arguments, a variable, a file.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  const char *variable = getenv("STOCK_VARIABLE");
  FILE *file = fopen("/data/stock.txt", "r");
  printf("%d arguments, the variable is %s, the file is %s\n", argc, variable ? variable : "absent",
         file ? "open" : "closed");
  return 0;
}

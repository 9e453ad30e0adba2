/* Prints a line. It takes arguments, as programs in C mostly do, and leaves them alone. */
#include <stdio.h>

int main(int argc, char **argv) {
  (void)argc;
  (void)argv;
  puts("hello from C");
  return 0;
}

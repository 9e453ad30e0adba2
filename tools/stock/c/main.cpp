// Prints a line. The streams of C++ ask the environment for a locale.
#include <iostream>

int main() { std::cout << "hello from C++" << std::endl; }

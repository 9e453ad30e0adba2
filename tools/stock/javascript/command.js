// Prints a line.
export const run = {
  run() {
    console.log("hello from JavaScript");
  },
};

/** An object with two numbers, which `operations.c` makes and reads. */
final class Pair {
  int first, second;
  Pair reference;
}

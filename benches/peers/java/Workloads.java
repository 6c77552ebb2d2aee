import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The workloads in Java, with the sizes of benches/workloads/sizes.h. The program's argument
 * names the workload. Without an argument it prints the names.
 */
final class Workloads {
  static final int TREE_DEPTH = 18, TREE_LEAST = 4;
  static final int LIVED_DEPTH = 18, LIVED_TEMPORARY = 5, LIVED_ROUNDS = 200_000, LIVED_REPLACE = 8;
  static final int COLLECTED_DEPTH = 18, COLLECTIONS = 40;
  static final int GRAPH_NODES = 1 << 18, GRAPH_EDGES = 4, GRAPH_CHANGES = 4_000_000, GRAPH_MAKES = 4;
  static final int QUEUE_LENGTH = 1 << 18, QUEUE_PASSES = 4_000_000;
  static final int INDEX_BUCKETS = 1 << 15, INDEX_WORDS = 3_000_000, INDEX_VOCABULARY = 1 << 17;
  static final int REQUEST = 100;

  // The random numbers of benches/workloads/random.h.
  static int state = 1;

  static int randomNext() {
    return state = state * 1664525 + 1013904223;
  }

  static int randomBelow(int bound) {
    long high = randomNext() >>> 16, low = randomNext() >>> 16;
    return (int) ((high << 16 | low) * bound >>> 32);
  }

  // The times of the requests, in nanoseconds.
  static float[] times = new float[1 << 18];
  static int requests;
  static long began;

  static void requestBegins() {
    began = System.nanoTime();
  }

  static void requestEnds() {
    if (requests == times.length) times = Arrays.copyOf(times, 2 * requests);
    times[requests++] = System.nanoTime() - began;
  }

  static final class Node {
    Node left, right;
  }

  static Node newTree(int depth) {
    Node made = new Node();
    if (depth > 0) {
      made.left = newTree(depth - 1);
      made.right = newTree(depth - 1);
    }
    return made;
  }

  static long countNodes(Node tree) {
    return tree == null ? 0 : 1 + countNodes(tree.left) + countNodes(tree.right);
  }

  static long nodesOf(int depth) {
    return (2L << depth) - 1;
  }

  static void expect(boolean condition) {
    if (!condition) throw new AssertionError();
  }

  static long passTree(int depth) {
    requestBegins();
    long nodes = countNodes(newTree(depth));
    if (depth == TREE_LEAST) requestEnds();
    expect(nodes == nodesOf(depth));
    return nodes;
  }

  static long trees() {
    long nodes = passTree(TREE_DEPTH + 1);
    Node stays = newTree(TREE_DEPTH);
    for (int depth = TREE_LEAST; depth <= TREE_DEPTH; depth += 2)
      for (int times = 1 << (TREE_DEPTH - depth + TREE_LEAST); times > 0; times--)
        nodes += passTree(depth);
    return nodes + countNodes(stays);
  }

  static void replaceSubtree(Node tree, Node by) {
    for (int depth = LIVED_DEPTH; depth > LIVED_TEMPORARY + 1; depth--)
      tree = randomBelow(2) == 0 ? tree.left : tree.right;
    if (randomBelow(2) == 0) tree.left = by;
    else tree.right = by;
  }

  static Node kept;

  static long longLivedTree() {
    Node tree = newTree(LIVED_DEPTH);
    for (int round = 0; round < LIVED_ROUNDS; round++) {
      requestBegins();
      kept = newTree(LIVED_TEMPORARY);
      if (round % LIVED_REPLACE == 0) replaceSubtree(tree, kept);
      requestEnds();
    }
    expect(countNodes(tree) == nodesOf(LIVED_DEPTH));
    return nodesOf(LIVED_DEPTH) + LIVED_ROUNDS * nodesOf(LIVED_TEMPORARY);
  }

  static long fullCollections() {
    Node tree = newTree(COLLECTED_DEPTH);
    for (int collection = 0; collection < COLLECTIONS; collection++) {
      requestBegins();
      System.gc();
      requestEnds();
    }
    expect(countNodes(tree) == nodesOf(COLLECTED_DEPTH));
    return COLLECTIONS * nodesOf(COLLECTED_DEPTH);
  }

  static Object[] newVertex(Object[][] all) {
    Object[] made = new Object[GRAPH_EDGES];
    for (int edge = 0; edge < GRAPH_EDGES; edge++) made[edge] = all[randomBelow(GRAPH_NODES)];
    return made;
  }

  static long graph() {
    Object[][] all = new Object[GRAPH_NODES][];
    for (int at = 0; at < GRAPH_NODES; at++) all[at] = newVertex(all);
    for (int step = 0; step < GRAPH_CHANGES; step++) {
      if (step % REQUEST == 0) requestBegins();
      if (step % GRAPH_MAKES == 0) {
        int at = randomBelow(GRAPH_NODES);
        all[at] = newVertex(all);
      } else {
        Object[] from = all[randomBelow(GRAPH_NODES)], to = all[randomBelow(GRAPH_NODES)];
        from[randomBelow(GRAPH_EDGES)] = to;
      }
      if (step % REQUEST == REQUEST - 1) requestEnds();
    }
    return GRAPH_NODES + GRAPH_CHANGES;
  }

  static long queue() {
    Node first = new Node(), last = first;
    for (int step = 1; step < QUEUE_LENGTH + QUEUE_PASSES; step++) {
      if (step % REQUEST == 0) requestBegins();
      last = last.right = new Node();
      if (step >= QUEUE_LENGTH) first = first.right;
      if (step % REQUEST == REQUEST - 1 && step > REQUEST) requestEnds();
    }
    expect(first != last);
    return QUEUE_LENGTH + QUEUE_PASSES;
  }

  static final class Entry {
    Entry next;
    byte[] word;
    int number;
    ByteBuffer places;
  }

  /** A list of places outside the heap. Direct buffers have finalizers of their own. */
  static ByteBuffer newList(ByteBuffer beforeOrNull, int number, int place) {
    ByteBuffer list = ByteBuffer.allocateDirect(32);
    if (beforeOrNull != null) list.put(0, beforeOrNull, 0, 32);
    int count = list.getInt(4);
    list.putInt(0, number).putInt(4, count + 1).putInt(8 + 4 * (count % 6), place);
    return list;
  }

  static long textIndex() {
    Entry[] buckets = new Entry[INDEX_BUCKETS];
    for (int place = 0; place < INDEX_WORDS; place++) {
      int number = randomBelow(1 + randomBelow(INDEX_VOCABULARY));
      int bucket = Integer.remainderUnsigned(number * (int) 2654435761L, INDEX_BUCKETS);
      if (place % REQUEST == 0) requestBegins();
      Entry entry = buckets[bucket];
      while (entry != null && entry.number != number) entry = entry.next;
      if (entry == null) {
        entry = new Entry();
        entry.next = buckets[bucket];
        entry.word = ("word-" + number).getBytes();
        entry.number = number;
        buckets[bucket] = entry;
      }
      entry.places = newList(entry.places, number, place);
      if (place % REQUEST == REQUEST - 1) requestEnds();
    }
    return INDEX_WORDS;
  }

  static long peakBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status")))
      if (line.startsWith("VmHWM:")) return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
    return 0;
  }

  /** The CPU time of the process, in nanoseconds. */
  static long cpuTime() {
    var system = (com.sun.management.OperatingSystemMXBean)
        java.lang.management.ManagementFactory.getOperatingSystemMXBean();
    return system.getProcessCpuTime();
  }

  static long percentile(double share) {
    return (long) times[(int) (share * (requests - 1))];
  }

  public static void main(String[] arguments) throws IOException {
    if (arguments.length == 0) {
      System.out.println("trees\nlong_lived_tree\nfull_collections\ngraph\nqueue\ntext_index");
      return;
    }
    long before = cpuTime();
    long units = switch (arguments[0]) {
      case "trees" -> trees();
      case "long_lived_tree" -> longLivedTree();
      case "full_collections" -> fullCollections();
      case "graph" -> graph();
      case "queue" -> queue();
      case "text_index" -> textIndex();
      default -> throw new IllegalArgumentException(arguments[0]);
    };
    long took = cpuTime() - before, peak = peakBytes();
    Arrays.sort(times, 0, requests);
    System.out.printf("workload\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d%n", arguments[0], units, took,
        peak, percentile(0.5), percentile(0.99), percentile(0.999), percentile(1));
  }
}

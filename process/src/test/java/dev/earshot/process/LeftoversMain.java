package dev.earshot.process;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** Finds the leftovers of a containment, then ends them, as a process apart from their tree. */
final class LeftoversMain {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private LeftoversMain() {}

  public static void main(String[] args) {
    List<KeepPattern> keep = Arrays.stream(args).skip(1).map(KeepPattern::new).toList();
    var leftovers = Leftovers.of(args[0], keep);
    leftovers.find().forEach(each -> print("found", each));
    var ended = leftovers.end(PATIENCE);
    ended.killed().forEach(each -> print("killed", each));
    ended.left().forEach(each -> print("left", each));
    System.out.println("end");
  }

  private static void print(String what, Leftovers.Found found) {
    System.out.println(
        what
            + " "
            + found.pid()
            + " "
            + found.signs().stream().sorted().toList()
            + " "
            + found.standing());
  }
}

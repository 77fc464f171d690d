package dev.earshot.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What {@code /proc} shows. A look is not a moment: a process may come and go while it is taken.
 */
final class ProcessTable {
  private static final Path PROC = Path.of("/proc");

  private ProcessTable() {}

  /**
   * One process (proc(5), stat).
   *
   * @param name at most 15 bytes
   * @param state its letter
   * @param start when it started, in clock ticks since the machine did: with the pid, an identity
   */
  record Entry(
      long pid,
      String name,
      char state,
      long parent,
      long group,
      long session,
      int threads,
      long start) {

    Identity identity() {
      return new Identity(pid, start);
    }

    /** A zombie whose other threads run lives: only its main thread has ended. */
    boolean isAlive() {
      return state != 'X' && (state != 'Z' || threads > 1);
    }
  }

  /** One process for good, while its pid alone may be another's later. */
  record Identity(long pid, long start) {}

  /** All processes that can be seen. */
  static List<Entry> all() {
    List<Entry> entries = new ArrayList<>();
    try (var numbered = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path each : numbered) {
        read(each.getFileName().toString()).ifPresent(entries::add);
      }
    } catch (IOException | DirectoryIteratorException e) {
      throw new UncheckedIOException(new IOException("cannot list /proc: " + e.getMessage(), e));
    }
    return entries;
  }

  static Optional<Entry> of(long pid) {
    return read(Long.toString(pid));
  }

  /**
   * The orphans that a process has adopted, and few others: what hangs from its first thread, which
   * gets them (proc(5), children). All its children where the kernel does not list those.
   */
  static List<Entry> adopted(long by) {
    try {
      Path list = PROC.resolve(by + "/task/" + by + "/children");
      String numbers = Files.readString(list, StandardCharsets.ISO_8859_1).strip();
      return numbers.isEmpty()
          ? List.of()
          : Arrays.stream(numbers.split(" ", -1)).flatMap(each -> read(each).stream()).toList();
    } catch (IOException notListed) {
      return all().stream().filter(each -> each.parent() == by).toList();
    }
  }

  /** The parent of a process, its parent, and so on; a loop in a torn look ends it. */
  static Set<Long> ancestors(List<Entry> all, long pid) {
    Set<Long> ancestors = new HashSet<>();
    Optional<Entry> at = find(all, pid);
    while (at.isPresent() && ancestors.add(at.get().parent())) {
      at = find(all, at.get().parent());
    }
    return ancestors;
  }

  /**
   * Whether nobody would continue the group if it stopped: no member's parent is in another group
   * of the same session (POSIX, orphaned process group).
   */
  static boolean isOrphaned(List<Entry> all, long group) {
    return all.stream()
        .filter(each -> each.group() == group)
        .noneMatch(each ->
            find(all, each.parent())
                .filter(parent -> parent.group() != group)
                .filter(parent -> parent.session() == each.session())
                .isPresent());
  }

  /** The most memory this process had in use, in KiB. */
  static OptionalLong ownPeakKib() {
    try {
      return Files.readAllLines(PROC.resolve("self/status"), StandardCharsets.ISO_8859_1).stream()
          .filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
          .findFirst();
    } catch (IOException | NumberFormatException unknown) {
      return OptionalLong.empty();
    }
  }

  private static Optional<Entry> find(List<Entry> all, long pid) {
    return all.stream().filter(each -> each.pid() == pid).findFirst();
  }

  private static Optional<Entry> read(String pid) {
    try {
      byte[] stat = Files.readAllBytes(PROC.resolve(pid).resolve("stat"));
      return parse(new String(stat, StandardCharsets.ISO_8859_1));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  /** The name may hold spaces and parentheses: it ends at the last one. */
  static Optional<Entry> parse(String stat) {
    int open = stat.indexOf('(');
    int close = stat.lastIndexOf(')');
    if (open < 2 || close < open || close + 2 > stat.length()) {
      return Optional.empty();
    }
    String[] fields = stat.substring(close + 2).split(" ", 21);
    if (fields.length < 21 || fields[0].isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Entry(
              Long.parseLong(stat.substring(0, open - 1)),
              stat.substring(open + 1, close),
              fields[0].charAt(0),
              Long.parseLong(fields[1]),
              Long.parseLong(fields[2]),
              Long.parseLong(fields[3]),
              Integer.parseInt(fields[17]),
              Long.parseLong(fields[19])));
    } catch (NumberFormatException torn) {
      return Optional.empty();
    }
  }
}

package dev.earshot.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** What {@code /proc} says of processes (proc(5)); of one that is gone or not ours, nothing. */
final class ProcFiles {
  private static final int LARGEST = 16 * 1024 * 1024;
  private static final Pattern PID = Pattern.compile("[1-9][0-9]{0,9}");

  /** Fields of a stat line behind the name, the first of which is the state. */
  private static final int GROUP = 2;

  private static final int START = 19;

  private static final int LARGEST_ARGUMENTS = 16 * 1024;

  /** Where the tools of Go look for its note, too. */
  private static final int BEGINNING = 32 * 1024;

  private final Path proc;

  ProcFiles(Path proc) {
    this.proc = proc;
  }

  /** All processes that can be seen. */
  List<Long> pids() {
    return list(proc).stream()
        .map(entry -> String.valueOf(entry.getFileName()))
        .filter(ProcFiles::isPid)
        .map(Long::valueOf)
        .toList();
  }

  /** The name of its program, at most 15 bytes, one a char. */
  Optional<String> name(long pid) {
    return read(of(pid, "comm")).map(String::stripTrailing);
  }

  /** When it started, in clock ticks since the machine did: with the pid, an identity. */
  OptionalLong start(long pid) {
    return field(pid, START);
  }

  /** Its process group. */
  OptionalLong group(long pid) {
    return field(pid, GROUP);
  }

  /** Its children; every thread of a process has children of its own. */
  List<Long> children(long pid) {
    List<Long> children = new ArrayList<>();
    for (Path task : list(of(pid, "task"))) {
      children.addAll(childrenOf(task));
    }
    return children;
  }

  /** The sockets that a process has open: the number of a descriptor for each inode. */
  Map<Long, Integer> sockets(long pid) {
    Map<Long, Integer> sockets = new LinkedHashMap<>();
    for (Path descriptor : list(of(pid, "fd"))) {
      OptionalLong inode = socket(descriptor);
      OptionalLong number = number(String.valueOf(descriptor.getFileName()));
      if (inode.isPresent() && number.isPresent()) {
        sockets.putIfAbsent(inode.getAsLong(), (int) number.getAsLong());
      }
    }
    return sockets;
  }

  /** The inode of the socket behind a descriptor; empty if it is none. */
  OptionalLong socket(long pid, int descriptor) {
    return socket(of(pid, "fd").resolve(String.valueOf(descriptor)));
  }

  private static OptionalLong socket(Path descriptor) {
    String link = target(descriptor).map(Path::toString).orElse("");
    return link.startsWith("socket:[") && link.endsWith("]")
        ? number(link.substring("socket:[".length(), link.length() - 1))
        : OptionalLong.empty();
  }

  /**
   * Those children of a process that it got as their parents ended, and few others: what hangs from
   * its first thread.
   */
  List<Long> adopted(long pid) {
    return childrenOf(of(pid, "task").resolve(String.valueOf(pid)));
  }

  /** What there is to tell of the program that a process runs. */
  ProgramFacts program(long pid) {
    Path link = of(pid, "exe");
    Path file = target(link).orElse(Path.of(""));
    Path above = file.resolve("../../include/node/node_version.h").normalize();
    boolean node = file.endsWith("node") || file.endsWith("nodejs");
    return new ProgramFacts(
        file.toString(),
        List.of(read(of(pid, "cmdline"), LARGEST_ARGUMENTS).orElse("").split("\0", -1)),
        read(link, BEGINNING).orElse(""),
        node ? read(above, BEGINNING).orElse("") : "");
  }

  /** A file of the whole, such as {@code net/tcp}, up to 16 MiB. */
  Optional<String> text(String name) {
    return read(proc.resolve(name));
  }

  /** Nanoseconds of a processor that the calling thread, not a virtual one, has used. */
  OptionalLong ownTime() {
    return number(text("thread-self/schedstat").orElse("").split(" ", 2)[0]);
  }

  private Path of(long pid, String file) {
    return proc.resolve(String.valueOf(pid)).resolve(file);
  }

  /** The name in a stat line may hold anything, so fields count from its last parenthesis. */
  private OptionalLong field(long pid, int index) {
    String stat = read(of(pid, "stat")).orElse("");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", index + 2);
    return fields.length > index ? number(fields[index]) : OptionalLong.empty();
  }

  private static boolean isPid(String text) {
    return PID.matcher(text).matches();
  }

  private static OptionalLong number(String text) {
    try {
      return OptionalLong.of(Long.parseLong(text));
    } catch (NumberFormatException torn) {
      return OptionalLong.empty();
    }
  }

  private static List<Long> childrenOf(Path task) {
    return Arrays.stream(read(task.resolve("children")).orElse("").split("\\s+", -1))
        .filter(ProcFiles::isPid)
        .map(Long::valueOf)
        .toList();
  }

  private static Optional<Path> target(Path link) {
    try {
      return Optional.of(Files.readSymbolicLink(link));
    } catch (IOException goneOrNotOurs) {
      return Optional.empty();
    }
  }

  private static List<Path> list(Path directory) {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      List<Path> list = new ArrayList<>();
      entries.forEach(list::add);
      return list;
    } catch (IOException | DirectoryIteratorException goneOrNotOurs) {
      return List.of();
    }
  }

  private static Optional<String> read(Path file) {
    return read(file, LARGEST);
  }

  private static Optional<String> read(Path file, int most) {
    try (var in = Files.newInputStream(file)) {
      return Optional.of(new String(in.readNBytes(most), StandardCharsets.ISO_8859_1));
    } catch (IOException goneOrAbsent) {
      return Optional.empty();
    }
  }
}

package dev.earshot.session;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
      for (String child : read(task.resolve("children")).orElse("").split("\\s+", -1)) {
        if (isPid(child)) {
          children.add(Long.valueOf(child));
        }
      }
    }
    return children;
  }

  /** Its open descriptors, each a link. */
  List<Path> descriptors(long pid) {
    return list(of(pid, "fd"));
  }

  /** The inode of the socket behind a descriptor's link; empty if it is none. */
  static OptionalLong socket(Path descriptor) {
    try {
      String link = Files.readSymbolicLink(descriptor).toString();
      return link.startsWith("socket:[") && link.endsWith("]")
          ? number(link.substring("socket:[".length(), link.length() - 1))
          : OptionalLong.empty();
    } catch (IOException gone) {
      return OptionalLong.empty();
    }
  }

  /** A file of the whole, such as {@code net/tcp}, up to 16 MiB. */
  Optional<String> text(String name) {
    return read(proc.resolve(name));
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
    try (var in = Files.newInputStream(file)) {
      return Optional.of(new String(in.readNBytes(LARGEST), StandardCharsets.ISO_8859_1));
    } catch (IOException goneOrAbsent) {
      return Optional.empty();
    }
  }
}

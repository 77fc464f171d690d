package dev.earshot.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A control group of version 2, whose members can be killed all at once and cannot leave it without
 * a privilege (cgroups(7)). It limits nothing.
 */
final class Cgroup {
  private static final String MEMBERS = "cgroup.procs";
  private static final String KILL = "cgroup.kill";

  /** Programs that size themselves by these read them in their own group, and nowhere above. */
  private static final List<String> LIMITS = List.of("memory.max", "memory.high", "cpu.max");

  private final Path path;
  private final Path parent;

  private Cgroup(Path path, Path parent) {
    this.path = path;
    this.parent = parent;
  }

  /**
   * One below that of this process, yet to be made; empty where there are none, or it would hide
   * limits.
   */
  static Optional<Cgroup> below(String name) {
    return ownPath().filter(Cgroup::isUnlimited).map(own -> new Cgroup(own.resolve(name), own));
  }

  /** The name of that of a containment. */
  static String nameOf(Mark mark) {
    return "earshot-" + mark.prefix();
  }

  /**
   * One that was made before, if this path is what it says: in the hierarchy of version 2, by this
   * name, not reached through a link.
   */
  static Optional<Cgroup> existing(Path path, String name) {
    Path parent = path.getParent();
    if (parent == null
        || !path.isAbsolute()
        || !path.normalize().equals(path)
        || !path.endsWith(name)
        || mountPoint().filter(path::startsWith).isEmpty()
        || !Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    return Optional.of(new Cgroup(path, parent));
  }

  /** Those of its runs that are there. */
  List<Cgroup> runs() {
    List<Cgroup> runs = new ArrayList<>();
    try (var entries = Files.newDirectoryStream(path, "run-*")) {
      entries.forEach(each -> runs.add(new Cgroup(each, path)));
    } catch (IOException | DirectoryIteratorException gone) {
      // As if there was none.
    }
    return runs;
  }

  /** Takes it away; false if somebody is in it. */
  boolean removeEmpty() {
    try {
      Files.deleteIfExists(path);
      return true;
    } catch (IOException busy) {
      return false;
    }
  }

  /** Lets one member go to where the group hangs from. */
  void release(long pid) {
    write(parent.resolve(MEMBERS), Long.toString(pid));
  }

  /** A group within this one, made. */
  Optional<Cgroup> child(String name) {
    return Optional.of(new Cgroup(path.resolve(name), path)).filter(Cgroup::make);
  }

  Path path() {
    return path;
  }

  /** False, and nothing is there, if it cannot be made. */
  boolean make() {
    try {
      Files.createDirectory(path);
      if (Files.isWritable(path.resolve(KILL)) && Files.isWritable(path.resolve(MEMBERS))) {
        return true;
      }
      Files.delete(path);
    } catch (IOException notOurs) {
      // Most systems let only root and the service manager make one.
    }
    return false;
  }

  /** Where this process is in the hierarchy of version 2. */
  private static Optional<Path> ownPath() {
    try {
      Optional<String> within =
          lines("/proc/self/cgroup").stream()
              .filter(line -> line.startsWith("0::/"))
              .map(line -> line.substring("0::/".length()))
              .findFirst();
      return within.flatMap(relative ->
          mountPoint().map(mount -> mount.resolve(relative)).filter(Files::isDirectory));
    } catch (IOException unknown) {
      return Optional.empty();
    }
  }

  /**
   * The first that shows the hierarchy from its root (proc(5), mountinfo): the fourth and fifth
   * fields are the root and the place, what follows a lone dash begins with the type.
   */
  private static Optional<Path> mountPoint() {
    try {
      for (String line : lines("/proc/self/mountinfo")) {
        String[] fields = line.split(" ", 6);
        if (fields.length == 6 && fields[5].contains(" - cgroup2 ") && fields[3].equals("/")) {
          return Optional.of(Path.of(fields[4]));
        }
      }
    } catch (IOException unknown) {
      // As if there was none.
    }
    return Optional.empty();
  }

  private static boolean isUnlimited(Path own) {
    return LIMITS.stream().map(own::resolve).allMatch(Cgroup::isUnlimitedIn);
  }

  private static boolean isUnlimitedIn(Path file) {
    try {
      return !Files.exists(file) || Files.readString(file).startsWith("max");
    } catch (IOException unknown) {
      return false;
    }
  }

  /** False if the process is gone, or may not be moved. */
  boolean place(long pid) {
    return write(path.resolve(MEMBERS), Long.toString(pid));
  }

  /** Kills every member, those that are just being forked too. */
  boolean kill() {
    return write(path.resolve(KILL), "1");
  }

  /** The pids of its members; empty if it is gone. */
  List<Long> members() {
    try {
      List<Long> pids = new ArrayList<>();
      lines(path.resolve(MEMBERS).toString()).forEach(line -> pids.add(Long.valueOf(line)));
      return pids;
    } catch (IOException | NumberFormatException gone) {
      return List.of();
    }
  }

  /**
   * Whoever is left in it, or in one that a session within it made, goes where this process is;
   * then they are removed.
   */
  void remove() {
    within().forEach(Cgroup::remove);
    for (long pid : members()) {
      release(pid);
    }
    // It stays with a member in a state that cannot be moved or killed: the result names it.
    removeEmpty();
  }

  private List<Cgroup> within() {
    List<Cgroup> within = new ArrayList<>();
    try (var folders = Files.newDirectoryStream(path, Files::isDirectory)) {
      folders.forEach(each -> within.add(new Cgroup(each, parent)));
    } catch (IOException | DirectoryIteratorException gone) {
      // Then there is nothing to remove.
    }
    return within;
  }

  private static boolean write(Path file, String text) {
    try {
      Files.writeString(file, text, StandardCharsets.US_ASCII, StandardOpenOption.WRITE);
      return true;
    } catch (IOException refused) {
      return false;
    }
  }

  private static List<String> lines(String file) throws IOException {
    return Files.readAllLines(Path.of(file), StandardCharsets.ISO_8859_1);
  }
}

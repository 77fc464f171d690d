package dev.earshot.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.posix.Posix;
import dev.earshot.process.posix.Posix.Outcome;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The processes of one process group, found in /proc (proc(5)). As long as the leader is a child
 * that was not waited for, the kernel gives the group's number to nobody else.
 */
final class ProcessGroup {
  private static final Path PROC = Path.of("/proc");

  private final Posix posix;
  private final long id;

  ProcessGroup(Posix posix, long id) {
    this.posix = posix;
    this.id = id;
  }

  /** A process, as /proc/PID/stat has it. */
  record Member(
      long pid, String name, String state, long parent, long group, long session) {
    boolean isAlive() {
      return !state.equals("Z") && !state.equals("X");
    }
  }

  /** The members that are alive: a zombie is not. */
  List<Member> alive() {
    List<Member> members = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path entry : entries) {
        read(entry).filter(m -> m.group() == id && m.isAlive()).ifPresent(members::add);
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot read /proc", e);
    }
    return members;
  }

  /** Sends a signal to the whole group at once; whether anybody was there to get it. */
  boolean signal(Signal signal) {
    return posix.kill(-id, signal.number()) == 0;
  }

  /**
   * Sends a signal to each member by a handle on it, when the group's number may be another's by
   * now. A process that was given the number of an ended member is not in the group.
   */
  void signalEach(Signal signal) {
    for (Member member : alive()) {
      if (posix.pidfd(member.pid()) instanceof Outcome.Ok(int pidfd)) {
        try {
          if (read(PROC.resolve(String.valueOf(member.pid())))
              .filter(m -> m.group() == id)
              .isPresent()) {
            posix.signalPidfd(pidfd, signal.number());
          }
        } finally {
          posix.close(pidfd);
        }
      }
    }
  }

  /** Waits until one of the members has ended, or the time is over. */
  void awaitChange(List<Member> members, Duration patience) {
    List<Integer> pidfds = new ArrayList<>();
    try {
      for (Member member : members) {
        if (posix.pidfd(member.pid()) instanceof Outcome.Ok(int pidfd)) {
          pidfds.add(pidfd);
        }
      }
      // One that could not be opened has ended meanwhile.
      if (pidfds.size() == members.size()) {
        posix.awaitReadable(pidfds, patience);
      }
    } finally {
      pidfds.forEach(posix::close);
    }
  }

  /**
   * Whether nobody would take note if the group were stopped: no member has a parent in another
   * group of its session (POSIX, "orphaned process group").
   */
  boolean isOrphaned() {
    return alive().stream()
        .noneMatch(
            member ->
                read(PROC.resolve(String.valueOf(member.parent())))
                    .filter(p -> p.group() != id && p.session() == member.session())
                    .isPresent());
  }

  private static Optional<Member> read(Path process) {
    try {
      return parse(new String(Files.readAllBytes(process.resolve("stat")), ISO_8859_1));
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  /** Reads {@code pid (name) state ppid pgrp session …}; the name may hold anything, parentheses too. */
  static Optional<Member> parse(String stat) {
    int open = stat.indexOf('(');
    int close = stat.lastIndexOf(')');
    if (open < 2 || close < open) {
      return Optional.empty();
    }
    String[] rest = stat.substring(close + 1).strip().split(" ", 5);
    if (rest.length < 5) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Member(
              Long.parseLong(stat.substring(0, open).strip()),
              stat.substring(open + 1, close),
              rest[0],
              Long.parseLong(rest[1]),
              Long.parseLong(rest[2]),
              Long.parseLong(rest[3])));
    } catch (NumberFormatException notAProcess) {
      return Optional.empty();
    }
  }
}

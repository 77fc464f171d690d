package dev.earshot.process.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.posix.Posix.Outcome;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.SortedSet;

/**
 * A new process, the leader of a process group of its own (posix_spawn(3)): what is asked for. Text
 * is bytes, one a char (ISO 8859-1).
 *
 * @param file the file to execute; relative to {@code folder}
 * @param argv the arguments, the first being the name
 * @param environment the variables, as {@code NAME=value}
 * @param folder a handle on the working directory, or {@link Posix#AT_FDCWD} for ours
 * @param stdio what becomes descriptors 0, 1 and 2; -1 for closed
 * @param inherited further descriptors that the process has, from 3 on; it has no others
 * @param ignored the signals it ignores, as a mask whose bit n-1 is signal n
 * @param blocked the signals it blocks, as such a mask
 * @param terminal a terminal whose foreground it becomes before it runs, or -1
 */
public record Spawn(
    String file,
    List<String> argv,
    List<String> environment,
    int folder,
    List<Integer> stdio,
    SortedSet<Integer> inherited,
    long ignored,
    long blocked,
    int terminal) {

  /** Signals whose action cannot be set, or which a JVM cannot be without, or our own waiting. */
  private static final long NOT_IGNORED =
      bit(4) | bit(7) | bit(8) | bit(9) | bit(11) | bit(17) | bit(19) | bit(32) | bit(33);

  /** Whether a terminal can be handed over before the process runs: glibc 2.35 and newer. */
  public static boolean canHandOver(Posix posix) {
    return posix.libc().has("posix_spawn_file_actions_addtcsetpgrp_np");
  }

  /** Makes the process: its id, or the error of the first thing that failed. */
  public Outcome start(Posix posix) {
    posix.spawning().lock();
    try (Arena arena = Arena.ofConfined()) {
      return withIgnoredSignals(posix, arena);
    } finally {
      posix.spawning().unlock();
    }
  }

  /**
   * A new process can only inherit that a signal is ignored, so those that it shall ignore are
   * ignored here for the moment.
   */
  private Outcome withIgnoredSignals(Posix posix, Arena arena) {
    Libc libc = posix.libc();
    MemorySegment ignore = arena.allocate(Constants.SIGACTION_SIZE, 8);
    ignore.set(JAVA_LONG, 0, Constants.SIG_IGN);
    MemorySegment former =
        arena.allocate(Constants.SIGACTION_SIZE * (Constants.LAST_SIGNAL + 1), 8);
    long set = ignored & ~NOT_IGNORED;
    for (int signal = 1; signal <= Constants.LAST_SIGNAL; signal++) {
      if ((set & bit(signal)) != 0) {
        libc.call("sigaction", signal, ignore.address(), slot(former, signal).address());
      }
    }
    try {
      return spawn(posix, arena, set);
    } finally {
      for (int signal = 1; signal <= Constants.LAST_SIGNAL; signal++) {
        if ((set & bit(signal)) != 0) {
          libc.call("sigaction", signal, slot(former, signal).address(), 0);
        }
      }
    }
  }

  private Outcome spawn(Posix posix, Arena arena, long ignoredNow) {
    Libc libc = posix.libc();
    MemorySegment attributes = arena.allocate(Constants.SPAWN_ATTRIBUTES_SIZE, 16);
    MemorySegment actions = arena.allocate(Constants.FILE_ACTIONS_SIZE, 16);
    long attr = attributes.address();
    libc.call("posix_spawnattr_init", attr);
    libc.call("posix_spawn_file_actions_init", actions.address());
    int[] copies = {-1, -1, -1};
    try {
      libc.call(
          "posix_spawnattr_setflags",
          attr,
          Constants.POSIX_SPAWN_SETPGROUP
              | Constants.POSIX_SPAWN_SETSIGDEF
              | Constants.POSIX_SPAWN_SETSIGMASK);
      libc.call("posix_spawnattr_setpgroup", attr, 0);
      libc.call(
          "posix_spawnattr_setsigdefault", attr, signalSet(libc, arena, ~ignoredNow).address());
      libc.call("posix_spawnattr_setsigmask", attr, signalSet(libc, arena, blocked).address());
      int errno = addActions(posix, actions.address(), copies);
      if (errno != 0) {
        return new Outcome.Failed(errno);
      }
      MemorySegment pid = arena.allocate(8, 8);
      // posix_spawn returns the error, it does not set errno.
      int error =
          libc.call(
                  "posix_spawn",
                  pid.address(),
                  Posix.cString(arena, file.getBytes(ISO_8859_1)).address(),
                  actions.address(),
                  attr,
                  vector(arena, argv).address(),
                  vector(arena, environment).address())
              .asInt();
      return error == 0 ? new Outcome.Ok(pid.get(JAVA_INT, 0)) : new Outcome.Failed(error);
    } finally {
      libc.call("posix_spawn_file_actions_destroy", actions.address());
      libc.call("posix_spawnattr_destroy", attr);
      for (int copy : copies) {
        if (copy >= 0) {
          posix.close(copy);
        }
      }
    }
  }

  /** In this order: working directory, terminal, standard streams, all the rest closed. */
  private int addActions(Posix posix, long actions, int[] copies) {
    Libc libc = posix.libc();
    if (folder != Posix.AT_FDCWD) {
      libc.call("posix_spawn_file_actions_addfchdir_np", actions, folder);
    }
    if (terminal >= 0) {
      libc.call("posix_spawn_file_actions_addtcsetpgrp_np", actions, terminal);
    }
    for (int number = 0; number < copies.length; number++) {
      // From a copy, as one of 0, 1 and 2 may become another of them.
      switch (stdio.get(number) < 0 ? new Outcome.Failed(0) : posix.duplicate(stdio.get(number))) {
        case Outcome.Ok(int copy) -> {
          copies[number] = copy;
          libc.call("posix_spawn_file_actions_adddup2", actions, copy, number);
        }
        case Outcome.Failed(int errno) -> {
          if (errno != 0 && errno != Errno.EBADF.number()) {
            return errno;
          }
          libc.call("posix_spawn_file_actions_addclose", actions, number);
        }
      }
    }
    int last = inherited.isEmpty() ? 2 : inherited.last();
    for (int number = 3; number < last; number++) {
      if (!inherited.contains(number)) {
        libc.call("posix_spawn_file_actions_addclose", actions, number);
      }
    }
    libc.call("posix_spawn_file_actions_addclosefrom_np", actions, last + 1L);
    return 0;
  }

  private static MemorySegment signalSet(Libc libc, Arena arena, long mask) {
    MemorySegment set = arena.allocate(Constants.SIGSET_SIZE, 8);
    libc.call("sigemptyset", set.address());
    for (int signal = 1; signal <= Constants.LAST_SIGNAL; signal++) {
      if ((mask & bit(signal)) != 0) {
        libc.call("sigaddset", set.address(), signal);
      }
    }
    return set;
  }

  private static MemorySegment vector(Arena arena, List<String> texts) {
    MemorySegment vector = arena.allocate(8L * (texts.size() + 1), 8);
    for (int i = 0; i < texts.size(); i++) {
      vector.setAtIndex(JAVA_LONG, i, Posix.cString(arena, texts.get(i).getBytes(ISO_8859_1)).address());
    }
    return vector;
  }

  private static MemorySegment slot(MemorySegment actions, int signal) {
    return actions.asSlice(Constants.SIGACTION_SIZE * signal, Constants.SIGACTION_SIZE);
  }

  private static long bit(int signal) {
    return 1L << (signal - 1);
  }
}

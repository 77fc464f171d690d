package dev.earshot.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * The number by which the processes of a run are known wherever they went. They inherit it in two
 * ways: as their soft limit of file locks, which Linux does not look at and which everybody may
 * read in {@code /proc/PID/limits}, and in a variable. The limit survives {@code setsid}, a wiped
 * environment and a change of user; it is lost where a program sets this very limit.
 *
 * <p>Of its 18 digits the first 13 stand for the containment and the last five for the run.
 */
record Mark(long number) {
  /** As a limit: none, that is the highest there may be. */
  static final long NONE = -1;

  /** The variable that carries the number, too. */
  static final String VARIABLE = "EARSHOT_MARK";

  private static final long RUNS = 100_000;
  private static final long CONTAINMENTS = 1_000_000_000_000L;
  private static final int LARGEST_ENVIRONMENT = 4 << 20;
  private static final String LIMIT = "Max file locks";
  private static final long HASH_START = 0xcbf29ce484222325L;
  private static final long HASH_FACTOR = 0x100000001b3L;

  /** That of a containment; runs are numbered from it. The same text gives the same number. */
  static Mark of(String containment) {
    // FNV-1a, 64 bits.
    long hash = HASH_START;
    for (byte each : containment.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (each & 0xff)) * HASH_FACTOR;
    }
    return new Mark((CONTAINMENTS + Long.remainderUnsigned(hash, CONTAINMENTS)) * RUNS);
  }

  /** That of one run, from 1 to 99,999; then the numbers begin again. */
  Mark ofRun(long run) {
    return new Mark(number - number % RUNS + 1 + (run - 1) % (RUNS - 1));
  }

  /** The digits that all runs of the containment share. */
  String prefix() {
    return Long.toString(number / RUNS);
  }

  /** Whether a process carries this very number. */
  boolean isOn(long pid) {
    long limit = limitOf(pid);
    return limit == number
        || (!isMark(limit) && environmentHas(pid, VARIABLE + "=" + number + '\0'));
  }

  /** Whether a process carries the number of any run of the containment. */
  boolean isOfContainmentOf(long pid) {
    long limit = limitOf(pid);
    return limit / RUNS == number / RUNS
        || (!isMark(limit) && environmentHas(pid, VARIABLE + "=" + prefix()));
  }

  /** By what a process carries the number of any run of the containment; nothing if it does not. */
  Set<Leftovers.Sign> signsOn(long pid) {
    long limit = limitOf(pid);
    Set<Leftovers.Sign> signs = EnumSet.noneOf(Leftovers.Sign.class);
    if (limit / RUNS == number / RUNS) {
      signs.add(Leftovers.Sign.LIMIT);
    }
    if ((!signs.isEmpty() || !isMark(limit)) && environmentHas(pid, VARIABLE + "=" + prefix())) {
      signs.add(Leftovers.Sign.VARIABLE);
    }
    return signs;
  }

  /** Whether a process without this containment's number carries that of another. */
  static boolean isOnAny(long pid) {
    return isMark(limitOf(pid)) || environmentHas(pid, VARIABLE + "=");
  }

  /** What a session within another gave its processes outweighs the variable of the outer one. */
  private static boolean isMark(long limit) {
    return limit / RUNS >= CONTAINMENTS && limit / RUNS < 2 * CONTAINMENTS;
  }

  /** -1 if there is none, or the process is gone. */
  private static long limitOf(long pid) {
    try {
      String limits = Files.readString(file(pid, "limits"), StandardCharsets.ISO_8859_1);
      int at = limits.indexOf(LIMIT);
      return at < 0 ? NONE : firstNumber(limits, at + LIMIT.length());
    } catch (IOException gone) {
      return NONE;
    }
  }

  /** NONE if the next word is none, such as {@code unlimited}. */
  private static long firstNumber(String text, int from) {
    int at = from;
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
    long number = 0;
    int digits = 0;
    while (at < text.length() && Character.isDigit(text.charAt(at)) && digits < 18) {
      number = number * 10 + (text.charAt(at) - '0');
      digits++;
      at++;
    }
    return digits == 0 ? NONE : number;
  }

  /** Of another user's process it cannot be known. */
  private static boolean environmentHas(long pid, String text) {
    try (InputStream in = Files.newInputStream(file(pid, "environ"))) {
      var all = new String(in.readNBytes(LARGEST_ENVIRONMENT), StandardCharsets.ISO_8859_1);
      return all.startsWith(text) || all.contains('\0' + text);
    } catch (IOException goneOrForbidden) {
      return false;
    }
  }

  private static Path file(long pid, String name) {
    return Path.of("/proc/" + pid + "/" + name);
  }
}

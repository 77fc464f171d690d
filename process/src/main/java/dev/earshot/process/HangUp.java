package dev.earshot.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether a stop must be a hang-up, too: an interactive shell ignores TERM, but ends when its
 * terminal goes.
 */
final class HangUp {
  private static final String IGNORED = "SigIgn:";

  private HangUp() {}

  /** Whether the process ignores the stop signal now. */
  static boolean isNeeded(long pid, Signal stop) {
    try {
      byte[] status = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "status"));
      return isIgnored(new String(status, StandardCharsets.ISO_8859_1), stop);
    } catch (IOException gone) {
      return false;
    }
  }

  /** From {@code /proc/PID/status} (proc(5)); what cannot be read there is not ignored. */
  static boolean isIgnored(String status, Signal signal) {
    return status
        .lines()
        .filter(line -> line.startsWith(IGNORED))
        .map(line -> line.substring(IGNORED.length()).strip())
        .filter(mask -> mask.matches("[0-9a-f]{1,16}"))
        .anyMatch(mask -> (Long.parseUnsignedLong(mask, 16) & signal.bit()) != 0);
  }
}

package dev.earshot.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Where a number of a process means what it says: on one machine, since one start of it, within one
 * namespace of numbers. What cannot be known is {@code unknown}, which equals nothing.
 *
 * @param id of the machine, or its name if it has none
 * @param boot of this start of it
 * @param namespace of process numbers (pid_namespaces(7))
 */
public record Machine(String id, String boot, String namespace) {
  /** In place of what cannot be known. */
  public static final String UNKNOWN = "unknown";

  private static final Path ID = Path.of("/etc/machine-id");
  private static final Path NAME = Path.of("/proc/sys/kernel/hostname");
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path NAMESPACE = Path.of("/proc/self/ns/pid");

  /** As this process sees it. */
  public static Machine here() {
    return new Machine(
        word(ID).or(() -> word(NAME)).orElse(UNKNOWN), word(BOOT).orElse(UNKNOWN), namespaceHere());
  }

  /** Whether it is known to be the same machine. */
  public boolean isSame(Machine other) {
    return isKnown(id) && id.equals(other.id);
  }

  /** Whether it is known to be another start of the machine. */
  public boolean isOtherBoot(Machine other) {
    return isKnown(boot) && isKnown(other.boot) && !boot.equals(other.boot);
  }

  /** Whether a number of a process is known to mean the same. */
  public boolean sharesNumbers(Machine other) {
    return isSame(other)
        && isKnown(boot)
        && boot.equals(other.boot)
        && isKnown(namespace)
        && namespace.equals(other.namespace);
  }

  /**
   * When a process started, in clock ticks since the machine did: with its number an identity.
   * Empty if it is gone, or a zombie.
   */
  public static OptionalLong startOf(long pid) {
    return ProcessTable.of(pid)
        .filter(ProcessTable.Entry::isAlive)
        .map(now -> OptionalLong.of(now.start()))
        .orElse(OptionalLong.empty());
  }

  /** The C library, such as {@code glibc 2.36}; empty if it does not say. */
  public static Optional<String> libraryOfC() {
    return Libc.version();
  }

  private static boolean isKnown(String value) {
    return !value.equals(UNKNOWN);
  }

  private static String namespaceHere() {
    try {
      String digits = Files.readSymbolicLink(NAMESPACE).toString().replaceAll("[^0-9]", "");
      return digits.isEmpty() ? UNKNOWN : digits;
    } catch (IOException unknown) {
      return UNKNOWN;
    }
  }

  /** A file of one word. */
  private static Optional<String> word(Path file) {
    try {
      String word = Files.readString(file, StandardCharsets.ISO_8859_1).strip();
      return Optional.of(word).filter(it -> it.matches("[0-9A-Za-z._-]{1,255}"));
    } catch (IOException unknown) {
      return Optional.empty();
    }
  }
}

package dev.earshot.process;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;

/** What to tell the user about an exec that failed, from the error and facts about the file. */
final class ExecHints {
  private static final String ELF = "\u007fELF";
  private static final int ELF_HEADER = 64;
  private static final int ELF_MACHINE = 18;
  private static final int ELF_PROGRAM_HEADERS = 32;
  private static final int ELF_PROGRAM_HEADER_COUNT = 56;
  private static final int PROGRAM_HEADER = 56;
  private static final int PT_INTERP = 3;

  private static final Map<Integer, String> MACHINES =
      Map.of(
          3, "x86 (32 bit)",
          8, "MIPS",
          21, "POWER",
          22, "S/390",
          40, "ARM (32 bit)",
          62, "x86-64",
          183, "aarch64",
          243, "RISC-V",
          258, "LoongArch");

  private ExecHints() {}

  /**
   * The file that was tried.
   *
   * @param executable someone may execute it, by its permissions
   * @param head its first 4096 bytes at most, one char for each; empty if it cannot be read
   */
  record File(boolean directory, boolean executable, boolean noExecMount, String head) {}

  /**
   * @param file as tried
   * @param facts empty if there is no such file
   * @param machine of this computer, an ELF {@code e_machine}
   */
  static String hint(int errno, String file, Optional<File> facts, int machine) {
    return switch (errno) {
      case Errno.ENOENT -> facts.map(f -> missingInterpreter(file, f)).orElseGet(() -> none(file));
      case Errno.EACCES -> facts.map(f -> denied(file, f)).orElseGet(() -> hidden(file));
      case Errno.ENOEXEC -> facts.map(f -> format(file, f, machine)).orElseGet(() -> odd(file));
      case Errno.ENOTDIR -> "a part of the path " + file + " is a file, not a directory";
      case Errno.E2BIG ->
          "the argument list is too long: pass fewer or shorter arguments (128 KiB is the most for"
              + " one), or a smaller environment";
      case Errno.ETXTBSY -> file + " is open for writing: let what writes it finish";
      case Errno.ELOOP -> "too many symbolic links lead to " + file + ": look for a loop";
      case Errno.ENAMETOOLONG -> "the name of the command is too long";
      case Errno.EAGAIN -> "the limit of processes is reached: see ulimit -u";
      case Errno.ENOMEM -> "there is not enough memory to start a process";
      case Errno.EMFILE, Errno.ENFILE -> "too many files are open: see ulimit -n";
      case Errno.EPERM -> "the system does not permit to run " + file;
      default -> "cannot run " + file + ": " + Errno.name(errno);
    };
  }

  private static String none(String file) {
    return file.contains("/")
        ? "there is no file " + file
        : "there is no command " + file + " in any directory of PATH";
  }

  private static String missingInterpreter(String file, File facts) {
    Optional<String> named = interpreterLine(facts.head());
    if (named.isPresent()) {
      String line = named.get();
      return line.endsWith("\r")
          ? "the first line of %s ends with a carriage return: convert it, such as by dos2unix"
              .formatted(file)
          : "the interpreter of %s, %s, is not there: correct its first line"
              .formatted(file, interpreter(line));
    }
    return elfLoader(facts.head())
        .map(loader ->
            "the loader of %s, %s, is not there: it was built for another C library"
                .formatted(file, loader))
        .orElseGet(() -> "what " + file + " needs to run is not there");
  }

  private static String denied(String file, File facts) {
    if (facts.directory()) {
      return file + " is a directory";
    }
    if (!facts.executable()) {
      return "%s is not executable: chmod +x it".formatted(file);
    }
    if (facts.noExecMount()) {
      return file + " is on a file system mounted noexec: copy it to another";
    }
    return interpreterLine(facts.head())
        .map(line -> "the interpreter of %s, %s, may not be run".formatted(file, interpreter(line)))
        .orElseGet(() -> "you may not run " + file);
  }

  private static String hidden(String file) {
    return "a directory on the way to " + file + " may not be entered";
  }

  private static String format(String file, File facts, int machine) {
    String head = facts.head();
    if (head.startsWith(ELF)) {
      if (head.length() < ELF_HEADER) {
        return file + " is a truncated program";
      }
      int theirs = number(head, ELF_MACHINE, 2);
      return theirs == machine
          ? file + " is a damaged program"
          : "%s was built for another processor: %s, this is %s"
              .formatted(file, machineName(theirs), machineName(machine));
    }
    return head.isEmpty()
        ? file + " is empty, or cannot be read"
        : "%s is no program and has no #! line: add one, or run it by its interpreter, such as sh %s"
            .formatted(file, file);
  }

  private static String odd(String file) {
    return file + " is no program";
  }

  private static String machineName(int machine) {
    return MACHINES.getOrDefault(machine, "machine " + machine);
  }

  /** What follows {@code #!} in the first line, without the line feed. */
  private static Optional<String> interpreterLine(String head) {
    if (!head.startsWith("#!")) {
      return Optional.empty();
    }
    int end = head.indexOf('\n');
    return Optional.of(end < 0 ? head.substring(2) : head.substring(2, end));
  }

  private static String interpreter(String line) {
    String stripped = line.strip();
    int end = 0;
    while (end < stripped.length() && stripped.charAt(end) != ' ' && stripped.charAt(end) != '\t') {
      end++;
    }
    return stripped.substring(0, end);
  }

  /** The loader a 64-bit program names, if it lies within the head (elf(5), PT_INTERP). */
  private static Optional<String> elfLoader(String head) {
    if (!head.startsWith(ELF) || head.length() < ELF_HEADER) {
      return Optional.empty();
    }
    int table = number(head, ELF_PROGRAM_HEADERS, 4);
    int count = number(head, ELF_PROGRAM_HEADER_COUNT, 2);
    for (int i = 0; i < count; i++) {
      long at = table + (long) i * PROGRAM_HEADER;
      if (at < 0 || at + PROGRAM_HEADER > head.length()) {
        return Optional.empty();
      }
      if (number(head, (int) at, 4) == PT_INTERP) {
        long start = number(head, (int) at + 8, 4);
        if (start < 0 || start >= head.length()) {
          return Optional.empty();
        }
        int end = head.indexOf('\0', (int) start);
        return end < 0 ? Optional.empty() : Optional.of(head.substring((int) start, end));
      }
    }
    return Optional.empty();
  }

  /** A little-endian number of 2 or 4 bytes; other byte orders only make the hint less exact. */
  private static int number(String head, int at, int bytes) {
    ByteBuffer part =
        ByteBuffer.wrap(head.substring(at, at + bytes).getBytes(StandardCharsets.ISO_8859_1))
            .order(ByteOrder.LITTLE_ENDIAN);
    return bytes == 2 ? part.getShort() & 0xffff : part.getInt();
  }
}

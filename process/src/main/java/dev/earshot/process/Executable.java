package dev.earshot.process;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.StartFailure.Stage;
import dev.earshot.process.posix.Errno;
import dev.earshot.process.posix.Posix;
import dev.earshot.process.posix.Posix.Outcome;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Optional;

/**
 * Which file a command means, and why a file could not be executed. Names are bytes (ISO 8859-1),
 * relative to the command's working directory.
 */
final class Executable {
  /** Where commands are looked for without a PATH (confstr(3), _CS_PATH). */
  private static final String DEFAULT_PATH = "/bin:/usr/bin";

  private static final int HEAD = 4096;
  private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};
  private static final int PT_INTERP = 3;
  private static final int EM_X86_64 = 62;
  private static final int EM_AARCH64 = 183;

  private final Posix posix;
  private final int folder;

  /**
   * In a working directory.
   *
   * @param folder a handle on it, or {@link Posix#AT_FDCWD}
   */
  Executable(Posix posix, int folder) {
    this.posix = posix;
    this.folder = folder;
  }

  /** What a lookup found. */
  sealed interface Found {
    /** A file to execute. */
    record File(String name) implements Found {}

    /** None. */
    record Nothing(StartFailure why) implements Found {}
  }

  /** The file that a command means, looked up as execvp(3) does. */
  Found find(String command, Optional<String> path) {
    if (command.isEmpty()) {
      return new Found.Nothing(absent(command));
    }
    if (command.contains("/")) {
      return new Found.File(command);
    }
    boolean denied = false;
    for (String entry : path.orElse(DEFAULT_PATH).split(":", -1)) {
      String name = entry.isEmpty() ? command : entry + "/" + command;
      byte[] bytes = name.getBytes(ISO_8859_1);
      if (posix.exists(folder, bytes) != 0) {
        continue;
      }
      if (posix.executable(folder, bytes) == 0 && !posix.isFolder(folder, bytes)) {
        return new Found.File(name.contains("/") ? name : "./" + name);
      }
      denied = true;
    }
    return new Found.Nothing(
        denied
            ? failure(
                Errno.EACCES.number(),
                "the file of that name on PATH is not executable",
                "make it executable: chmod +x FILE")
            : absent(command));
  }

  private static StartFailure absent(String command) {
    return new StartFailure(
        Stage.EXEC,
        Errno.ENOENT.number(),
        Errno.ENOENT.name(),
        "there is no such command",
        command.contains("/")
            ? "check the path; it is relative to the command's working directory"
            : "check its name, and the PATH of the command",
        true);
  }

  /** Why executing a file failed with this error: the error together with what the file is. */
  StartFailure diagnose(String file, int errno) {
    byte[] name = file.getBytes(ISO_8859_1);
    if (errno == Errno.E2BIG.number()) {
      return new StartFailure(
          Stage.ARGV,
          errno,
          Errno.name(errno),
          "its arguments and variables are too long",
          "one may have 128 KiB, all together about a quarter of the stack limit (ulimit -s)",
          false);
    }
    if (errno == Errno.EAGAIN.number()
        || errno == Errno.ENOMEM.number()
        || errno == Errno.EMFILE.number()
        || errno == Errno.ENFILE.number()) {
      return new StartFailure(
          Stage.LIMITS,
          errno,
          Errno.name(errno),
          "the system has no room for another process",
          "see the limits of processes, memory and open files (ulimit -a)",
          false);
    }
    if (errno == Errno.ENOTTY.number()) {
      return new StartFailure(
          Stage.TTY, errno, Errno.name(errno), "the terminal could not be handed over", "", false);
    }
    if (errno == Errno.ENOENT.number() && posix.exists(folder, name) != 0) {
      return absent(file);
    }
    if (errno == Errno.EACCES.number()) {
      return denied(name, errno);
    }
    return content(name, errno);
  }

  private StartFailure denied(byte[] name, int errno) {
    if (posix.isFolder(folder, name)) {
      return failure(errno, "it is a directory", "name a file in it");
    }
    if (posix.executable(folder, name) != 0) {
      return failure(errno, "it is not executable", "make it executable: chmod +x FILE");
    }
    Optional<String> interpreter = script(head(name));
    if (interpreter.isPresent()) {
      return failure(
          errno,
          "its interpreter " + interpreter.get() + " cannot be executed",
          "mend its first line");
    }
    return failure(
        errno,
        "permission denied",
        "its file system may be mounted noexec, or a folder above may not be searched");
  }

  private StartFailure content(byte[] name, int errno) {
    byte[] head = head(name);
    Optional<String> interpreter = script(head);
    if (interpreter.isPresent()) {
      String path = interpreter.get();
      if (path.endsWith("\r")) {
        return failure(
            errno,
            "its first line ends with a carriage return",
            "save it with Unix line ends: sed -i 's/\\r$//' FILE");
      }
      if (posix.exists(folder, path.getBytes(ISO_8859_1)) != 0) {
        return failure(
            errno, "its interpreter " + path + " does not exist", "mend its first line");
      }
    }
    if (startsWith(head, ELF)) {
      return program(head, errno);
    }
    if (errno == Errno.ENOEXEC.number()) {
      return head.length == 0
          ? failure(errno, "it is empty", "")
          : failure(
              errno,
              "it is neither a program nor a script with a #! line",
              "begin it with #!/bin/sh, or run: sh FILE");
    }
    if (errno == Errno.ETXTBSY.number()) {
      return failure(
          errno, "it is open for writing elsewhere", "wait until whoever writes it is done");
    }
    if (errno == Errno.ELOOP.number()) {
      return failure(errno, "its symbolic links go round in a circle", "");
    }
    if (errno == Errno.ENAMETOOLONG.number()) {
      return failure(errno, "its name is too long", "");
    }
    if (errno == Errno.ENOTDIR.number()) {
      return failure(errno, "a part of its path is not a directory", "check the path");
    }
    return failure(errno, "it cannot be executed", "");
  }

  /** An ELF file (elf(5)): the machine it is for, or the loader it wants. */
  private StartFailure program(byte[] head, int errno) {
    if (head.length < 64) {
      return failure(errno, "it is a program that was cut short", "");
    }
    ByteBuffer elf =
        ByteBuffer.wrap(head)
            .order(head[5] == 2 ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    int machine = Short.toUnsignedInt(elf.getShort(18));
    int ours = System.getProperty("os.arch").equals("aarch64") ? EM_AARCH64 : EM_X86_64;
    if (machine != ours) {
      return failure(
          errno,
          "it is a program for another machine (ELF machine %d, this one is %d)"
              .formatted(machine, ours),
          "get the one for " + System.getProperty("os.arch"));
    }
    Optional<String> loader = loader(head, elf);
    if (loader.isPresent() && posix.exists(folder, loader.get().getBytes(ISO_8859_1)) != 0) {
      return failure(
          errno,
          "its loader " + loader.get() + " does not exist",
          "it was built for another C library or distribution");
    }
    return failure(errno, "it is a program that this system cannot load", "");
  }

  private static Optional<String> loader(byte[] head, ByteBuffer elf) {
    long table = elf.getLong(32);
    int size = Short.toUnsignedInt(elf.getShort(54));
    int count = Short.toUnsignedInt(elf.getShort(56));
    for (int i = 0; i < count; i++) {
      long at = table + (long) i * size;
      if (at < 0 || at + 40 > elf.capacity()) {
        return Optional.empty();
      }
      if (elf.getInt((int) at) == PT_INTERP) {
        long offset = elf.getLong((int) at + 8);
        long length = elf.getLong((int) at + 32) - 1;
        return offset < 0 || length <= 0 || offset + length > elf.capacity()
            ? Optional.empty()
            : Optional.of(new String(head, (int) offset, (int) length, ISO_8859_1));
      }
    }
    return Optional.empty();
  }

  /** The interpreter of a script, up to white space; a carriage return belongs to its name. */
  private static Optional<String> script(byte[] head) {
    if (head.length < 2 || head[0] != '#' || head[1] != '!') {
      return Optional.empty();
    }
    String text = new String(head, ISO_8859_1);
    int newline = text.indexOf('\n');
    String words = text.substring(2, newline < 0 ? text.length() : newline).replaceFirst("^[ \\t]+", "");
    int end = 0;
    while (end < words.length() && words.charAt(end) != ' ' && words.charAt(end) != '\t') {
      end++;
    }
    return Optional.of(words.substring(0, end));
  }

  private byte[] head(byte[] name) {
    return switch (posix.openForReading(folder, name)) {
      case Outcome.Ok(int descriptor) -> {
        try {
          yield posix.readStart(descriptor, HEAD);
        } finally {
          posix.close(descriptor);
        }
      }
      case Outcome.Failed _ -> new byte[0];
    };
  }

  private static boolean startsWith(byte[] bytes, byte[] start) {
    return bytes.length >= start.length
        && Arrays.equals(bytes, 0, start.length, start, 0, start.length);
  }

  private static StartFailure failure(int errno, String problem, String hint) {
    return new StartFailure(Stage.EXEC, errno, Errno.name(errno), problem, hint, false);
  }
}

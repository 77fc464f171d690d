package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.earshot.process.Descriptors;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Where the event stream goes: a file, stdout, or a descriptor that was inherited. */
sealed interface EventTarget {

  /** A file to be created, or a FIFO, by name. */
  record File(String name) implements EventTarget {}

  /** A descriptor of this process. */
  record Descriptor(int number) implements EventTarget {}

  /** How long a FIFO may be without a reader. */
  Duration READER_PATIENCE = Duration.ofSeconds(2);

  Pattern DESCRIPTOR_FILE = Pattern.compile("/(?:dev|proc/self)/fd/(\\d{1,9})");

  /** {@code -} is stdout, {@code fd:N} and {@code /dev/fd/N} are descriptors, else it is a file. */
  static EventTarget parse(String text) throws UserError {
    if (text.equals("-") || text.equals("/dev/stdout")) {
      return new Descriptor(1);
    }
    if (text.equals("/dev/stderr")) {
      return new Descriptor(2);
    }
    var file = DESCRIPTOR_FILE.matcher(text);
    if (file.matches()) {
      return new Descriptor(Integer.parseInt(file.group(1)));
    }
    if (text.startsWith("fd:")) {
      if (!text.matches("fd:\\d{1,9}") || text.equals("fd:0")) {
        throw UserError.badValue("--events", text, "FILE, - or fd:N with N from 1");
      }
      return new Descriptor(Integer.parseInt(text.substring("fd:".length())));
    }
    if (text.isEmpty()) {
      throw UserError.badValue("--events", text, "FILE, - or fd:N");
    }
    return new File(text);
  }

  /** The descriptor that this target takes from those the command would inherit. */
  default OptionalInt descriptor() {
    return this instanceof Descriptor(int number) ? OptionalInt.of(number) : OptionalInt.empty();
  }

  /** Opens the target. A file is created 0600 or truncated, and not reached through a link. */
  default OutputStream open(String option) throws UserError {
    return switch (this) {
      case Descriptor(int number) -> {
        if (!Descriptors.isOpen(number)) {
          throw UserError.descriptorClosed(option, number);
        }
        yield openDescriptor(option, number);
      }
      case File(String name) -> openFile(option, name);
    };
  }

  /** Creates or empties a regular file as {@link #open} does. */
  static Path emptyFile(String option, String name) throws UserError {
    if (name.isEmpty() || name.equals("-")) {
      throw UserError.badValue(option, name, "FILE");
    }
    Path path = Path.of(name);
    if (Files.exists(path)
        && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
        && !Files.isSymbolicLink(path)) {
      throw UserError.cannotWrite(option, name, "it is not a regular file");
    }
    try (var created = openFile(option, name)) {
      created.flush();
      return path;
    } catch (IOException e) {
      throw UserError.cannotWrite(option, name, String.valueOf(e.getMessage()));
    }
  }

  private static OutputStream openDescriptor(String option, int number) throws UserError {
    try {
      return Descriptors.output(number);
    } catch (IOException e) {
      throw UserError.cannotWrite(option, "fd:" + number, String.valueOf(e.getMessage()));
    }
  }

  private static OutputStream openFile(String option, String name) throws UserError {
    Path path = Path.of(name);
    if (Files.isSymbolicLink(path)) {
      throw UserError.outputIsSymbolicLink(option, name);
    }
    if (isDatabase(path)) {
      throw UserError.cannotWrite(
          option, name, "it is a capture, or another database; name another file, or remove it");
    }
    try {
      boolean special =
          Files.exists(path, LinkOption.NOFOLLOW_LINKS)
              && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS);
      return special ? openSpecial(option, path) : create(path);
    } catch (FileSystemException e) {
      String why = e.getReason() != null ? e.getReason() : reason(e);
      throw UserError.cannotWrite(option, name, why);
    } catch (IOException e) {
      throw UserError.cannotWrite(option, name, String.valueOf(e.getMessage()));
    }
  }

  /** A record must not be lost by a slip: SQLite's files begin like this. */
  private static boolean isDatabase(Path path) {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (var in = Files.newInputStream(path)) {
      return new String(in.readNBytes(16), ISO_8859_1).equals("SQLite format 3\0");
    } catch (IOException e) {
      // What cannot be read may be written, or opening it tells why not.
      return false;
    }
  }

  private static String reason(FileSystemException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException _ -> "its folder does not exist";
      case java.nio.file.AccessDeniedException _ -> "permission denied";
      default -> "it cannot be opened";
    };
  }

  private static OutputStream create(Path path) throws IOException {
    return Channels.newOutputStream(
        Files.newByteChannel(
            path,
            Set.of(
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING,
                LinkOption.NOFOLLOW_LINKS),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))));
  }

  /**
   * Opens a FIFO or a device. Opening a FIFO waits for its reader, in a thread of its own; when
   * nobody comes, it is opened for reading here, which frees that thread.
   */
  private static OutputStream openSpecial(String option, Path path) throws UserError, IOException {
    var opened = new CompletableFuture<OutputStream>();
    Thread.ofPlatform()
        .daemon()
        .name("earshot-open-events")
        .start(() -> {
          try {
            opened.complete(
                Files.newOutputStream(path, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
          } catch (IOException | RuntimeException e) {
            opened.completeExceptionally(e);
          }
        });
    try {
      return opened.get(READER_PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException nobody) {
      Files.newInputStream(path).close();
      opened.join().close();
      throw UserError.nobodyReads(option, path.toString());
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException problem ? problem : new IOException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}

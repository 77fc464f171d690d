package dev.earshot.session;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/** Paths as raw bytes, one char for each, the way an environment holds them. */
final class RawPath {
  /** The encoding in which the JDK turns file names into strings. */
  private static final Charset FILE_NAMES =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  private RawPath() {}

  /** The bytes of the path. */
  static String of(Path path) {
    return new String(path.toString().getBytes(FILE_NAMES), StandardCharsets.ISO_8859_1);
  }

  /** The path that these bytes name; empty if it cannot be expressed in this locale. */
  static Optional<Path> parse(String raw) {
    byte[] bytes = raw.getBytes(StandardCharsets.ISO_8859_1);
    String text = new String(bytes, FILE_NAMES);
    try {
      Path path = Path.of(text);
      return of(path).equals(raw) || text.equals(raw) ? Optional.of(path) : Optional.empty();
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }
}

package dev.earshot.session;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
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
    try {
      return decoded(raw, FILE_NAMES).map(Path::of);
    } catch (InvalidPathException e) {
      return Optional.empty();
    }
  }

  /** The text that these bytes are; empty if the encoding would change them. */
  static Optional<String> decoded(String raw, Charset encoding) {
    byte[] bytes = raw.getBytes(StandardCharsets.ISO_8859_1);
    String text = new String(bytes, encoding);
    return Arrays.equals(bytes, text.getBytes(encoding)) ? Optional.of(text) : Optional.empty();
  }
}

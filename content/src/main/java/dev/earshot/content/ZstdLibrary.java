package dev.earshot.content;

import com.github.luben.zstd.util.Native;
import com.github.luben.zstd.util.ZstdVersion;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.UUID;

/**
 * The native library of zstd-jni, loaded when it is first asked for. By itself zstd-jni would put a
 * file into the temporary directory, load it and delete it, and leave it there when killed in
 * between. Here the file loses its name in the system call after the one that makes it, before
 * anything is written to it, and is loaded through its descriptor.
 */
final class ZstdLibrary {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private ZstdLibrary() {}

  /** Why zstd cannot be decoded here; empty if it can. The first call loads the library. */
  static Optional<String> problem() {
    return Loading.PROBLEM;
  }

  private static final class Loading {
    static final Optional<String> PROBLEM =
        loadFrom(List.of(Path.of(System.getProperty("java.io.tmpdir")), Path.of("/dev/shm")));
  }

  /** Loads it from the first folder that lets it; why none did, if none did. */
  static Optional<String> loadFrom(List<Path> folders) {
    var problems = new StringJoiner("; ");
    for (Path folder : folders) {
      try {
        load(folder);
        // Its classes must not load it again.
        Native.assumeLoaded();
        return Optional.empty();
      } catch (IOException | LinkageError | IllegalCallerException e) {
        // The other may be there, be writable and let programs be mapped.
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    return Optional.of("cannot load the library of zstd: " + problems);
  }

  @SuppressWarnings("restricted")
  private static void load(Path folder) throws IOException {
    Path file = folder.resolve("earshot-zstd-" + UUID.randomUUID());
    try (InputStream library = Native.class.getResourceAsStream(resource());
        // On Linux deleted as soon as it is open.
        FileChannel unnamed =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE)) {
      if (library == null) {
        throw new IOException("zstd-jni has none for " + System.getProperty("os.arch"));
      }
      ByteBuffer content = ByteBuffer.wrap(library.readAllBytes());
      while (content.hasRemaining()) {
        unnamed.write(content);
      }
      System.load(descriptor(file).toString());
    }
  }

  private static String resource() {
    return "/linux/%s/libzstd-jni-%s.so"
        .formatted(System.getProperty("os.arch"), ZstdVersion.VERSION);
  }

  /** The open file's entry under /proc, whose target is its name with a remark. */
  private static Path descriptor(Path file) throws IOException {
    String name = file.getFileName() + " (deleted)";
    try (var descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path each : descriptors) {
        if (target(each).endsWith(name)) {
          return each;
        }
      }
    }
    throw new IOException("cannot see it in " + DESCRIPTORS);
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException closedMeanwhile) {
      return "";
    }
  }
}

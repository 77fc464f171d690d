package dev.earshot.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * The certificates against which upstreams are verified: the system's, those the user's environment
 * names (also for Java), and those of {@code --upstream-ca}. Read when first asked for, once. Safe
 * for use by several threads; the first caller reads, which takes tens of milliseconds, and others
 * wait for it.
 */
public final class UpstreamAnchors implements Supplier<Collection<X509Certificate>> {
  private static final long LARGEST_FILE = 16L * 1024 * 1024;

  private final FutureTask<List<X509Certificate>> anchors;

  private UpstreamAnchors(FutureTask<List<X509Certificate>> anchors) {
    this.anchors = anchors;
  }

  /**
   * The anchors of a session. Only the files of {@code --upstream-ca} are read at once.
   *
   * @param environment the user's environment, raw: one char for each byte
   * @param directory where the command will run: relative paths in variables are relative to this
   * @param upstreamCa the files of {@code --upstream-ca}, PEM or DER, at most 16 MiB each
   * @throws UpstreamCaException if one of these cannot be read or has no certificate in it
   */
  public static UpstreamAnchors of(
      Map<String, String> environment, Path directory, List<Path> upstreamCa)
      throws UpstreamCaException {
    var sources = new TrustSources(environment, directory, TrustSources.SYSTEM_BUNDLES);
    List<X509Certificate> added = new ArrayList<>();
    for (Path file : upstreamCa) {
      added.addAll(read(file));
    }
    return new UpstreamAnchors(new FutureTask<>(() -> all(sources, added)));
  }

  /**
   * The same without further files.
   *
   * @param environment the user's environment
   * @param directory where the command will run
   */
  public static UpstreamAnchors of(Map<String, String> environment, Path directory) {
    var sources = new TrustSources(environment, directory, TrustSources.SYSTEM_BUNDLES);
    return new UpstreamAnchors(new FutureTask<>(() -> all(sources, List.of())));
  }

  /**
   * Without duplicates; unmodifiable. What the environment names but cannot be read is left out.
   */
  @Override
  public Collection<X509Certificate> get() {
    anchors.run();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return anchors.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw new IllegalStateException("cannot read the trusted certificates", e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static List<X509Certificate> all(TrustSources sources, List<X509Certificate> added) {
    Set<String> blocks = new LinkedHashSet<>(sources.system());
    blocks.addAll(sources.user());
    blocks.addAll(sources.userJvm());
    Set<X509Certificate> all = new LinkedHashSet<>(PemBlocks.certificates(blocks));
    all.addAll(added);
    return List.copyOf(all);
  }

  private static List<X509Certificate> read(Path file) throws UpstreamCaException {
    try {
      if (!Files.isRegularFile(file)) {
        throw unusable(file, Files.exists(file) ? "it is not a file" : "there is no such file");
      }
      if (Files.size(file) > LARGEST_FILE) {
        throw unusable(file, "it is larger than 16 MiB");
      }
      List<X509Certificate> found =
          PemBlocks.certificates(PemBlocks.parse(Files.readAllBytes(file)));
      if (found.isEmpty()) {
        throw unusable(file, "it has no certificate in it");
      }
      return found;
    } catch (IOException e) {
      throw unusable(file, "it cannot be read");
    }
  }

  private static UpstreamCaException unusable(Path file, String why) {
    return new UpstreamCaException("cannot use --upstream-ca " + file + ": " + why);
  }
}

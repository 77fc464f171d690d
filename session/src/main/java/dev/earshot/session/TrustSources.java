package dev.earshot.session;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a command would trust without us: the certificates of the system, of the files its
 * environment names, and of its JVM. Certificates are blocks of {@link PemBlocks}.
 *
 * <p>Bounded: a file is read up to 16 MiB, a directory up to 2000 files. What cannot be read is a
 * warning. For one thread.
 */
final class TrustSources {
  /** Debian and Arch, RHEL, SUSE, RHEL 7, Alpine and the BSDs; as Go and OpenSSL look for them. */
  static final List<Path> SYSTEM_BUNDLES =
      Stream.of(
              "/etc/ssl/certs/ca-certificates.crt",
              "/etc/pki/tls/certs/ca-bundle.crt",
              "/etc/ssl/ca-bundle.pem",
              "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
              "/etc/ssl/cert.pem")
          .map(Path::of)
          .toList();

  private static final List<String> DIRECTORY_VARIABLES = List.of("SSL_CERT_DIR", "GIT_SSL_CAPATH");
  private static final List<String> JVM_OPTIONS =
      List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS");

  /** In the order in which a JVM looks for its store. */
  private static final List<String> STORES_OF_A_JVM =
      List.of(
          "lib/security/jssecacerts",
          "lib/security/cacerts",
          "jre/lib/security/jssecacerts",
          "jre/lib/security/cacerts");

  private static final int LONGEST_FILE = 16 * 1024 * 1024;
  private static final int MOST_FILES = 2000;

  private final Map<String, String> environment;
  private final Path directory;
  private final List<Path> systemBundles;
  private final Map<Path, List<String>> read = new HashMap<>();
  private final Set<String> warnings = new LinkedHashSet<>();

  /**
   * Sources of a command.
   *
   * @param environment its environment
   * @param directory where it will run: relative paths in variables are relative to this
   * @param systemBundles the system's bundle is the first of these that is there
   */
  TrustSources(Map<String, String> environment, Path directory, List<Path> systemBundles) {
    this.environment = Collections.unmodifiableMap(environment);
    this.directory = directory;
    this.systemBundles = List.copyOf(systemBundles);
  }

  /** The certificates of the system; those of the running JVM if it has none. */
  Collection<String> system() {
    return systemBundle()
        .map(bundle -> readFile("the system", bundle))
        .filter(blocks -> !blocks.isEmpty())
        .orElseGet(() -> readStore("the running JVM", storeOf(runningJvm()).orElseThrow(), null));
  }

  /** The certificates of the files and directories that the user's variables name. */
  Collection<String> user() {
    Set<String> blocks = new LinkedHashSet<>();
    ChildVariable.ALL.stream()
        .filter(ChildVariable::namesCertificates)
        .forEach(variable -> blocks.addAll(named(variable.name())));
    for (String variable : DIRECTORY_VARIABLES) {
      for (String one : environment.getOrDefault(variable, "").split(":", -1)) {
        blocks.addAll(readNamed(variable, one));
      }
    }
    return blocks;
  }

  /** The certificates of the file that one variable names; empty if it is not set. */
  Collection<String> named(String variable) {
    return readNamed(variable, environment.getOrDefault(variable, ""));
  }

  /** The certificates of a file; relative to the command's directory. */
  Collection<String> file(String who, String raw) {
    return readNamed(who, raw);
  }

  /** The certificates of the trust stores that the user's JVM options name. */
  Collection<String> userJvm() {
    Set<String> blocks = new LinkedHashSet<>();
    for (String variable : JVM_OPTIONS) {
      List<String> words =
          JvmOptions.words(environment.getOrDefault(variable, "")).orElse(List.of());
      String store = JvmOptions.property(words, "javax.net.ssl.trustStore").orElse("");
      String password = JvmOptions.property(words, "javax.net.ssl.trustStorePassword").orElse("");
      if (!store.isEmpty() && !store.equals("NONE")) {
        path(store)
            .ifPresent(path ->
                blocks.addAll(readStore(variable, path, password.isEmpty() ? null : password)));
      }
    }
    return blocks;
  }

  /** The certificates of the JVM that the command would use, as far as that can be told. */
  Collection<String> jvm() {
    return Stream.of(javaHome(), javaOnPath(), Optional.of(runningJvm()))
        .flatMap(Optional::stream)
        .flatMap(home -> storeOf(home).stream())
        .findFirst()
        .map(store -> readStore("the JVM", store, null))
        .orElse(List.of());
  }

  /** The path that these raw bytes name; empty if it cannot be expressed in this locale. */
  Optional<Path> path(String raw) {
    return RawPath.parse(raw).map(directory::resolve);
  }

  /** What could not be read, a line each. */
  List<String> warnings() {
    return List.copyOf(warnings);
  }

  private void warn(String text) {
    warnings.add(text);
  }

  /** The bytes of a regular file; empty, with a warning, if it cannot be read. */
  Optional<byte[]> bytes(String who, Path path) {
    if (!Files.isRegularFile(path)) {
      warn(who + " names " + path + ", which is not a file");
      return Optional.empty();
    }
    try (var in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(LONGEST_FILE);
      if (bytes.length == LONGEST_FILE) {
        warn(who + " names " + path + ", which is larger than 16 MiB");
        return Optional.empty();
      }
      return Optional.of(bytes);
    } catch (IOException e) {
      warn(who + " names " + path + ", which cannot be read");
      return Optional.empty();
    }
  }

  private Collection<String> readNamed(String who, String raw) {
    if (raw.isEmpty()) {
      return List.of();
    }
    Optional<Path> path = path(raw);
    if (path.isEmpty()) {
      warn(who + " names a file whose name is no text in this locale");
      return List.of();
    }
    Path real = real(path.get());
    if (!Files.isDirectory(real)) {
      return readFile(who, real);
    }
    // The system's own directory holds what its bundle holds.
    boolean known =
        systemBundle().filter(bundle -> real.equals(real(bundle).getParent())).isPresent();
    return known ? List.of() : readDirectory(who, real);
  }

  private Collection<String> readDirectory(String who, Path path) {
    Set<String> blocks = new LinkedHashSet<>();
    try (var files = Files.list(path)) {
      files
          .sorted()
          .limit(MOST_FILES)
          .filter(Files::isRegularFile)
          .forEach(file -> bytes(who, file).map(PemBlocks::parse).ifPresent(blocks::addAll));
    } catch (IOException | UncheckedIOException e) {
      warn(who + " names " + path + ", which cannot be read");
    }
    return blocks;
  }

  /** Several variables often name one file: it is read once. */
  private List<String> readFile(String who, Path path) {
    List<String> known = read.get(path);
    if (known != null) {
      return known;
    }
    Optional<byte[]> bytes = bytes(who, path);
    List<String> blocks = bytes.map(PemBlocks::parse).orElse(List.of());
    if (bytes.isPresent() && blocks.isEmpty()) {
      warn(who + " names " + path + ", which has no certificate in it");
    }
    read.put(path, blocks);
    return blocks;
  }

  /** A JVM reads a store without a password, and then does not check its integrity. */
  private List<String> readStore(String who, Path path, @Nullable String password) {
    return bytes(who, path)
        .map(file -> JavaTrustStores.jks(file).orElseGet(() -> readOther(who, path, password)))
        .orElse(List.of());
  }

  private List<String> readOther(String who, Path path, @Nullable String password) {
    try {
      KeyStore store =
          KeyStore.getInstance(path.toFile(), password == null ? null : password.toCharArray());
      List<String> blocks = new ArrayList<>(store.size());
      for (String alias : Collections.list(store.aliases())) {
        Certificate certificate = store.getCertificate(alias);
        if (certificate != null) {
          blocks.add(PemBlocks.of(certificate.getEncoded()));
        }
      }
      return blocks;
    } catch (IOException | GeneralSecurityException e) {
      warn(who + " names the trust store " + path + ", which cannot be read");
      return List.of();
    }
  }

  private Optional<Path> systemBundle() {
    return systemBundles.stream().filter(Files::isRegularFile).findFirst();
  }

  private Optional<Path> javaHome() {
    return Optional.ofNullable(environment.get("JAVA_HOME"))
        .filter(home -> !home.isEmpty())
        .flatMap(RawPath::parse)
        .map(directory::resolve);
  }

  private Optional<Path> javaOnPath() {
    return Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .filter(entry -> !entry.isEmpty())
        .flatMap(entry -> RawPath.parse(entry).stream())
        .map(entry -> directory.resolve(entry).resolve("java"))
        .filter(Files::isExecutable)
        .findFirst()
        .map(java -> real(java).resolve("../..").normalize());
  }

  private static Path runningJvm() {
    return Path.of(System.getProperty("java.home"));
  }

  private static Optional<Path> storeOf(Path home) {
    return STORES_OF_A_JVM.stream().map(home::resolve).filter(Files::isRegularFile).findFirst();
  }

  private static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException absent) {
      return path;
    }
  }
}

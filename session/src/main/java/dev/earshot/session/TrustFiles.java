package dev.earshot.session;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files that let a command's clients trust the session's certificate authority, besides all
 * they would have trusted anyway. Paths are raw bytes, one char for each, as the environment holds
 * them. Immutable.
 *
 * @param own a PEM file with our authority only
 * @param combined a PEM file with the system's certificates, those of the user's own files, and our
 *     authority
 * @param extra for each variable that adds certificates and that the user has set: a PEM file with
 *     the user's and ours
 * @param javaTrustStore a PKCS12 trust store for every JVM since 8
 * @param wgetrc the user's configuration of wget, and our authority
 * @param phpDirectory a directory with a configuration file for PHP
 * @param warnings what of the user's could not be read, a line each
 */
public record TrustFiles(
    String own,
    String combined,
    Map<String, String> extra,
    String javaTrustStore,
    String wgetrc,
    String phpDirectory,
    List<String> warnings) {

  /** The type of the Java trust store, as {@code javax.net.ssl.trustStoreType} takes it. */
  public static final String TRUST_STORE_TYPE = "PKCS12";

  /** A trust store holds no secret; this is the password that everyone tries. */
  public static final String TRUST_STORE_PASSWORD = "changeit";

  /** wget reads names of settings without regard to case, hyphen and underscore. */
  private static final Pattern WGET_CA =
      Pattern.compile(
          "^[ \\t]*ca[-_]?certificate[ \\t]*=[ \\t]*(\\S.*?)[ \\t]*$",
          Pattern.CASE_INSENSITIVE | Pattern.MULTILINE);

  /** Copies the collections. */
  public TrustFiles {
    extra = Map.copyOf(extra);
    warnings = List.copyOf(warnings);
  }

  /**
   * Writes the files into the session's directory, each readable by its owner only. Takes tens of
   * milliseconds; may run on any thread, beside the rest of a start. Without {@link
   * ClientRuntime#JAVA} the Java trust store is not written.
   *
   * @param into an existing directory that holds none of them yet
   * @param authority our authority's certificate in PEM
   * @param environment the user's environment
   * @param directory where the command will run: relative paths in variables are relative to this
   * @param without runtimes that get no variables
   * @throws IOException if a file cannot be written; what cannot be read is only a warning
   */
  public static TrustFiles write(
      Path into,
      String authority,
      Map<String, String> environment,
      Path directory,
      Set<ClientRuntime> without)
      throws IOException {
    return write(
        into,
        authority,
        new TrustSources(environment, directory, TrustSources.SYSTEM_BUNDLES),
        environment,
        without);
  }

  static TrustFiles write(
      Path into,
      String authority,
      TrustSources sources,
      Map<String, String> environment,
      Set<ClientRuntime> without)
      throws IOException {
    List<String> ours = PemBlocks.parse(authority.getBytes(StandardCharsets.US_ASCII));
    if (ours.isEmpty()) {
      throw new IllegalArgumentException("the authority has no certificate");
    }
    Optional<byte[]> usersWgetrc = usersWgetrc(environment, sources);

    Set<String> all = new LinkedHashSet<>(sources.system());
    all.addAll(sources.user());
    all.addAll(wgetAuthorities(usersWgetrc, sources));
    all.addAll(ours);
    Path own = create(into.resolve("earshot-ca.pem"), PemBlocks.pem(ours));
    Path combined = create(into.resolve("ca-bundle.pem"), PemBlocks.pem(all));
    Path store = into.resolve("truststore.p12");
    if (!without.contains(ClientRuntime.JAVA)) {
      Set<String> java = new LinkedHashSet<>(sources.jvm());
      java.addAll(sources.userJvm());
      java.addAll(ours);
      create(store, JavaTrustStores.pkcs12(java));
    }
    Path wgetrc = create(into.resolve("wgetrc"), wgetrc(usersWgetrc, RawPath.of(combined)));
    Path php = Files.createDirectory(into.resolve("php"), permissions("rwx------"));
    create(php.resolve("earshot.ini"), phpIni(RawPath.of(combined)));
    return new TrustFiles(
        RawPath.of(own),
        RawPath.of(combined),
        writeExtra(into, ours, sources),
        RawPath.of(store),
        RawPath.of(wgetrc),
        RawPath.of(php),
        sources.warnings());
  }

  private static Map<String, String> writeExtra(Path into, List<String> ours, TrustSources sources)
      throws IOException {
    Map<String, String> extra = new LinkedHashMap<>();
    for (ChildVariable variable : ChildVariable.ALL) {
      if (variable.content() == ChildVariable.Content.EXTRA_CA) {
        Set<String> merged = new LinkedHashSet<>(sources.named(variable.name()));
        if (!merged.isEmpty()) {
          merged.addAll(ours);
          Path file = into.resolve(variable.name() + ".pem");
          extra.put(variable.name(), RawPath.of(create(file, PemBlocks.pem(merged))));
        }
      }
    }
    return extra;
  }

  /** wget reads the file that {@code WGETRC} names instead of the one in the home directory. */
  private static Optional<byte[]> usersWgetrc(
      Map<String, String> environment, TrustSources sources) {
    String named = environment.getOrDefault("WGETRC", "");
    if (!named.isEmpty()) {
      return sources.path(named).flatMap(path -> sources.bytes("WGETRC", path));
    }
    String home = environment.getOrDefault("HOME", "");
    return home.isEmpty()
        ? Optional.empty()
        : sources
            .path(home + "/.wgetrc")
            .filter(Files::exists)
            .flatMap(path -> sources.bytes("HOME", path));
  }

  private static Set<String> wgetAuthorities(Optional<byte[]> wgetrc, TrustSources sources) {
    Set<String> authorities = new LinkedHashSet<>();
    String text = wgetrc.map(b -> new String(b, StandardCharsets.ISO_8859_1)).orElse("");
    Matcher setting = WGET_CA.matcher(text);
    while (setting.find()) {
      authorities.addAll(sources.file("the configuration of wget", setting.group(1)));
    }
    return authorities;
  }

  /** A later setting wins. */
  private static byte[] wgetrc(Optional<byte[]> users, String combined) throws IOException {
    var text = new ByteArrayOutputStream();
    text.write(users.orElse(new byte[0]));
    text.write(("\nca_certificate = " + combined + "\n").getBytes(StandardCharsets.ISO_8859_1));
    return text.toByteArray();
  }

  /** Nothing is special between single quotes, and they cannot be expressed there. */
  private static byte[] phpIni(String combined) {
    String quoted =
        combined.indexOf('\'') < 0
            ? "'" + combined + "'"
            : '"' + combined.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    return ("curl.cainfo = " + quoted + "\nopenssl.cafile = " + quoted + "\n")
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private static Path create(Path file, byte[] content) throws IOException {
    var options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try (var channel = Files.newByteChannel(file, options, permissions("rw-------"))) {
      var bytes = ByteBuffer.wrap(content);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
    return file;
  }

  private static FileAttribute<?> permissions(String permissions) {
    return PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions));
  }
}

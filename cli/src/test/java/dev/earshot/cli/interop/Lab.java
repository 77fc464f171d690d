package dev.earshot.cli.interop;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.NodePackages;
import dev.earshot.testkit.ConnectForwarder;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * Origins on the loopback, certified by an authority of the lab's own, and the clients' scripts;
 * shared by the tests of a class. Its folder goes with it.
 */
final class Lab implements AutoCloseable {
  private static final Pattern PLACE = Pattern.compile("\\{([a-z0-9.]+)}");

  private final Path folder;
  private final Path scripts;
  private final TestCa ca = TestCa.create();
  private final Map<OriginKind, OriginProcess> origins = new EnumMap<>(OriginKind.class);

  private Lab(Path folder, Path scripts) {
    this.folder = folder;
    this.scripts = scripts;
  }

  /** Installs what the scripts need and starts the origins. */
  static Lab open(OriginKind... kinds) throws Exception {
    Tools.areThere();
    Lab lab =
        new Lab(Files.createTempDirectory("earshot-interop"), NodePackages.install("interop"));
    try {
      Files.createDirectories(lab.www().resolve("put"));
      Files.writeString(lab.www().resolve("a.txt"), "A line of text.\n".repeat(1000));
      TestCa.PemFiles server = lab.ca.write(lab.folder, "localhost", "127.0.0.1");
      for (OriginKind kind : kinds) {
        Path out = lab.folder.resolve(kind + ".out");
        Path err = lab.folder.resolve(kind + ".err");
        lab.origins.put(kind, OriginProcess.start(lab.command(kind, server), out, err));
      }
      return lab;
    } catch (Throwable failure) {
      lab.close();
      throw failure;
    }
  }

  private List<String> command(OriginKind kind, TestCa.PemFiles server) {
    String certificate = server.certificate().toString();
    String key = server.key().toString();
    return switch (kind) {
      case NODE ->
          List.of(NodePackages.node24(scripts).toString(), script("origin.mjs"), certificate, key);
      case PYTHON -> List.of(Tools.PYTHON.toString(), script("origin.py"), certificate, key);
      case NGINX ->
          List.of(
              Tools.PYTHON.toString(),
              script("nginx.py"),
              folder.toString(),
              script("nginx.conf"),
              certificate,
              key);
      case NGHTTPD ->
          List.of(
              Tools.PYTHON.toString(), script("nghttpd.py"), www().toString(), certificate, key);
    };
  }

  /** Builds the client that is written in Go as {@code {work}/calls}. */
  void buildGo() throws Exception {
    var builder =
        new ProcessBuilder(
            "go", "build", "-o", folder.resolve("calls").toString(), script("calls.go"));
    builder.environment().put("GOCACHE", scripts.resolve("go-cache").toString());
    builder.environment().put("CGO_ENABLED", "0");
    Process go = builder.redirectErrorStream(true).start();
    go.getOutputStream().close();
    String said = new String(go.getInputStream().readAllBytes(), UTF_8);
    assertThat(go.waitFor()).as("go build: " + said).isZero();
  }

  private String script(String name) {
    return scripts.resolve(name).toString();
  }

  /** For what the tests write; it goes with the lab. */
  Path folder() {
    return folder;
  }

  /** What nginx and nghttpd serve: {@code a.txt}, to begin with. */
  Path www() {
    return folder.resolve("www");
  }

  TestCa ca() {
    return ca;
  }

  /** Where an origin listens, such as {@code localhost:40123} for {@code node.https}. */
  String authority(String origin) {
    List<String> words = List.of(origin.split("\\.", -1));
    OriginProcess process =
        origins.get(OriginKind.valueOf(words.getFirst().toUpperCase(Locale.ROOT)));
    if (process == null) {
      throw new IllegalArgumentException("not started: " + origin);
    }
    return "localhost:" + process.port(words.getLast());
  }

  /**
   * A script with its places filled: {@code {node.https}} and the like are authorities, {@code
   * {scripts}} the folder of the scripts, {@code {node24}}, {@code {java}} and {@code {python}}
   * programs, {@code {forward}} the command that lends a proxy to a program without one, {@code
   * {tmp}} an empty folder, {@code {work}} a folder that stays as long as the lab.
   */
  String fill(String script) {
    return PLACE
        .matcher(script)
        .replaceAll(match ->
            switch (match.group(1)) {
              case "scripts" -> scripts.toString();
              case "node24" -> NodePackages.node24(scripts).toString();
              case "java" -> Path.of(System.getProperty("java.home"), "bin", "java").toString();
              case "python" -> Tools.PYTHON.toString();
              case "forward" -> forward();
              case "tmp" -> folder.resolve("tmp").toString();
              case "work" -> folder.toString();
              case String origin -> authority(origin);
            });
  }

  private static String forward() {
    try {
      var source = ConnectForwarder.class.getProtectionDomain().getCodeSource().getLocation();
      return Path.of(System.getProperty("java.home"), "bin", "java")
          + " -XX:TieredStopAtLevel=1 -cp "
          + Path.of(source.toURI())
          + " "
          + ConnectForwarder.class.getName();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the origins were asked since the last call, which is this many requests. */
  List<JsonNode> seen(int count) {
    Eventually.until(
        () -> "%d requests at %s, but %d".formatted(count, origins.keySet(), arrived()),
        () -> arrived() >= count);
    List<JsonNode> seen = new ArrayList<>();
    origins.values().forEach(origin -> seen.addAll(origin.seen()));
    return seen;
  }

  private int arrived() {
    return origins.values().stream().mapToInt(OriginProcess::count).sum();
  }

  /** Forgets what a failed test left. */
  void forget() {
    origins.values().forEach(OriginProcess::seen);
  }

  /** Makes the folder {@code {tmp}} anew. */
  void emptyTmp() throws IOException {
    Path tmp = folder.resolve("tmp");
    delete(tmp);
    Files.createDirectories(tmp);
  }

  @Override
  public void close() throws IOException {
    Throwable failure = null;
    for (OriginProcess origin : origins.values()) {
      try {
        origin.close();
      } catch (IOException | AssertionError e) {
        failure = e;
      }
    }
    delete(folder);
    if (failure != null) {
      throw new AssertionError("an origin did not end well", failure);
    }
  }

  private static void delete(Path root) throws IOException {
    if (Files.exists(root)) {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}

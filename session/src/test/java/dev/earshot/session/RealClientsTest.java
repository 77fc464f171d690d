package dev.earshot.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpsServer;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Real clients trust both our authority and the one that only the user's variables name, with
 * exactly the variables that a command gets, less those of the proxy.
 */
class RealClientsTest {
  static final String ANSWER = "0123456789012345678901234567890123456789\trefs/heads/main\n";

  private static final String URLLIB =
      "import sys,urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())";
  private static final String REQUESTS =
      "import sys,requests; print(requests.get(sys.argv[1]).text)";
  private static final String NODE =
      "require('https').get(process.argv[1], r => r.pipe(process.stdout))";
  static final String JAVA =
      """
      public class Fetch {
        public static void main(String[] a) throws Exception {
          try (var in = new java.net.URL(a[0]).openStream()) {
            in.transferTo(System.out);
          }
        }
      }
      """;

  @TempDir Path directory;

  /** A program, the Debian package it is in, and its arguments before the URL. */
  record Client(String program, String debianPackage, List<String> arguments) {
    @Override
    public String toString() {
      return program + " " + (arguments.isEmpty() ? "" : arguments.getLast());
    }
  }

  static List<Client> clients() {
    return List.of(
        new Client("curl", "curl", List.of("-sS")),
        new Client("wget", "wget", List.of("-qO-")),
        new Client("git", "git", List.of("ls-remote")),
        new Client("python3", "python3", List.of("-c", URLLIB)),
        new Client("python3", "python3-requests", List.of("-c", REQUESTS)),
        new Client("node", "nodejs", List.of("-e", NODE)),
        new Client("java", "default-jdk-headless", List.of("Fetch.java")),
        new Client(System.getProperty("java.home") + "/bin/java", "-", List.of("Fetch.java")));
  }

  @ParameterizedTest
  @MethodSource("clients")
  void aClientTrustsTheUsersAuthorityAndOurs(Client client) throws Exception {
    assertTrue(installed(client.program()), "install the package " + client.debianPackage());
    TestAuthority ours = TestAuthority.named("ours");
    TestAuthority users = TestAuthority.named("users");
    Files.writeString(directory.resolve("Fetch.java"), JAVA);
    Map<String, String> before = userEnvironment(users);
    Path session = Files.createDirectory(directory.resolve("the 'session'"));
    TrustFiles trust = TrustFiles.write(session, ours.pem(), before, directory, Set.of());
    var proxy = new ChildEnvironment.Proxy("127.0.0.1", 9);
    Map<String, String> after =
        withoutProxy(ChildEnvironment.of(before, proxy, trust, Set.of(), "id"));

    HttpsServer ourOrigin = ours.origin(ANSWER);
    HttpsServer usersOrigin = users.origin(ANSWER);
    try {
      assertEquals(List.of(), trust.warnings());
      assertNotEquals(0, run(client, before, ourOrigin).exit(), "it does not trust us by itself");
      assertAnswered(run(client, after, ourOrigin));
      assertAnswered(run(client, after, usersOrigin));
    } finally {
      ourOrigin.stop(0);
      usersOrigin.stop(0);
    }
  }

  /** The user's own authority, named the way each client is told of one. */
  private Map<String, String> userEnvironment(TestAuthority users) throws Exception {
    Path pem = Files.writeString(directory.resolve("users.pem"), users.pem());
    Path store = directory.resolve("users.p12");
    KeyStore opened = KeyStore.getInstance("PKCS12");
    opened.load(null, null);
    opened.setCertificateEntry("users", users.certificate());
    try (var out = Files.newOutputStream(store)) {
      opened.store(out, "changeit".toCharArray());
    }
    Map<String, String> environment = new LinkedHashMap<>();
    environment.put("PATH", System.getenv("PATH"));
    environment.put("HOME", directory.toString());
    environment.put("SSL_CERT_FILE", pem.toString());
    environment.put("NODE_EXTRA_CA_CERTS", "users.pem");
    environment.put(
        "JAVA_TOOL_OPTIONS",
        JvmOptions.set("javax.net.ssl.trustStore", store.toString())
            + " -Djavax.net.ssl.trustStorePassword=changeit");
    return environment;
  }

  private static Map<String, String> withoutProxy(Map<String, String> environment) {
    Map<String, String> kept = new LinkedHashMap<>(environment);
    for (ChildVariable variable : ChildVariable.ALL) {
      if (variable.content() == ChildVariable.Content.PROXY) {
        kept.remove(variable.name());
      }
    }
    kept.computeIfPresent(
        "JAVA_TOOL_OPTIONS",
        (name, options) ->
            options
                .replaceAll("-Dhttps?\\.proxy(Host|Port)=\\S+", "")
                .replace("-Dhttp.nonProxyHosts=", ""));
    return kept;
  }

  private record Outcome(int exit, String output) {}

  private static void assertAnswered(Outcome outcome) {
    assertEquals(0, outcome.exit(), outcome.output());
    assertTrue(outcome.output().contains("refs/heads/main"), outcome.output());
  }

  private Outcome run(Client client, Map<String, String> environment, HttpsServer origin)
      throws IOException, InterruptedException {
    String url = "https://localhost:" + origin.getAddress().getPort() + "/x";
    List<String> command =
        Stream.of(List.of(client.program()), client.arguments(), List.of(url))
            .flatMap(List::stream)
            .collect(Collectors.toList());
    var builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    return new Outcome(process.waitFor(), output);
  }

  private static boolean installed(String program) {
    return Stream.of(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(Path::of)
        .anyMatch(entry -> Files.isExecutable(entry.resolve(program)));
  }
}

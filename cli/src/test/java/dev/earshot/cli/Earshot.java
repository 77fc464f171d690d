package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.TestCa;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The packaged program, run as a user runs it: by its launcher, with a HOME of its own. It runs
 * under Python, whose {@code subprocess} tells death by a signal from an exit code above 128.
 */
public final class Earshot {
  /** The script that starts it. */
  public static final Path LAUNCHER = Path.of("..").toAbsolutePath().normalize().resolve("earshot");

  private static final long HANG_GUARD_SECONDS = 55;

  /** Prints the pid of what it starts, then how that ended: a code, or minus a signal's number. */
  private static final String RUNNER =
      """
      import os, signal, subprocess, sys
      signal.signal(signal.SIGPIPE, signal.SIG_DFL)
      signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
      report = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
      child = subprocess.Popen(sys.argv[2:], close_fds=False)
      os.write(report, b"%d\\n" % child.pid)
      os.close(0)
      os.write(report, b"%d\\n" % child.wait())
      """;

  private final Path folder;
  private final Map<String, String> environment = new HashMap<>();

  /**
   * A user with an empty home.
   *
   * @param folder for the home and for what the runs write
   */
  public Earshot(Path folder) throws IOException {
    this.folder = folder;
    Path home = Files.createDirectories(folder.resolve("home"));
    environment.put("HOME", home.toString());
    environment.put("PATH", System.getenv("PATH"));
    environment.put("LANG", "C.UTF-8");
    environment.put("EARSHOT_NO_BUILD", "1");
  }

  /** Sets a variable of this user's. */
  public Earshot with(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /**
   * Lets clients trust an authority by their own means, as they need it without Earshot.
   *
   * @return the file with the authority's certificate
   */
  public Path trust(TestCa ca) throws IOException, GeneralSecurityException {
    Path file = Files.writeString(folder.resolve("ca.pem"), ca.caPem());
    for (String variable :
        List.of(
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "GIT_SSL_CAINFO",
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
            "NODE_EXTRA_CA_CERTS",
            "npm_config_cafile")) {
      with(variable, file.toString());
    }
    Path wgetrc = Files.writeString(folder.resolve("wgetrc"), "ca_certificate = " + file + "\n");
    with("WGETRC", wgetrc.toString());
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("test", ca.certificate());
    Path trusted = folder.resolve("trust.p12");
    try (var out = Files.newOutputStream(trusted)) {
      store.store(out, "changeit".toCharArray());
    }
    with(
        "JAVA_TOOL_OPTIONS",
        "-Djavax.net.ssl.trustStore=" + trusted + " -Djavax.net.ssl.trustStorePassword=changeit");
    return file;
  }

  /** This user's home. */
  public Path home() {
    return folder.resolve("home");
  }

  /**
   * A finished run.
   *
   * @param status the exit code, or minus the number of the signal
   * @param stdout its bytes, one a char
   * @param stderr its text
   */
  public record Finished(int status, String stdout, String stderr) {
    /** Its stdout as text. */
    public String out() {
      return new String(stdout.getBytes(ISO_8859_1), UTF_8);
    }

    /** The lines of its stderr; what a JVM says of a variable is documented as an exception. */
    public List<String> withoutNotices() {
      return stderr.lines().filter(line -> !line.startsWith("Picked up ")).toList();
    }
  }

  /** After a session: its folder, its processes and its listener are gone. */
  public void nothingIsLeft(Events events) throws IOException {
    try (var entries = Files.list(home().resolve(".local/state/earshot/sessions"))) {
      assertThat(entries).isEmpty();
    }
    for (var started : events.all("process.started")) {
      assertThat(Path.of("/proc", started.get("pid").asString())).doesNotExist();
    }
    for (var started : events.all("proxy.started")) {
      for (var listener : started.get("reverse")) {
        String address = listener.get("listen").asString();
        assertThat(isRefused(Integer.parseInt(address.substring(address.lastIndexOf(':') + 1))))
            .as(address)
            .isTrue();
      }
      String address = started.get("address").asString();
      int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
      assertThat(isRefused(port)).isTrue();
    }
  }

  private static boolean isRefused(int port) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return !socket.isConnected();
    } catch (ConnectException refused) {
      return true;
    }
  }

  /** Runs to the end with an empty stdin. */
  public Finished run(String... arguments) throws Exception {
    try (Running running = start(arguments)) {
      running.stdin().close();
      return running.finish();
    }
  }

  /** Starts {@code earshot} with these arguments. */
  public Running start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(LAUNCHER.toString());
    command.addAll(List.of(arguments));
    return launch(command);
  }

  /** What a command prints in this user's environment. */
  public String launchAndRead(List<String> command) throws Exception {
    try (Running running = launch(command)) {
      running.stdin().close();
      return running.finish().out();
    }
  }

  /** Starts any command in this user's environment. */
  public Running launch(List<String> command) throws IOException {
    Path report = Files.createTempFile(folder, "report", ".txt");
    List<String> line = new ArrayList<>(List.of("python3", "-c", RUNNER, report.toString()));
    line.addAll(command);
    var builder = new ProcessBuilder(line);
    builder.environment().clear();
    builder.environment().putAll(environment);
    return new Running(builder.start(), report);
  }

  /** A run in progress. Closing it ends what is left of it. */
  public static final class Running implements AutoCloseable {
    private final Process python;
    private final Path report;
    private final CompletableFuture<byte[]> out;
    private final CompletableFuture<byte[]> err;

    private Running(Process python, Path report) {
      this.python = python;
      this.report = report;
      this.out = drain(python.getInputStream());
      this.err = drain(python.getErrorStream());
    }

    /** Where its stdin is written to. */
    public OutputStream stdin() {
      return python.getOutputStream();
    }

    /** The pid of Earshot itself: the launcher becomes the JVM. */
    public long pid() throws IOException {
      Eventually.until("a pid is reported", () -> !lines().isEmpty());
      return Long.parseLong(lines().getFirst());
    }

    /** Waits for the end. */
    public Finished finish() throws Exception {
      if (!python.waitFor(HANG_GUARD_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("hangs; its stderr so far is not at its end");
      }
      List<String> lines = lines();
      return new Finished(
          Integer.parseInt(lines.getLast()),
          new String(out.get(), ISO_8859_1),
          new String(err.get(), UTF_8));
    }

    @Override
    public void close() throws IOException {
      python.descendants().forEach(ProcessHandle::destroyForcibly);
      python.destroyForcibly().onExit().join();
      try {
        python.getOutputStream().close();
      } catch (IOException alreadyGone) {
        // What it did not read any more is nobody's.
      }
      out.join();
      err.join();
    }

    private List<String> lines() throws IOException {
      return Files.readAllLines(report);
    }

    private static CompletableFuture<byte[]> drain(InputStream stream) {
      var all = new CompletableFuture<byte[]>();
      Thread.ofPlatform()
          .name("drain")
          .start(() -> {
            try (stream) {
              all.complete(stream.readAllBytes());
            } catch (IOException e) {
              all.completeExceptionally(e);
            }
          });
      return all;
    }
  }
}

package dev.earshot.cli;

import static dev.earshot.cli.Programs.needs;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * Real clients, run by the packaged program, call an origin on the loopback whose authority only
 * {@code --upstream-ca} names: they get what they get without Earshot, and every call of theirs is
 * in the event stream, decrypted.
 */
class ClientsIT {
  private static final String HELLO = "Grüße vom Ursprung\n";
  private static final int BIG = 100_000_000;
  private static final long HUGE = 1L << 30;

  /** How much more memory Earshot may have at the most than before the first byte, in KiB. */
  private static final long MORE_MEMORY = 60L << 10;

  private static final String URLLIB =
      """
      import sys, urllib.request
      for url in sys.argv[1:]:
          sys.stdout.buffer.write(urllib.request.urlopen(url).read())
      """;

  private static final String REQUESTS =
      """
      import sys, requests
      for url in sys.argv[1:]:
          sys.stdout.buffer.write(requests.get(url).content)
      """;

  private static final String JAVA =
      """
      import java.net.*;
      import java.net.http.*;

      public class Calls {
        public static void main(String[] urls) throws Exception {
          HttpClient client = HttpClient.newHttpClient();
          for (String url : urls) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url)).build();
            System.out.write(client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body());
            try (var in = URI.create(url).toURL().openStream()) {
              in.transferTo(System.out);
            }
          }
          System.out.flush();
        }
      }
      """;

  @TempDir Path folder;
  private final TestCa ca = TestCa.create();
  private Earshot earshot;
  private Earshot trusting;
  private Path caFile;
  private Path stream;
  private ClientOrigin origin;

  @BeforeEach
  void originAndUsers() throws Exception {
    stream = folder.resolve("events.ndjson");
    earshot = new Earshot(folder);
    trusting = new Earshot(folder);
    caFile = trusting.trust(ca);
    origin = new ClientOrigin(ca).on("/hello", exchange -> text(exchange, 200, HELLO));
  }

  @AfterEach
  void originEnds() {
    origin.close();
  }

  /**
   * A program that calls each URL it is given, in order, and prints what it gets.
   *
   * @param debianPackage what to install if it is missing
   * @param command up to the URLs
   * @param times how often it calls each URL
   */
  record Client(String name, String debianPackage, List<String> command, int times) {
    @Override
    public String toString() {
      return name;
    }
  }

  static List<Client> clients() {
    String ownJava = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return List.of(
        new Client("curl", "curl", List.of("curl", "-sS"), 1),
        new Client("wget", "wget", List.of("wget", "-qO-"), 1),
        new Client("urllib", "python3", List.of("python3", "-c", URLLIB), 1),
        new Client("requests", "python3-requests", List.of("python3", "-c", REQUESTS), 1),
        new Client("axios", "nodejs", List.of("node", "AXIOS"), 1),
        new Client("java of the tests", "-", List.of(ownJava, "CALLS"), 2),
        new Client("java on PATH", "default-jdk-headless", List.of("java", "CALLS"), 2));
  }

  @ParameterizedTest
  @MethodSource("clients")
  void aClientGetsTheSameAndEachCallIsSeen(Client client) throws Exception {
    needs(client.command().getFirst(), client.debianPackage());
    List<String> command = new ArrayList<>();
    for (String word : client.command()) {
      command.add(
          switch (word) {
            case "AXIOS" -> axios().toString();
            case "CALLS" -> Files.writeString(folder.resolve("Calls.java"), JAVA).toString();
            default -> word;
          });
    }
    List<String> urls = List.of(origin.http("/hello?n=1"), origin.https("/hello?n=2"));
    command.addAll(urls);

    Events events = same(command);

    List<String> expected = new ArrayList<>();
    urls.forEach(url -> expected.addAll(Collections.nCopies(client.times(), url)));
    assertThat(texts(events.all("exchange.started"), "url")).isEqualTo(expected);
    assertThat(events.all("exchange.started")).allMatch(line -> line.get("owned").asBoolean());
    assertThat(events.all("exchange.finished"))
        .hasSize(expected.size())
        .allMatch(line -> line.get("status").asInt() == 200)
        .allMatch(line -> line.get("response_bytes").asInt() == HELLO.getBytes(UTF_8).length);
    assertThat(events.all("exchange.response"))
        .allMatch(line -> header(line, "response_headers", "X-answer").equals(List.of("hello")));
    assertThat(origin.calls()).hasSize(2 * expected.size());
  }

  @Test
  void gitClones() throws Exception {
    needs("git", "git");
    makeRepository();
    origin.on("/repo.git", exchange -> gitBackend(exchange, folder));
    String script =
        "git clone -q $0 $1 && git -C $1 log --format=%H%s && cat $1/greeting && rm -rf $1";
    Path clone = folder.resolve("clone");

    Events events = same(List.of("sh", "-c", script, origin.https("/repo.git"), clone.toString()));

    assertThat(texts(events.all("exchange.started"), "url"))
        .startsWith(origin.https("/repo.git/info/refs?service=git-upload-pack"))
        .endsWith(origin.https("/repo.git/git-upload-pack"));
    assertThat(events.all("exchange.finished")).allMatch(line -> line.get("status").asInt() == 200);
  }

  @Test
  void largeBodiesGoUpWhole() throws Exception {
    needs("curl", "curl");
    origin.on("/digest", exchange -> text(exchange, 200, digest(exchange) + "\n"));
    Path big = folder.resolve("big");
    String digest = writeBig(big);
    String url = origin.https("/digest");
    String script =
        "curl -sS --data-binary @$0 -H Content-Type:application/octet-stream $1"
            + " && curl -sS -H Transfer-Encoding:chunked -T - $1 < $0";

    var run = through(List.of("sh", "-c", script, big.toString(), url));

    assertThat(run.stdout()).isEqualTo((BIG + " " + digest + "\n").repeat(2));
    Events events = Events.read(stream);
    assertThat(texts(events.all("exchange.started"), "method")).containsExactly("POST", "PUT");
    assertThat(events.all("exchange.finished"))
        .hasSize(2)
        .allMatch(line -> line.get("request_bytes").asLong() == BIG);
    assertThat(origin.calls().get(1).headers().get("Transfer-encoding")).containsExactly("chunked");
    assertThat(origin.calls().get(1).headers()).doesNotContainKey("Content-length");
  }

  @Test
  void aGigabyteComesDownInFlatMemory() throws Exception {
    needs("curl", "curl");
    origin.on("/huge", ClientsIT::huge);
    String script =
        "read _; curl -sS -o /dev/null -w '%{size_download} ' $0; grep VmHWM: /proc/$PPID/status";
    List<String> command = runLine(List.of(), List.of("sh", "-c", script, origin.https("/huge")));
    try (var running = earshot.start(command.toArray(String[]::new))) {
      awaitInStream("\"session.started\"");
      long idle = kibibytes(idleMemory(running.pid()));
      running.stdin().write('\n');
      running.stdin().close();
      List<String> answer = List.of(running.finish().out().split(" ", 2));
      assertThat(answer.getFirst()).isEqualTo(String.valueOf(HUGE));
      long peak = kibibytes(answer.getLast());
      assertThat(peak).as("from %d KiB", idle).isBetween(idle, idle + MORE_MEMORY);
    }
    assertThat(Events.read(stream).one("exchange.finished").get("response_bytes").asLong())
        .isEqualTo(HUGE);
  }

  @Test
  void twoHundredCallsAtOnceAreAllAnswered() throws Exception {
    needs("curl", "curl");
    int count = 200;
    var all = new CountDownLatch(count);
    origin.on(
        "/together",
        exchange -> {
          all.countDown();
          await(all);
          text(exchange, 200, exchange.getRequestURI().getQuery() + "\n");
        });
    // One authority to read instead of all the system's: that would be most of what curl does.
    String curl = "curl -sS --cacert $NODE_EXTRA_CA_CERTS $0?{}";
    String script = "seq " + count + " | xargs -P " + count + " -I{} " + curl;

    var run = through(List.of("sh", "-c", script, origin.https("/together")));

    assertThat(run.out().lines()).hasSize(count).doesNotHaveDuplicates();
    Events events = Events.read(stream);
    assertThat(events.all("exchange.started")).hasSize(count);
    assertThat(events.all("exchange.finished"))
        .hasSize(count)
        .allMatch(line -> line.get("status").asInt() == 200);
  }

  @Test
  void anEventOfAStreamArrivesBeforeTheNextIsSent() throws Exception {
    needs("curl", "curl");
    int count = 5;
    var next = new Semaphore(0);
    origin.on(
        "/events",
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
          exchange.sendResponseHeaders(200, 0);
          for (int i = 0; i < count; i++) {
            next.acquireUninterruptibly();
            exchange.getResponseBody().write(("data: " + i + "\n\n").getBytes(UTF_8));
            exchange.getResponseBody().flush();
          }
        });
    Path got = folder.resolve("got");
    List<String> command =
        runLine(List.of(), List.of("curl", "-sSN", "-o", got.toString(), origin.https("/events")));
    try (var running = earshot.start(command.toArray(String[]::new))) {
      var sent = new StringBuilder();
      for (int i = 0; i < count; i++) {
        next.release();
        sent.append("data: ").append(i).append("\n\n");
        Eventually.until(
            "event " + i + " has arrived",
            () -> Files.exists(got) && Files.readString(got).contentEquals(sent));
      }
      assertThat(running.finish().status()).isZero();
    } finally {
      next.release(count);
    }
  }

  @Test
  void aStopWithinADownloadEndsInOrderAndLeavesNothing() throws Exception {
    needs("curl", "curl");
    var gate = new CountDownLatch(1);
    origin.on(
        "/slow",
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          exchange.getResponseBody().write(HELLO.getBytes(UTF_8));
          exchange.getResponseBody().flush();
          await(gate);
        });
    Path got = folder.resolve("got");
    List<String> command =
        runLine(List.of(), List.of("curl", "-sSN", "-o", got.toString(), origin.https("/slow")));
    try (var running = earshot.start(command.toArray(String[]::new))) {
      Eventually.until(
          "the first part has arrived",
          () -> Files.exists(got) && Files.readString(got).equals(HELLO));
      assertThat(new ProcessBuilder("kill", "-TERM", "" + running.pid()).start().waitFor())
          .isZero();
      assertThat(running.finish().status()).isEqualTo(-15);
    } finally {
      gate.countDown();
    }
    Events events = Events.read(stream);
    assertThat(events.lifecycle().subList(6, events.lifecycle().size()))
        .containsExactly(
            "session.stopping",
            "process.signaled",
            "process.exited",
            "process.tree_gone",
            "proxy.stopped",
            "capture.closed",
            "session.stopped");
    assertThat(events.one("session.stopping").get("cause").asString()).isEqualTo("signal");
    assertThat(events.one("process.exited").get("signal").asString()).isEqualTo("TERM");
    assertThat(events.one("process.exited").get("requested").asBoolean()).isTrue();
    assertThat(events.one("exchange.failed").get("error").asString())
        .isIn("client_gone", "stopping");
    assertThat(events.one("session.stopped").get("failed").asInt()).isEqualTo(1);
    assertThat(events.all("process.started")).hasSize(1);
    assertThat(events.all("proxy.started")).hasSize(1);
    earshot.nothingIsLeft(events);
  }

  @Test
  void whatIsNotToBeDecryptedIsATunnel() throws Exception {
    needs("curl", "curl");
    for (List<String> option :
        List.of(List.of("--passthrough", "localhost"), List.of("--no-intercept"))) {
      String url = origin.https("/hello");
      var run = through(option, List.of("curl", "-sS", "--cacert", caFile.toString(), url));
      assertThat(run.out()).isEqualTo(HELLO);
      Events events = Events.read(stream);
      JsonNode opened = events.one("tunnel.opened");
      assertThat(opened.get("host").asString()).isEqualTo("localhost");
      assertThat(opened.get("why").asString())
          .isEqualTo(option.getFirst().substring(2).replace('-', '_'));
      JsonNode closed = events.one("tunnel.closed");
      assertThat(closed.get("up").asLong()).isGreaterThan(100);
      assertThat(closed.get("down").asLong()).isGreaterThan(HELLO.length());
      assertThat(events.all("exchange.started")).isEmpty();
    }
  }

  @Test
  void anUpstreamThatCannotBeReachedIsA502ThatSaysWhy() throws Exception {
    needs("curl", "curl");
    int nobody;
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = taken.getLocalPort();
    }
    String curl = "curl -sS -w '%{http_code}\\n' ";
    String script =
        curl
            + origin.https("/hello")
            + "; "
            + curl
            + "http://localhost:"
            + nobody
            + "/; "
            + curl
            + "http://no-such-host.invalid/; "
            + "curl -sS https://localhost:"
            + nobody
            + "/ || echo $?; "
            + "curl -sS https://no-such-host.invalid/ || echo $?";
    var run = earshot.run("run", "-q", "-e", stream.toString(), "--", "sh", "-c", script);

    List<String> lines = run.out().lines().toList();
    assertThat(lines.get(0)).startsWith("earshot: ").contains("--upstream-ca");
    assertThat(lines.get(2)).startsWith("earshot: ").contains("localhost:" + nobody, "refused");
    assertThat(lines.get(4)).startsWith("earshot: ").contains("no-such-host.invalid");
    assertThat(List.of(lines.get(1), lines.get(3), lines.get(5))).containsOnly("502");
    // Of what answers a CONNECT, curl tells the status only: 56 is its "failure in receiving".
    assertThat(lines.subList(6, lines.size())).containsExactly("56", "56");
    assertThat(run.stderr().lines()).allMatch(line -> line.endsWith("response 502")).hasSize(2);
    Events events = Events.read(stream);
    assertThat(texts(events.all("exchange.failed"), "error"))
        .containsExactly("upstream_tls", "connect", "dns", "connect", "dns");
    assertThat(events.one("session.stopped").get("failed").asInt()).isEqualTo(5);
    assertThat(origin.calls()).isEmpty();
  }

  @Test
  void aNestedRunIsSeenByBothAndSaysSo() throws Exception {
    needs("curl", "curl");
    Path inner = folder.resolve("inner.ndjson");
    List<String> command =
        List.of(
            Earshot.LAUNCHER.toString(),
            "run",
            "-e",
            inner.toString(),
            "--",
            "curl",
            "-sS",
            origin.https("/hello"));
    var run = through(command);
    assertThat(run.out()).isEqualTo(HELLO);
    Events outer = Events.read(stream);
    assertThat(run.stderr().lines().filter(line -> line.contains("inside")))
        .singleElement()
        .asString()
        .startsWith("earshot: ")
        .contains(outer.one("session.starting").get("session").asString());
    for (Events events : List.of(outer, Events.read(inner))) {
      assertThat(events.one("exchange.started").get("url").asString())
          .isEqualTo(origin.https("/hello"));
      assertThat(events.one("exchange.finished").get("status").asInt()).isEqualTo(200);
    }
    assertThat(origin.calls()).hasSize(1);
  }

  @Test
  void theUsersOwnProxyAndItsExceptionsAreHonoured() throws Exception {
    needs("curl", "curl");
    List<String> asked = new CopyOnWriteArrayList<>();
    try (var proxy =
        ScriptedOrigin.start(connection -> {
          while (connection.readHeadOrEnd()) {
            asked.add(connection.head());
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nproxy\n");
          }
        })) {
      earshot
          .with("HTTP_PROXY", "http://me:secret-word@127.0.0.1:" + proxy.port())
          .with("http_proxy", "http://me:secret-word@127.0.0.1:" + proxy.port())
          .with("NO_PROXY", "localhost");
      var run = through(List.of("curl", "-sS", "http://far.invalid/a", origin.http("/hello")));
      assertThat(run.out()).isEqualTo("proxy\n" + HELLO);
    }
    assertThat(asked)
        .singleElement()
        .asString()
        .startsWith("GET http://far.invalid/a HTTP/1.1\r\n")
        .contains("Proxy-Authorization: Basic bWU6c2VjcmV0LXdvcmQ=\r\n");
    assertThat(texts(Events.read(stream).all("exchange.started"), "url"))
        .containsExactly("http://far.invalid/a", origin.http("/hello"));
    assertThat(Files.readString(stream)).doesNotContain("secret-word", "bWU6c2VjcmV0");
  }

  @Test
  void credentialsReachTheOriginAndAreMaskedInTheStream() throws Exception {
    needs("curl", "curl");
    String url =
        origin.https("/hello?page=2&api_key=hidden-1").replace("https://", "https://me:hidden-2@");
    through(List.of("curl", "-sS", url, "-H", "X-Api-Key: hidden-3", "-H", "Cookie: sid=hidden-4"));
    through(List.of("curl", "-sS", origin.https("/hello"), "-H", "Authorization: Bearer hidden-5"));
    assertThat(Files.readString(stream)).doesNotContain("hidden").contains("Bearer ***");

    List<ClientOrigin.Call> calls = origin.calls();
    assertThat(calls.get(0).target().getQuery()).isEqualTo("page=2&api_key=hidden-1");
    assertThat(calls.get(0).headers().getFirst("Authorization"))
        .isEqualTo("Basic " + base64("me:hidden-2"));
    assertThat(calls.get(0).headers().getFirst("X-api-key")).isEqualTo("hidden-3");
    assertThat(calls.get(0).headers().getFirst("Cookie")).isEqualTo("sid=hidden-4");
    assertThat(calls.get(1).headers().getFirst("Authorization")).isEqualTo("Bearer hidden-5");
  }

  @Test
  void headsPassAsTheyAre() throws Exception {
    needs("curl", "curl");
    List<String> heads = new CopyOnWriteArrayList<>();
    ScriptedOrigin.Script script =
        connection -> {
          while (connection.readHeadOrEnd()) {
            heads.add(connection.head().replaceAll("localhost:\\d+", "localhost:0"));
            connection.send(
                """
                HTTP/1.1 299 Fine by me
                x-ODD: 1
                Set-Cookie: a=1
                X-odd: two
                Set-Cookie: b=caf\u00e9; Path=/
                content-LENGTH: 4

                abc
                """
                    .replace("\n", "\r\n")
                    .replace("abc\r\n", "abc\n"));
          }
        };
    try (var plain = ScriptedOrigin.start(script);
        var secure = ScriptedOrigin.startTls(ca.serverContext("localhost"), script)) {
      Events events =
          same(
              List.of(
                  "curl",
                  "-sSi",
                  "--suppress-connect-headers",
                  "-H",
                  "x-lower: a",
                  "-H",
                  "X-lower: b",
                  "http://localhost:" + plain.port() + "/a?b=%C3%A9%2F../c",
                  "https://localhost:" + secure.port() + "//d/../e"));
      assertThat(heads.subList(2, 4)).isEqualTo(heads.subList(0, 2));
      JsonNode response = events.all("exchange.response").getFirst();
      assertThat(response.get("status").asInt()).isEqualTo(299);
      assertThat(response.get("response_headers").toString())
          .startsWith("[[\"x-ODD\",\"1\"],[\"Set-Cookie\",\"a=***\"],[\"X-odd\",\"two\"]");
    }
  }

  @Test
  void whatHttpHasBesidesA200() throws Exception {
    needs("curl", "curl");
    byte[] zipped = gzip(HELLO.repeat(1000));
    origin
        .on("/missing", exchange -> text(exchange, 404, "no such thing\n"))
        .on("/broken", exchange -> text(exchange, 500, "broken\n"))
        .on(
            "/moved",
            exchange -> {
              exchange.getResponseHeaders().set("Location", origin.https("/hello"));
              text(exchange, 302, "");
            })
        .on("/empty", exchange -> ClientOrigin.answer(exchange, 204, new byte[0]))
        .on("/unchanged", exchange -> ClientOrigin.answer(exchange, 304, new byte[0]))
        .on(
            "/zipped",
            exchange -> {
              exchange.getResponseHeaders().set("Content-Encoding", "gzip");
              ClientOrigin.answer(exchange, 200, zipped);
            })
        .on(
            "/part",
            exchange -> {
              assertThat(exchange.getRequestHeaders().getFirst("Range")).isEqualTo("bytes=2-5");
              exchange.getResponseHeaders().set("Content-Range", "bytes 2-5/10");
              ClientOrigin.answer(exchange, 206, "2345".getBytes(UTF_8));
            });
    String script =
        """
        c() {
          : > BODY
          curl -sS --suppress-connect-headers -o BODY -w '%{http_code} %{size_download} %{num_connects} ' "$@" \
            && sed /^Date:/d BODY | sha256sum
        }
        c ORIGIN/missing; c ORIGIN/broken; c ORIGIN/moved; c -L ORIGIN/moved; c ORIGIN/empty
        c -H 'If-None-Match: "1"' ORIGIN/unchanged; c ORIGIN/zipped; c --compressed ORIGIN/zipped
        c -r 2-5 ORIGIN/part; c -I ORIGIN/hello; c --fail ORIGIN/missing || echo $?
        curl -sS -w '%{num_connects}\\n' ORIGIN/hello ORIGIN/hello
        """
            .replace("BODY", folder.resolve("body").toString())
            .replace("ORIGIN", origin.https(""));

    Events events = same(List.of("sh", "-c", "exec 2>&1\n" + script));

    assertThat(events.all("exchange.finished").stream().map(line -> line.get("status").asInt()))
        .containsExactly(404, 500, 302, 302, 200, 204, 304, 200, 200, 206, 200, 404, 200, 200);
    assertThat(texts(events.all("exchange.started"), "method").get(10)).isEqualTo("HEAD");
    assertThat(events.all("exchange.finished").get(7).get("response_bytes").asInt())
        .isEqualTo(zipped.length);
    List<JsonNode> started = events.all("exchange.started");
    JsonNode first = started.get(started.size() - 2);
    JsonNode second = started.getLast();
    assertThat(first.get("reused").asBoolean()).isFalse();
    assertThat(second.get("reused").asBoolean()).isTrue();
    assertThat(second.get("connection")).isEqualTo(first.get("connection"));
  }

  /** Runs the command without Earshot and with it; they must tell the same. */
  private Events same(List<String> command) throws Exception {
    Earshot.Finished expected;
    try (var running = trusting.launch(command)) {
      running.stdin().close();
      expected = running.finish();
    }
    assertThat(expected.status()).as(expected.stderr()).isZero();
    Earshot.Finished run = through(command);
    assertThat(run.stdout()).isEqualTo(expected.stdout());
    assertThat(run.withoutNotices()).isEqualTo(expected.withoutNotices());
    return Events.read(stream);
  }

  /** Runs the command under Earshot, in which it must succeed. */
  private Earshot.Finished through(List<String> command) throws Exception {
    return through(List.of(), command);
  }

  private Earshot.Finished through(List<String> options, List<String> command) throws Exception {
    var run = earshot.run(runLine(options, command).toArray(String[]::new));
    assertThat(run.status()).as(run.stderr()).isZero();
    return run;
  }

  private List<String> runLine(List<String> options, List<String> command) {
    List<String> line =
        new ArrayList<>(
            List.of("run", "-q", "-e", stream.toString(), "--upstream-ca", caFile.toString()));
    line.addAll(options);
    line.add("--");
    line.addAll(command);
    return line;
  }

  private void awaitInStream(String text) {
    Eventually.until(text, () -> Files.exists(stream) && Files.readString(stream).contains(text));
  }

  /** The script that calls by axios. */
  private static Path axios() throws Exception {
    needs("npm", "npm");
    return NodePackages.install("axios").resolve("call.js");
  }

  /** The line of /proc/PID/status (proc(5)) about the memory that is resident now. */
  private static String idleMemory(long pid) throws IOException {
    try (var lines = Files.lines(Path.of("/proc", "" + pid, "status"))) {
      return lines.filter(line -> line.startsWith("VmRSS:")).findFirst().orElseThrow();
    }
  }

  private static long kibibytes(String line) {
    assertThat(line).containsPattern("^Vm(RSS|HWM):\\s+\\d+ kB\\s*$");
    return Long.parseLong(line.replaceAll("\\D", ""));
  }

  private void makeRepository() throws Exception {
    Path work = folder.resolve("work");
    Path bare = folder.resolve("repo.git");
    String script =
        """
        set -e
        git init -q $0 && cd $0
        echo hello > greeting && git add greeting
        git -c user.name=Test -c user.email=test@localhost commit -q -m first
        head -c 200000 /dev/urandom > noise && git add noise
        git -c user.name=Test -c user.email=test@localhost commit -q -m second
        git clone -q --bare . $1
        """;
    try (var running =
        trusting.launch(List.of("sh", "-c", script, work.toString(), bare.toString()))) {
      running.stdin().close();
      var finished = running.finish();
      assertThat(finished.status()).as(finished.stderr()).isZero();
    }
  }

  /** {@code git http-backend} as a CGI program (RFC 3875). */
  private static void gitBackend(HttpExchange exchange, Path root) throws IOException {
    var builder = new ProcessBuilder("git", "http-backend");
    var variables = builder.environment();
    variables.put("GIT_PROJECT_ROOT", root.toString());
    variables.put("GIT_HTTP_EXPORT_ALL", "1");
    variables.put("REQUEST_METHOD", exchange.getRequestMethod());
    variables.put("PATH_INFO", exchange.getRequestURI().getPath());
    putIfThere(variables, "QUERY_STRING", exchange.getRequestURI().getRawQuery());
    putIfThere(variables, "CONTENT_TYPE", exchange.getRequestHeaders().getFirst("Content-Type"));
    putIfThere(
        variables,
        "HTTP_CONTENT_ENCODING",
        exchange.getRequestHeaders().getFirst("Content-Encoding"));
    putIfThere(variables, "GIT_PROTOCOL", exchange.getRequestHeaders().getFirst("Git-Protocol"));
    Process backend = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (OutputStream in = backend.getOutputStream()) {
      exchange.getRequestBody().transferTo(in);
    }
    byte[] answer = backend.getInputStream().readAllBytes();
    int end = new String(answer, ISO_8859_1).indexOf("\r\n\r\n");
    int status = 200;
    for (String line : new String(answer, 0, end, ISO_8859_1).split("\r\n", -1)) {
      String value = line.substring(line.indexOf(':') + 1).strip();
      if (line.startsWith("Status:")) {
        status = Integer.parseInt(value.substring(0, 3));
      } else {
        exchange.getResponseHeaders().add(line.substring(0, line.indexOf(':')), value);
      }
    }
    exchange.sendResponseHeaders(status, 0);
    exchange.getResponseBody().write(answer, end + 4, answer.length - end - 4);
  }

  private static void putIfThere(Map<String, String> map, String name, String value) {
    if (value != null) {
      map.put(name, value);
    }
  }

  private static void text(HttpExchange exchange, int status, String text) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
    exchange.getResponseHeaders().set("X-Answer", "hello");
    ClientOrigin.answer(exchange, status, text.getBytes(UTF_8));
  }

  /** How many bytes came, and their SHA-256. */
  private static String digest(HttpExchange exchange) throws IOException {
    var digest = sha256();
    try (var in = new DigestInputStream(exchange.getRequestBody(), digest)) {
      long count = in.transferTo(OutputStream.nullOutputStream());
      return count + " " + HexFormat.of().formatHex(digest.digest());
    }
  }

  private static void huge(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, HUGE);
    byte[] block = new byte[1 << 16];
    for (long sent = 0; sent < HUGE; sent += block.length) {
      exchange.getResponseBody().write(block);
    }
  }

  /** Writes bytes that do not repeat soon, and tells their SHA-256. */
  private static String writeBig(Path file) throws IOException {
    var random = new Random(1);
    var digest = sha256();
    byte[] block = new byte[1_000_000];
    try (var out = Files.newOutputStream(file)) {
      for (int written = 0; written < BIG; written += block.length) {
        random.nextBytes(block);
        out.write(block);
        digest.update(block);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] gzip(String text) throws IOException {
    var bytes = new ByteArrayOutputStream();
    try (var out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(UTF_8));
    }
    return bytes.toByteArray();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
  }

  private static void await(CountDownLatch gate) throws IOException {
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("the test is over", e);
    }
  }

  private static List<String> texts(List<JsonNode> lines, String field) {
    return lines.stream().map(line -> line.get(field).asString()).toList();
  }

  private static List<String> header(JsonNode line, String field, String name) {
    return line.get(field)
        .valueStream()
        .filter(pair -> pair.get(0).asString().equals(name))
        .map(pair -> pair.get(1).asString())
        .toList();
  }
}

package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** The record of a run from outside: the file, and what reads it: show, export, sessions. */
@Timeout(120)
class CaptureIT {
  /** What a terminal would act on, and what would look like something else. */
  private static final Pattern UNSAFE =
      Pattern.compile(
          "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]");

  private static final String JSON =
      Answering.ok("application/json", "X-Answer: yes\r\n", "{\"answer\":42}");

  @TempDir Path folder;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private Earshot earshot;
  private Path stream;
  private Path captures;
  private ScriptedOrigin origin;

  @BeforeEach
  void user() throws Exception {
    Programs.needs("sqlite3", "sqlite3");
    earshot = new Earshot(folder);
    stream = folder.resolve("events.ndjson");
    captures = earshot.home().resolve(".local/state/earshot/captures");
    origin = ScriptedOrigin.start(Answering.with(JSON, asked));
  }

  @AfterEach
  void closeOrigin() throws Exception {
    origin.close();
  }

  private String url(String path) {
    return "http://127.0.0.1:" + origin.port() + path;
  }

  /** A run of curl that is recorded. */
  private void call(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("run", "-e", stream.toString(), "--"));
    command.addAll(List.of("curl", "-sS"));
    command.addAll(List.of(arguments));
    var run = earshot.run(command.toArray(String[]::new));
    assertThat(run.status()).as(run.stderr()).isZero();
  }

  private static List<JsonNode> json(Earshot.Finished run) {
    assertThat(run.status()).as(run.stderr()).isZero();
    return run.out().lines().map(line -> new ObjectMapper().readTree(line)).toList();
  }

  private List<String> captures() throws Exception {
    return names(captures);
  }

  private static List<String> names(Path folder) throws Exception {
    try (var all = Files.list(folder)) {
      return all.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void aRunLeavesOneFileThatSqliteReads() throws Exception {
    call("-d", "a=1", url("/v1?x=1"));

    Events events = Events.read(stream);
    String id = events.one("session.stopped").get("session").asString();
    assertThat(captures()).containsExactly(id + ".db");
    Path file = captures.resolve(id + ".db");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(events.types()).endsWith("proxy.stopped", "capture.closed", "session.stopped");
    var closed = events.one("capture.closed");
    assertThat(closed.get("file").asString()).isEqualTo(file.toString());
    assertThat(closed.get("exchanges").asLong()).isEqualTo(1);
    assertThat(closed.get("bodies_given_up").asLong()).isZero();
    assertThat(closed.has("error")).isFalse();
    assertThat(
            earshot.launchAndRead(
                List.of(
                    "sqlite3",
                    "-readonly",
                    file.toString(),
                    "SELECT id, method, url, status, state, request_bytes, type FROM calls")))
        .isEqualTo("1|POST|%s|200|finished|3|application/json\n".formatted(url("/v1?x=1")));
    earshot.nothingIsLeft(events);
  }

  @Test
  void showListsAndPrintsAndFilters() throws Exception {
    call("-d", "hello=world", url("/first"), url("/second"));

    var list = earshot.run("show");
    assertThat(list.status()).isZero();
    assertThat(list.stderr()).isEmpty();
    assertThat(list.out().lines()).hasSize(3);
    assertThat(list.out()).contains("/first").contains("/second");
    var one = earshot.run("show", "2");
    assertThat(one.status()).isZero();
    assertThat(one.out())
        .contains("> POST " + url("/second") + " HTTP/1.1")
        .contains("hello=world")
        .contains("< HTTP/1.1 200 OK")
        .contains("X-Answer: yes")
        .contains("42");
    assertThat(json(earshot.run("show", "--json")))
        .extracting(line -> line.get("url").asString())
        .containsExactly(url("/first"), url("/second"));
    assertThat(json(earshot.run("show", "--json", "1")).getFirst().at("/response_body/text"))
        .isEqualTo(new ObjectMapper().readTree("\"{\\\"answer\\\":42}\""));
    assertThat(json(earshot.run("show", "--json", "--filter", "path:/second"))).hasSize(1);
    var none = earshot.run("show", "--filter", "status:5xx");
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.out()).isEmpty();
    assertThat(none.stderr()).contains("no exchange").hasLineCount(1);
    assertThat(earshot.run("show", "3").status()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "show --filter status:~",
        "export -f har --filter status:~",
        "show --filter (path:/a",
        "show 0",
        "show one",
        "show 1 --filter path:/a",
        "show -s nothing-like-it",
        "show -s ./nothing-like-it",
        "show --redact much",
        "show --jsno",
        "export",
        "export -f hra",
        "export -f har 77",
        "export -f curl 1 -o /no/such/folder/x",
        "sessions rm",
        "sessions rm nothing-like-it",
        "sessions remove",
        "sessions --keep 1",
        "sessions prune --keep few",
        "sessions prune --older-than yesterday",
        "sessions prune --max-size big",
        "sessions list --frob",
      })
  void whatIsWrongIs2AndOneLine(String line) throws Exception {
    call(url("/a"));
    var run = earshot.run(line.split(" "));
    assertThat(run.status()).as(run.stderr()).isEqualTo(2);
    assertThat(run.out()).isEmpty();
    assertThat(run.stderr()).startsWith("earshot: ").hasLineCount(1);
    if (line.contains("status:~")) {
      assertThat(run.stderr()).contains("column");
    }
    assertThat(captures()).hasSize(1);
  }

  @Test
  void nothingRecordedYetIsSaid() throws Exception {
    var show = earshot.run("show");
    assertThat(show.status()).isEqualTo(2);
    assertThat(show.stderr()).hasLineCount(1).contains("earshot run");
    var sessions = earshot.run("sessions");
    assertThat(sessions.status()).isZero();
    assertThat(sessions.stderr()).hasLineCount(1).contains("earshot run");
    assertThat(earshot.home().resolve(".local/state/earshot")).doesNotExist();
  }

  @Test
  void nothingThatWasCapturedReachesTheTerminal() throws Exception {
    String osc = "\u001b]0;owned\u0007\u001b[2J";
    String bidi = new String("\u202eevil\u2066\u009b31m".getBytes(UTF_8), ISO_8859_1);
    String evil = osc + bidi;
    var requests = new CopyOnWriteArrayList<String>();
    String answer =
        Answering.ok("text/plain", "X-Evil: %s\r\n".formatted(bidi), evil)
            .replace("200 OK", "404 " + bidi);
    try (var hostile = ScriptedOrigin.start(Answering.with(answer, requests))) {
      String script = "printf '%b' \"$1\" | curl -s -H \"X-Mine: $2\" --data-binary @- \"$3$2\"";
      var run =
          earshot.run(
              "run",
              "-q",
              "--",
              "sh",
              "-c",
              script + " # \u001b[31m",
              "sh",
              "\\033]0;owned\\007\\033[2J",
              "\u202eevil\u2066",
              "http://127.0.0.1:" + hostile.port() + "/");
      assertThat(run.status()).isZero();
      assertThat(run.stdout()).as("the command's own output is as it was").isEqualTo(evil);
      assertThat(requests).hasSize(1);
    }
    for (String line :
        List.of(
            "show",
            "show 1",
            "show --json",
            "show --json 1",
            "sessions",
            "sessions --json",
            "export -f har",
            "export -f ndjson",
            "export -f curl",
            "export -f httpie",
            "export -f fetch",
            "export -f requests",
            "export -f java",
            "export -f markdown")) {
      var run = earshot.run(line.split(" "));
      assertThat(run.status()).as(line + ": " + run.stderr()).isZero();
      assertThat(run.out()).as(line).isNotEmpty().doesNotContainPattern(UNSAFE);
      assertThat(run.stderr()).as(line).isEmpty();
    }
  }

  @Test
  void exportsGoToAPrivateFileAndNeverThroughALink() throws Exception {
    call(url("/a?b=c"));
    for (String format :
        List.of("har", "ndjson", "curl", "httpie", "fetch", "requests", "java", "markdown")) {
      Path file = folder.resolve("out." + format);
      var run = earshot.run("export", "-f", format, "-o", file.toString());
      assertThat(run.status()).as(run.stderr()).isZero();
      assertThat(run.out()).isEmpty();
      assertThat(Files.readString(file)).as(format).contains("/a?b=c");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      assertThat(earshot.run("export", "-f", format).out())
          .as(format)
          .isEqualTo(Files.readString(file));
    }
    Path victim = Files.writeString(folder.resolve("victim"), "mine");
    Path link = Files.createSymbolicLink(folder.resolve("link"), victim);
    var refused = earshot.run("export", "-f", "har", "-o", link.toString());
    assertThat(refused.status()).isEqualTo(2);
    assertThat(refused.stderr()).contains("symbolic link").hasLineCount(1);
    assertThat(victim).hasContent("mine");
  }

  @Test
  void nothingIsWrittenOverACapture() throws Exception {
    call(url("/kept"));
    String capture = folder.resolve("kept.db").toString();
    var recorded = earshot.run("run", "--capture", capture, "--", "true");
    assertThat(recorded.status()).as(recorded.stderr()).isZero();
    for (List<String> line :
        List.of(
            List.of("export", "-f", "har", "-o", capture),
            List.of("run", "--har", capture, "--", "true"),
            List.of("run", "-e", capture, "--", "true"))) {
      var refused = earshot.run(line.toArray(String[]::new));
      assertThat(refused.status()).as("%s", line).isEqualTo(line.contains("export") ? 2 : 125);
      assertThat(refused.stderr()).contains("it is a capture").hasLineCount(1);
    }
    assertThat(earshot.run("sessions", "rm", capture).status()).isZero();
    assertThat(Path.of(capture)).doesNotExist();
  }

  @Test
  void anExportedCurlRepeatsTheRequest() throws Exception {
    call("-X", "PUT", "-H", "X-Quoted: it's \"$HOME\"", "-d", "a='b'\\", url("/p%20q?x=1&y=$z"));
    String out =
        earshot.launchAndRead(List.of("sh", "-c", Earshot.LAUNCHER + " export -f curl 1 | sh"));
    assertThat(out).isEqualTo("{\"answer\":42}");
    assertThat(asked).hasSize(2);
    assertThat(asked.get(1).lines().sorted().toList())
        .isEqualTo(asked.get(0).lines().sorted().toList());
  }

  @Test
  void aProgramIsForOneExchange() throws Exception {
    call(url("/1"), url("/2"));
    for (String format : List.of("java", "fetch")) {
      var run = earshot.run("export", "-f", format);
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.out()).isEmpty();
      assertThat(run.stderr()).contains("export -f " + format + " 1").hasLineCount(1);
      assertThat(earshot.run("export", "-f", format, "2").out()).contains("/2");
    }
    Path file = Files.writeString(folder.resolve("kept"), "what was there");
    assertThat(earshot.run("export", "-f", "java", "-o", file.toString()).status()).isEqualTo(2);
    assertThat(file).hasContent("what was there");
    assertThat(earshot.run("export", "-f", "curl").out()).contains("/1").contains("/2");
  }

  @Test
  void aTunnelIsListedAndHasNoRequestToSendAgain() throws Exception {
    try (var greeting =
        ScriptedOrigin.start(connection -> {
          connection.send("220 hello\r\n");
          connection.drain();
        })) {
      String script =
          """
          import os, socket
          host, port = os.environ["http_proxy"].split("//")[1].rstrip("/").split(":")
          s = socket.create_connection((host, int(port)))
          s.sendall(b"CONNECT 127.0.0.1:%d HTTP/1.1\\r\\n\\r\\n")
          s.recv(4096)
          s.sendall(b"QUIT\\n")
          s.recv(4096)
          """
              .formatted(greeting.port());
      assertThat(earshot.run("run", "-q", "--", "python3", "-c", script).status()).isZero();
    }
    assertThat(earshot.run("show").out()).contains("CONNECT");
    assertThat(earshot.run("show", "--filter", "is:tunnel", "--json").status()).isZero();
    var all = earshot.run("export", "-f", "curl");
    assertThat(all.status()).isEqualTo(1);
    assertThat(all.out()).isEmpty();
    assertThat(all.stderr()).hasLineCount(1);
    assertThat(earshot.run("export", "-f", "markdown").out()).contains("tunnel");
    var named = earshot.run("export", "-f", "curl", "1");
    assertThat(named.status()).isZero();
    assertThat(named.out()).contains("tunnel");
  }

  @Test
  void nothingIsKeptIfThatIsAsked() throws Exception {
    Path har = folder.resolve("traffic.har");
    for (List<String> how :
        List.of(
            List.of("run", "--no-capture"),
            List.of("run", "--no-capture", "--har", har.toString()))) {
      List<String> line = new ArrayList<>(how);
      line.addAll(List.of("-e", stream.toString(), "--", "curl", "-s", url("/a")));
      var run = earshot.run(line.toArray(String[]::new));
      assertThat(run.status()).isZero();
      assertThat(run.withoutNotices()).hasSize(1);
      nothingWasRecorded();
    }
    assertThat(new ObjectMapper().readTree(har).at("/log/entries")).hasSize(1);
    assertThat(new ObjectMapper().readTree(har).at("/log/entries/0/response/content/text"))
        .hasToString("\"{\\\"answer\\\":42}\"");
    earshot.with("EARSHOT_CAPTURE", "off");
    call(url("/a"));
    nothingWasRecorded();
    earshot.with("EARSHOT_CAPTURE", "maybe");
    var wrong = earshot.run("run", "--", "true");
    assertThat(wrong.status()).isEqualTo(125);
    assertThat(wrong.stderr()).contains("EARSHOT_CAPTURE").contains("maybe").hasLineCount(1);
    earshot.with("EARSHOT_CAPTURE", "on");
    call(url("/a"));
    assertThat(captures()).hasSize(1);
  }

  private void nothingWasRecorded() throws Exception {
    Events events = Events.read(stream);
    assertThat(events.all("capture.closed")).isEmpty();
    assertThat(events.all("exchange.finished")).hasSize(1);
    try (var all = Files.walk(earshot.home())) {
      assertThat(all.map(Path::toString)).noneMatch(name -> name.contains(".db"));
    }
    earshot.nothingIsLeft(events);
  }

  @Test
  void aRunThatGoesOnIsReadAndCannotBeRemoved() throws Exception {
    String id;
    String script = "curl -s %s; curl -s %s; read _".formatted(url("/1"), url("/2"));
    try (var running =
        earshot.start("run", "-q", "-e", stream.toString(), "--", "sh", "-c", script)) {
      Eventually.until("both calls are recorded", () -> recorded() == 2);
      id = captures().getFirst().replace(".db", "");
      try (var one = earshot.start("show", "--json");
          var other = earshot.start("show", "--json", "-s", id)) {
        one.stdin().close();
        other.stdin().close();
        assertThat(json(one.finish())).hasSize(2);
        assertThat(json(other.finish())).hasSize(2);
      }
      assertThat(json(earshot.run("sessions", "--json")).getFirst().get("state").asString())
          .isEqualTo("running");
      assertThat(earshot.run("sessions").out()).contains(id).contains("running");
      var refused = earshot.run("sessions", "rm", id);
      assertThat(refused.status()).isEqualTo(2);
      assertThat(refused.stderr()).contains(id).hasLineCount(1);
      assertThat(earshot.run("sessions", "prune", "--keep", "0").status()).isZero();
      assertThat(recorded()).isEqualTo(2);
      running.stdin().write('\n');
      running.stdin().close();
      assertThat(running.finish().status()).isZero();
    }
    assertThat(captures()).containsExactly(id + ".db");
    assertThat(json(earshot.run("sessions", "--json")).getFirst().get("state").asString())
        .isEqualTo("ended");
    assertThat(earshot.run("sessions", "rm", id).status()).isZero();
    assertThat(captures()).isEmpty();
  }

  /** How many exchanges have ended, by a reader of another kind. */
  private int recorded() throws Exception {
    if (!Files.isDirectory(captures) || captures().isEmpty()) {
      return 0;
    }
    String count =
        earshot.launchAndRead(
            List.of(
                "sqlite3",
                "-readonly",
                captures.resolve(captures().getFirst()).toString(),
                "SELECT count(*) FROM calls WHERE state = 'finished'"));
    return count.isBlank() ? 0 : Integer.parseInt(count.strip());
  }

  @Test
  void sessionsAreNamedByTheirBeginningAndPruned() throws Exception {
    call(url("/old"));
    call(url("/new"));
    List<String> ids = captures().stream().map(name -> name.replace(".db", "")).toList();
    assertThat(ids).hasSize(2);
    var ambiguous = earshot.run("show", "-s", "20");
    assertThat(ambiguous.status()).isEqualTo(2);
    assertThat(ambiguous.stderr()).contains(ids).hasLineCount(1);
    var all = earshot.run("sessions", "rm", ids.getFirst(), "nothing-like-it");
    assertThat(all.status()).isEqualTo(2);
    assertThat(captures()).as("all or none").hasSize(2);
    List<JsonNode> listed = json(earshot.run("sessions", "list", "--json"));
    String newest = listed.getFirst().get("session").asString();
    assertThat(newest).isEqualTo(id("/new"));
    String beginning = newest.substring(0, newest.length() - 1);
    assertThat(earshot.run("show", "-s", beginning).out()).contains("/new");
    var prune = earshot.run("sessions", "prune", "--keep", "1");
    assertThat(prune.status()).isZero();
    assertThat(captures()).containsExactly(newest + ".db");
  }

  private String id(String path) throws Exception {
    for (String name : captures()) {
      if (earshot.run("show", "-s", name.replace(".db", "")).out().contains(path)) {
        return name.replace(".db", "");
      }
    }
    throw new AssertionError("nobody called " + path);
  }
}

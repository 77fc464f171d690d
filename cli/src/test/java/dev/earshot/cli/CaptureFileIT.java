package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.ScriptedOrigin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.ObjectMapper;

/** Records in a file that the user named, the secrets in them, and bodies that are not kept. */
@Timeout(120)
class CaptureFileIT {
  private static final List<String> SECRETS =
      List.of("s3cret-header", "s3cret-query", "s3cret-up", "s3cret-down", "s3cret-cookie");

  @TempDir Path folder;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private Earshot earshot;
  private Path stream;
  private Path file;
  private Path har;
  private ScriptedOrigin origin;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
    stream = folder.resolve("events.ndjson");
    file = folder.resolve("mine.db");
    har = folder.resolve("traffic.har");
    String answer =
        Answering.ok(
            "application/json",
            "Set-Cookie: sid=s3cret-cookie\r\n",
            "{\"plain\":\"seen\",\"password\":\"s3cret-down\"}");
    origin = ScriptedOrigin.start(Answering.with(answer, asked));
  }

  @AfterEach
  void closeOrigin() throws Exception {
    origin.close();
  }

  /** One call with secrets wherever there can be some. */
  private Earshot.Finished call(String... options) throws Exception {
    List<String> line = new ArrayList<>(List.of("run", "-e", stream.toString()));
    line.addAll(List.of(options));
    line.addAll(
        List.of(
            "--",
            "curl",
            "-sS",
            "-H",
            "Authorization: Bearer s3cret-header",
            "-H",
            "Content-Type: application/json",
            "-d",
            "{\"open\":\"visible\",\"password\":\"s3cret-up\"}",
            "http://127.0.0.1:%d/a?page=7&api_key=s3cret-query".formatted(origin.port())));
    return earshot.run(line.toArray(String[]::new));
  }

  private static String bytes(Path file) throws Exception {
    return Files.readString(file, ISO_8859_1);
  }

  @Test
  void aNamedFileAndAnArchiveAreMasked() throws Exception {
    var run = call("--capture", file.toString(), "--har", har.toString());

    assertThat(run.status()).isZero();
    assertThat(run.out()).as("the traffic itself is not masked").contains("s3cret-down");
    assertThat(asked.getFirst()).contains("s3cret-header", "s3cret-query", "s3cret-up");
    for (Path each : List.of(file, har, stream)) {
      assertThat(bytes(each)).as(each.toString()).doesNotContain(SECRETS).contains("page=7");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each)))
          .isEqualTo("rw-------");
    }
    assertThat(folder.resolve("mine.db-wal")).doesNotExist();
    assertThat(folder.resolve("mine.db-shm")).doesNotExist();
    assertThat(earshot.home().resolve(".local/state/earshot/captures")).doesNotExist();
    assertThat(Events.read(stream).one("capture.closed").get("file").asString())
        .isEqualTo(file.toString());

    var show = earshot.run("show", "-s", file.toString(), "1");
    assertThat(show.status()).as(show.stderr()).isZero();
    assertThat(show.out()).contains("visible", "seen", "***").doesNotContain(SECRETS);
    assertThat(earshot.run("show", "-s", file.toString(), "1", "--redact", "none").out())
        .contains("visible")
        .doesNotContain(SECRETS);
    assertThat(new ObjectMapper().readTree(har).at("/log/_masked").asString())
        .isEqualTo("credentials");
  }

  @Test
  void withoutMaskingEverythingIsThere() throws Exception {
    var run = call("--capture", file.toString(), "--har", har.toString(), "--redact", "none");
    assertThat(run.status()).isZero();
    assertThat(earshot.run("show", "-s", file.toString(), "1", "--redact", "none").out())
        .contains(SECRETS);
    assertThat(bytes(har)).contains(SECRETS);
    assertThat(earshot.run("show", "-s", file.toString(), "1").out()).doesNotContain(SECRETS);
  }

  @Test
  void theOwnersRecordIsWholeAndWhatComesOutOfItIsMasked() throws Exception {
    assertThat(call().status()).isZero();
    assertThat(earshot.run("show", "1", "--redact", "none").out()).contains(SECRETS);
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
      assertThat(run.status()).as(line).isZero();
      assertThat(run.out()).as(line).isNotEmpty().doesNotContain(SECRETS);
    }
    assertThat(earshot.run("export", "-f", "curl", "--redact", "none").out())
        .contains("s3cret-header", "s3cret-query", "s3cret-up");
  }

  @Test
  void whatIsThereIsNotTouched() throws Exception {
    Path there = Files.writeString(folder.resolve("there"), "mine");
    Path link = Files.createSymbolicLink(folder.resolve("link"), there);
    Path dangling = Files.createSymbolicLink(folder.resolve("dangling"), folder.resolve("none"));
    for (Path refused :
        List.of(there, link, dangling, folder.resolve("no/such/folder/x.db"), folder)) {
      var run = call("--capture", refused.toString());
      assertThat(run.status()).as(refused.toString()).isEqualTo(125);
      assertThat(run.out()).isEmpty();
      assertThat(run.stderr()).contains("--capture", refused.toString()).hasLineCount(1);
      assertThat(stream).doesNotExist();
    }
    var archive = call("--har", link.toString());
    assertThat(archive.status()).isEqualTo(125);
    assertThat(archive.stderr()).contains("--har", "symbolic link").hasLineCount(1);
    assertThat(there).hasContent("mine");
    assertThat(folder.resolve("none")).doesNotExist();
    assertThat(asked).isEmpty();
  }

  @Test
  void aLongBodyIsCutAndSaysSo() throws Exception {
    assertThat(call("--max-body", "10").out()).contains("s3cret-down");
    var finished = Events.read(stream).one("exchange.finished");
    assertThat(finished.get("truncated").asBoolean()).isTrue();
    assertThat(finished.get("response_bytes").asLong()).isEqualTo(41);
    var show = earshot.run("show", "1", "--redact", "none");
    assertThat(show.out())
        .contains("{\"plain\":\"")
        .doesNotContain("seen")
        .contains("only its first 10 of 41 bytes were kept");
    assertThat(earshot.run("show", "--filter", "is:truncated").status()).isZero();
    assertThat(earshot.run("export", "-f", "curl", "1").out()).doesNotContain("s3cret");
  }

  @Test
  void ofNoBodyAnythingIsKept() throws Exception {
    assertThat(call("--max-body", "0", "--har", har.toString()).out()).contains("s3cret-down");
    var finished = Events.read(stream).one("exchange.finished");
    assertThat(finished.get("response_bytes").asLong()).isEqualTo(41);
    var show = earshot.run("show", "1", "--redact", "none");
    assertThat(show.status()).isZero();
    assertThat(show.out())
        .contains("none of its 41 bytes were kept")
        .doesNotContain("visible", "seen");
    assertThat(bytes(har)).doesNotContain("visible", "seen").contains("page=7");
    assertThat(new ObjectMapper().readTree(har).at("/log/entries")).hasSize(1);
  }
}

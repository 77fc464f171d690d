package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.ScriptedOrigin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.ObjectMapper;

/** A record that cannot be kept costs one warning: the command and its traffic notice nothing. */
@Timeout(120)
class CaptureFailsIT {
  private static final int CALLS = 20;
  private static final int BODY = 60_000;

  /** Calls whose answers do not fit on a small disk, and an end of the command's own. */
  private static final String CLIENT =
      """
      for i in $(seq 20); do curl -sS --fail "URL/$i" | cksum; done; exit 7
      """;

  @TempDir Path folder;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private Earshot earshot;
  private Path stream;
  private ScriptedOrigin origin;
  private String plainly;

  @BeforeEach
  void user() throws Exception {
    Programs.needs("unshare", "util-linux");
    earshot = new Earshot(folder);
    stream = folder.resolve("events.ndjson");
    // Such as does not get small when it is stored.
    var body = new StringBuilder();
    new Random(5).ints(BODY, 0, 256).forEach(value -> body.append((char) value));
    String answer = Answering.ok("application/octet-stream", "", body.toString());
    origin = ScriptedOrigin.start(Answering.with(answer, asked));
    plainly = earshot.launchAndRead(List.of("sh", "-c", client()));
    assertThat(plainly.lines()).hasSize(CALLS);
    asked.clear();
  }

  @AfterEach
  void closeOrigin() throws Exception {
    origin.close();
  }

  private String client() {
    return CLIENT.replace("URL", "http://127.0.0.1:" + origin.port());
  }

  /** A run among mounts of its own: RUN in the script is Earshot's. */
  private Earshot.Finished among(String mounts, String options, String client) throws Exception {
    Path command = Files.writeString(folder.resolve("client.sh"), client);
    String script =
        """
        set -e
        STATE=$HOME/.local/state/earshot
        mkdir -p -m 700 "$STATE/captures"
        %s
        exec %s run -e %s %s -- sh %s
        """
            .formatted(mounts, Earshot.LAUNCHER, stream, options, command);
    try (var running = earshot.launch(List.of("unshare", "-m", "sh", "-c", script))) {
      running.stdin().close();
      return running.finish();
    }
  }

  private Events undisturbed(Earshot.Finished run) throws Exception {
    assertThat(run.status()).as(run.stderr()).isEqualTo(7);
    assertThat(run.out()).isEqualTo(plainly);
    assertThat(asked).hasSize(CALLS);
    Events events = Events.read(stream);
    assertThat(events.all("exchange.finished")).hasSize(CALLS);
    return events;
  }

  private static void oneWarning(Earshot.Finished run, Events events, String code) {
    assertThat(events.all("warning")).as(events.all("warning").toString()).hasSize(1);
    assertThat(events.one("warning").get("code").asString()).isEqualTo(code);
    assertThat(run.stderr().lines().filter(line -> line.contains("warning"))).hasSize(1);
    assertThat(run.stderr()).as("the warning and the summary").hasLineCount(2);
  }

  @Test
  void aFullDisk() throws Exception {
    var run = among("mount -t tmpfs -o size=400k none \"$STATE/captures\"", "", client());
    Events events = undisturbed(run);
    oneWarning(run, events, "capture_off");
    assertThat(run.stderr()).contains("the disk is full", ".db", "--capture");
    assertThat(events.one("capture.closed").get("error").asString()).contains("full");
  }

  @Test
  void aDiskThatIsFullFromTheBeginning() throws Exception {
    var run =
        among(
            """
            mount -t tmpfs -o size=64k none "$STATE/captures"
            cat /dev/zero > "$STATE/captures/filler" 2> /dev/null || true
            """,
            "",
            client());
    Events events = undisturbed(run);
    oneWarning(run, events, "capture_off");
    assertThat(events.one("capture.closed").get("exchanges").asLong()).isZero();
  }

  @Test
  void aFolderThatCanOnlyBeRead() throws Exception {
    var run =
        among(
            """
            mount -t tmpfs none "$STATE/captures"
            mount -o remount,ro "$STATE/captures"
            """,
            "",
            client());
    Events events = undisturbed(run);
    oneWarning(run, events, "capture_off");
    assertThat(run.stderr()).contains("captures", "--capture");
  }

  @Test
  void aFileThatIsRemovedMeanwhile() throws Exception {
    String remove =
        """
        cd "$HOME/.local/state/earshot/captures"
        if [ $i = 10 ]; then until [ -e *.db-wal ]; do :; done; rm *.db; fi
        """;
    var run = among("", "", client().replace("curl", remove + "curl"));
    Events events = undisturbed(run);
    oneWarning(run, events, "capture_off");
    assertThat(run.stderr()).contains("removed");
    assertThat(events.one("capture.closed").get("error").asString()).contains("removed");
    try (var left = Files.list(earshot.home().resolve(".local/state/earshot/captures"))) {
      assertThat(left).isEmpty();
    }
    earshot.nothingIsLeft(events);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aFullDiskUnderTheArchive(boolean captured) throws Exception {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    Path har = disk.resolve("traffic.har");
    Path copy = folder.resolve("copy.har");
    var run =
        among(
            "mount -t tmpfs -o size=400k none " + disk,
            "--har " + har + (captured ? "" : " --no-capture"),
            "trap 'cp %s %s' EXIT\n".formatted(har, copy) + client());
    Events events = undisturbed(run);
    oneWarning(run, events, "har_stopped");
    if (captured) {
      assertThat(events.one("capture.closed").get("exchanges").asLong()).isEqualTo(CALLS);
    } else {
      assertThat(events.all("capture.closed")).isEmpty();
    }
    int entries = new ObjectMapper().readTree(copy).at("/log/entries").size();
    assertThat(entries).isBetween(1, CALLS - 1);
    assertThat(run.stderr())
        .contains("No space left", captured ? "earshot export -f har" : "another disk with --har");
    earshot.nothingIsLeft(events);
  }
}

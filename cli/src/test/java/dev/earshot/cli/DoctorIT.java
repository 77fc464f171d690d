package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@code earshot doctor} from outside, after sessions that were killed together with their
 * guardian. What they leave lives for 15 s at most.
 */
class DoctorIT {
  /**
   * A daemon and a leader, which say their pids in files, and do not keep the test's pipes open.
   */
  private static final String COMMAND =
      "exec > /dev/null 2>&1; (setsid sh -c 'echo $$ > daemon.new; mv daemon.new daemon; exec sleep 15' &);"
          + " echo $$ > leader.new; mv leader.new leader; exec sleep 15";

  @TempDir Path folder;
  private Earshot earshot;

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
  }

  private Path sessions() {
    return earshot.home().resolve(".local/state/earshot/sessions");
  }

  /** What a crashed session left. */
  private record Left(Path folder, long leader, long daemon) {}

  /** Runs a session, and kills it and its guardian so that neither can do anything. */
  private Left crash(String... options) throws Exception {
    Path work = Files.createTempDirectory(folder, "work");
    List<Path> before = sessionFolders();
    var arguments = new ArrayList<>(List.of("run", "--cwd", work.toString()));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--", "sh", "-c", COMMAND, "secret-argument"));
    try (var running = earshot.start(arguments.toArray(String[]::new))) {
      long leader = awaitPid(work.resolve("leader"));
      long daemon = awaitPid(work.resolve("daemon"));
      Eventually.until("it is a sleep", () -> name(daemon).equals("sleep"));
      List<Path> made = sessionFolders();
      made.removeAll(before);
      assertThat(made).hasSize(1);
      Path record = made.getFirst().resolve("record");
      Eventually.until("the run is written down", () -> hasRun(record, leader));
      long jvm = running.pid();
      long guardian = guardian(jvm);
      kill("STOP", jvm);
      Eventually.until("it is stopped", () -> state(jvm) == 'T');
      kill("KILL", guardian);
      kill("KILL", jvm);
      assertThat(running.finish().status()).isEqualTo(-9);
      assertThat(alive(leader)).isTrue();
      assertThat(alive(daemon)).isTrue();
      return new Left(made.getFirst(), leader, daemon);
    }
  }

  private List<Path> sessionFolders() throws IOException {
    if (!Files.exists(sessions())) {
      return new ArrayList<>();
    }
    try (var all = Files.list(sessions())) {
      return new ArrayList<>(all.toList());
    }
  }

  private static boolean hasRun(Path record, long leader) throws IOException {
    return Files.exists(record) && Files.readString(record).contains("run 1 " + leader + " ");
  }

  private static long awaitPid(Path file) throws IOException {
    Eventually.until(file + " is there", () -> Files.exists(file));
    return Long.parseLong(Files.readString(file).strip());
  }

  private static long guardian(long jvm) {
    return ProcessHandle.of(jvm)
        .orElseThrow()
        .children()
        .filter(each -> commandLine(each.pid()).contains("earshot-guardian"))
        .findFirst()
        .orElseThrow()
        .pid();
  }

  private static String commandLine(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException gone) {
      return "";
    }
  }

  private static String name(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
    } catch (IOException gone) {
      return "";
    }
  }

  /** Its letter; X if it is gone. */
  private static char state(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2);
    } catch (IOException gone) {
      return 'X';
    }
  }

  /** Whoever gets the orphans here may not reap them. */
  private static boolean alive(long pid) {
    return state(pid) != 'X' && state(pid) != 'Z';
  }

  private static void kill(String signal, long pid) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(pid)).start().waitFor())
        .isZero();
  }

  @Test
  void exactlyWhatACrashedSessionLeftIsEndedAndRemoved() throws Exception {
    Process bystander = new ProcessBuilder("sleep", "15").start();
    try (var live = earshot.start("run", "--", "sh", "-c", "read _; exit 5")) {
      Eventually.until("the other session has a record", () -> liveRecords() == 1);
      Left left = crash();
      var found = earshot.run("doctor");
      assertThat(found.status()).isEqualTo(1);
      assertThat(found.stderr()).isEmpty();
      assertThat(found.out())
          .contains("earshot ", "containment ", "guardian", "authority ")
          .containsPattern("live +[0-9a-f-]+, started .*, process " + live.pid())
          .containsPattern("crashed +" + left.folder().getFileName())
          .contains(left.leader() + " sleep", left.daemon() + " sleep")
          .contains(left.folder().toString())
          .doesNotContain(String.valueOf(bystander.pid()))
          .doesNotContain("secret-argument");
      assertThat(alive(left.daemon())).isTrue();

      var cleaned = earshot.run("doctor", "--clean");
      assertThat(cleaned.status()).as(cleaned.out()).isZero();
      assertThat(cleaned.out())
          .containsPattern("ended +" + left.daemon())
          .containsPattern("ended +" + left.leader())
          .containsPattern("removed +" + left.folder());
      assertThat(alive(left.daemon())).isFalse();
      assertThat(alive(left.leader())).isFalse();
      assertThat(left.folder()).doesNotExist();
      assertThat(bystander.isAlive()).isTrue();

      var again = earshot.run("doctor");
      assertThat(again.status()).isZero();
      assertThat(again.out()).contains("no leftovers");
      live.stdin().write('\n');
      live.stdin().close();
      assertThat(live.finish().status()).isEqualTo(5);
    } finally {
      bystander.destroyForcibly().waitFor();
      bystander.getInputStream().close();
      bystander.getErrorStream().close();
      bystander.getOutputStream().close();
    }
    assertThat(earshot.run("doctor", "--clean").status()).isZero();
  }

  private long liveRecords() throws IOException {
    return sessionFolders().stream().filter(it -> Files.exists(it.resolve("record"))).count();
  }

  @Test
  void theRecordIsPrivateAndHoldsNoSecrets() throws Exception {
    Left left = crash("--env", "TOKEN=secret-value");
    Path record = left.folder().resolve("record");
    assertThat(Files.getPosixFilePermissions(record))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    assertThat(Files.readString(record))
        .startsWith("earshot-session 1\n")
        .contains("\nproxy 127.0.0.1:", "\nmark 1", "\nboot ", "\nearshot ")
        .doesNotContain("secret");
    assertThat(earshot.run("doctor", "--clean").status()).isZero();
  }

  @Test
  void twoThatCleanUpAtOnceDoNoHarm() throws Exception {
    Left one = crash();
    Left two = crash();
    try (var first = earshot.start("doctor", "--clean");
        var second = earshot.start("doctor", "--clean")) {
      assertThat(first.finish().status()).isIn(0, 1);
      assertThat(second.finish().status()).isIn(0, 1);
    }
    assertThat(earshot.run("doctor", "--clean").status()).isZero();
    for (Left each : List.of(one, two)) {
      assertThat(alive(each.daemon())).isFalse();
      assertThat(alive(each.leader())).isFalse();
      assertThat(each.folder()).doesNotExist();
    }
  }

  @Test
  void whatMayLiveOnDoes() throws Exception {
    // The command itself is such a sleep, too, and never may live on.
    Left left = crash("--keep", "*sleep 15");
    var cleaned = earshot.run("doctor", "--clean");
    assertThat(cleaned.status()).as(cleaned.out()).isZero();
    assertThat(cleaned.out()).containsPattern("kept +" + left.daemon());
    assertThat(alive(left.daemon())).isTrue();
    assertThat(left.folder()).doesNotExist();
    assertThat(alive(left.leader())).isFalse();
    kill("KILL", left.daemon());
  }

  @Test
  void whatIsNotProvedIsRefusedAndNamed() throws Exception {
    Left left = crash();
    Path notes = Files.writeString(left.folder().resolve("notes"), "mine");
    Path stranger = Files.createDirectory(sessions().resolve("mine"));
    Path link = Files.createSymbolicLink(sessions().resolve("link"), folder);
    Files.setPosixFilePermissions(stranger, PosixFilePermissions.fromString("rwxr-xr-x"));
    var refused = earshot.run("doctor", "--clean");
    assertThat(refused.status()).isEqualTo(1);
    assertThat(refused.out().lines())
        .containsExactlyInAnyOrder(
            "refused      %s: there is a file in it that Earshot did not write: notes"
                .formatted(left.folder()),
            "refused      %s: others may use it: its mode is not 0700".formatted(stranger),
            "refused      %s: it is a symbolic link".formatted(link));
    assertThat(notes).exists();
    assertThat(alive(left.daemon())).isTrue();
    assertThat(earshot.run("doctor").status()).isEqualTo(1);
    Files.delete(notes);
    Files.delete(stranger);
    Files.delete(link);
    assertThat(earshot.run("doctor", "--clean").status()).isZero();
    assertThat(alive(left.daemon())).isFalse();
  }

  @Test
  void aReportIsRedacted() throws Exception {
    earshot.with("HTTPS_PROXY", "http://me:secret-value@127.0.0.1:9").with("EARSHOT_X", "secret");
    var report = earshot.run("doctor", "--report");
    assertThat(report.status()).isZero();
    assertThat(report.out())
        .startsWith("This report was redacted")
        .contains("~/.local/state/earshot/sessions", "HTTPS_PROXY=http://***@127.0.0.1:9")
        .contains("EARSHOT_X", "Max open files", "pidfd", "no leftovers")
        .doesNotContain("secret")
        .doesNotContain(earshot.home().toString());
    Path file = folder.resolve("report.txt");
    var written = earshot.run("doctor", "--report", "-o", file.toString());
    assertThat(written.status()).isZero();
    assertThat(written.stdout()).isEmpty();
    assertThat(file).content().startsWith("This report was redacted");
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void aRuntimeIsToldWithItsVariables() throws Exception {
    var node = earshot.run("doctor", "node");
    assertThat(node.status()).isZero();
    assertThat(node.out()).contains("NODE_EXTRA_CA_CERTS: ").contains("--no-inject=node");
    assertThat(sessions()).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nod               | did you mean 'node'?",
        "ruby              | there are: generic, aws",
        "--clan            | did you mean '--clean'?",
        "--clean --report  | exclude each other",
        "-o x              | --report",
        "node --clean      | without --clean",
        "node java         | java",
        "--report -o /no/x | folder does not exist",
      })
  void wrongUseIsOneLineAnd2(String arguments, String said) throws Exception {
    var all = new ArrayList<>(List.of("doctor"));
    all.addAll(List.of(arguments.strip().split(" ")));
    var run = earshot.run(all.toArray(String[]::new));
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.stdout()).isEmpty();
    assertThat(run.stderr().lines()).hasSize(1).first().asString().contains(said);
  }
}

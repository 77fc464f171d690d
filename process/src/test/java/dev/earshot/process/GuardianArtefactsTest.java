package dev.earshot.process;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.DoomedMain.Doom;
import dev.earshot.testkit.Eventually;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a guardian does to the files that its owner was writing, and what it leaves alone. */
class GuardianArtefactsTest {
  private static final String HEAD = "{\"log\":{\"version\":\"1.2\",\"entries\":[\n";
  private static final String END = "]}}\n";

  @TempDir Path dir;

  private Path file(String name, String text) throws IOException {
    return Files.writeString(dir.resolve(name), text, StandardCharsets.ISO_8859_1);
  }

  private static String text(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.ISO_8859_1);
  }

  private static Doom doom(String id) {
    return Doom.of(id + "-" + ProcessHandle.current().pid(), "sleep", "13");
  }

  /** Returns once the owner was killed and its guardian has gone. */
  private static void killed(Doom doom) throws Exception {
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      assertThat(doomed.line()).isEqualTo("open");
      doomed.kill();
      doomed.awaitKilled();
      oracle.awaitNobody();
      Eventually.until("no guardian", () -> Doomed.guardians(doom.id()).isEmpty());
    }
  }

  @Test
  void whereverItWasCutItHoldsItsWholeEntriesThen() throws Exception {
    List<String> entries = List.of("{\"a\":[]}", ",{\"b\":\"]}}\"}", ",{\"c\":\"\u00e4\"}");
    String whole = HEAD + String.join("\n", entries) + "\n" + END;
    Map<Path, String> expected = new LinkedHashMap<>();
    for (int cut = 0; cut <= whole.length(); cut++) {
      var completed = new StringBuilder(HEAD);
      for (String entry : entries) {
        if (completed.length() + entry.length() >= cut) {
          break;
        }
        completed.append(entry).append('\n');
      }
      // Before its first line is there, it is not known for one of ours.
      String then = cut < HEAD.length() ? whole.substring(0, cut) : completed + END;
      expected.put(file("cut-" + cut, whole.substring(0, cut)), then);
    }
    // A disk that is full, and the end was put back in place of an entry, but the rest not yet cut.
    expected.put(
        file("full", HEAD + entries.getFirst() + "\n" + END + "rt\":"),
        HEAD + entries.getFirst() + "\n" + END);
    killed(doom("cuts").completing(List.copyOf(expected.keySet())));
    for (var each : expected.entrySet()) {
      assertThat(text(each.getKey())).as("%s", each.getKey()).isEqualTo(each.getValue());
    }
  }

  @Test
  void ofAnyNameAndNothingElse() throws Exception {
    String cut = HEAD + "{}\n,{\"b\"";
    List<Path> told = new ArrayList<>();
    List<Path> completed = new ArrayList<>();
    for (String name : List.of(" a b ", "$(touch x)", "-n", "\\", "'\"`*?[", "\u00e4\u20ac")) {
      completed.add(file(name, cut));
    }
    told.addAll(completed);
    Map<Path, String> left = new LinkedHashMap<>();
    Path notTold = file("not-told", cut);
    left.put(notTold, cut);
    Path link = Files.createSymbolicLink(dir.resolve("link"), notTold);
    left.put(link, cut);
    told.add(link);
    for (String text :
        List.of(
            "",
            "{\"log\":{\"entries\":[]}}\n",
            "{\"log\":{\"entries\":[",
            "{\n\"log\": {\"entries\": [\n{\"a\"",
            "x" + cut,
            "{\"log\":{" + "x".repeat(5000) + "\"entries\":[\n{")) {
      Path other = file("other-" + left.size(), text);
      left.put(other, text);
      told.add(other);
    }
    told.add(dir.resolve("not-there"));
    told.add(Files.createDirectory(dir.resolve("folder")));
    var old = FileTime.from(Instant.ofEpochSecond(1));
    for (Path each : left.keySet()) {
      Files.setLastModifiedTime(each, old);
    }
    killed(doom("names").completing(told));
    for (Path each : completed) {
      assertThat(text(each)).as("%s", each).isEqualTo(HEAD + "{}\n" + END);
    }
    for (var each : left.entrySet()) {
      assertThat(text(each.getKey())).as("%s", each.getKey()).isEqualTo(each.getValue());
      assertThat(Files.getLastModifiedTime(each.getKey())).isEqualTo(old);
    }
    assertThat(dir.resolve("not-there")).doesNotExist();
    assertThat(Files.isSymbolicLink(link)).isTrue();
  }

  /** Eight gigabytes, nearly all of it a hole, are not read. */
  @Test
  void atOnceHoweverLongItIs() throws Exception {
    Path huge = file("huge", HEAD);
    long end;
    try (var file = new RandomAccessFile(huge.toFile(), "rw")) {
      file.seek(8L << 30);
      file.write("\n,{\"a\":1}\n".getBytes(StandardCharsets.US_ASCII));
      end = file.getFilePointer();
      file.write(",{\"b\":".getBytes(StandardCharsets.US_ASCII));
    }
    Doom doom = doom("huge").completing(List.of(huge));
    try (var oracle = Oracle.open();
        var doomed = Doomed.start(oracle.inheritedBy(CommandSpec.of(doom.commandLine())))) {
      assertThat(doomed.line()).isEqualTo("open");
      long killed = System.nanoTime();
      doomed.kill();
      Eventually.until("it is whole", () -> Files.size(huge) == end + END.length());
      assertThat(Duration.ofNanos(System.nanoTime() - killed)).isLessThan(Duration.ofSeconds(2));
      doomed.awaitKilled();
      oracle.awaitNobody();
      Eventually.until("no guardian", () -> Doomed.guardians(doom.id()).isEmpty());
    }
  }

  @Test
  void anOrderlyEndLeavesThemAlone() throws Exception {
    Path har = file("har", HEAD + "{");
    var plan = Containment.Plan.of("orderly-artefacts").completing(List.of(har));
    Containment.open(plan).close();
    assertThat(text(har)).isEqualTo(HEAD + "{");
  }

  /** Names need not be text in any encoding. */
  @Test
  void aPathIsItsBytes() throws Exception {
    var made =
        new ProcessBuilder("sh", "-c", ": > \"$(printf 'a\\377%%20')\"")
            .directory(dir.toFile())
            .start();
    assertThat(made.waitFor()).isZero();
    try (var files = Files.list(dir)) {
      Path odd = files.findFirst().orElseThrow();
      assertThat(Files.exists(odd, LinkOption.NOFOLLOW_LINKS)).isTrue();
      assertThat(Guardian.bytes(odd)).isEqualTo(Guardian.bytes(dir) + "/a\u00ff%20");
    }
  }

  @Test
  void aNewlineInAPathIsNotTold() {
    var plan =
        Containment.Plan.of("newline").completing(List.of(Path.of("/a\n/etc/b"), Path.of("/c")));
    assertThat(plan.artefacts()).containsExactly(Path.of("/c"));
  }
}

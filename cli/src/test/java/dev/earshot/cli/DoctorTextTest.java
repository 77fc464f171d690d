package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.Leftovers;
import dev.earshot.process.Machine;
import dev.earshot.session.ClientRuntime;
import dev.earshot.session.CrashedSessions;
import dev.earshot.session.LeftoverVerdict;
import dev.earshot.session.RuntimeVariable;
import dev.earshot.session.SessionRecord;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What doctor says, and what its report leaves out. */
class DoctorTextTest {
  private static final Path FOLDER = Path.of("/s/20261125-003106-4be1f2");
  private static final SessionRecord RECORD =
      new SessionRecord(
          "20261125-003106-4be1f2",
          "1",
          Instant.parse("2026-11-25T00:31:06.5Z"),
          new Machine("m", "b", "1"),
          new SessionRecord.Numbered(4711, 9),
          "1000000000000",
          Optional.empty(),
          List.of(),
          Optional.empty(),
          List.of());

  private static CrashedSessions.Look look(LeftoverVerdict verdict, Leftovers.Found... processes) {
    return new CrashedSessions.Look(
        FOLDER, verdict, 2_000, List.of(processes), Optional.empty(), Optional.empty());
  }

  private static Leftovers.Found process(long pid, Leftovers.Standing standing) {
    return new Leftovers.Found(pid, "sleep", 1, 0, Set.of(Leftovers.Sign.LIMIT), standing);
  }

  @Test
  void aCrashedSessionIsToldWithAllItLeft() {
    var crashed = new LeftoverVerdict.Crashed(RECORD);
    assertThat(
            DoctorText.look(
                look(
                    crashed,
                    process(7, Leftovers.Standing.OURS),
                    process(8, Leftovers.Standing.RUNS_US))))
        .containsExactly(
            "crashed      20261125-003106-4be1f2, started 2026-11-25T00:31:06Z",
            "  process    7 sleep (limit)",
            "  process    8 sleep (limit; runs this command)",
            "  folder     /s/20261125-003106-4be1f2, 2 KiB");
    assertThat(DoctorText.isLeft(crashed)).isTrue();
  }

  @Test
  void whatIsNotProvedAndWhatLivesIsOneLine() {
    assertThat(DoctorText.look(look(new LeftoverVerdict.Unproven("why"))))
        .containsExactly("unproven     /s/20261125-003106-4be1f2: why");
    assertThat(DoctorText.look(look(new LeftoverVerdict.Live(Optional.of(RECORD)))))
        .containsExactly(
            "live         20261125-003106-4be1f2, started 2026-11-25T00:31:06Z, process 4711");
    assertThat(DoctorText.isLeft(new LeftoverVerdict.Unproven("why"))).isTrue();
    assertThat(DoctorText.isLeft(new LeftoverVerdict.Live(Optional.empty()))).isFalse();
    assertThat(DoctorText.isLeft(new LeftoverVerdict.Starting())).isFalse();
  }

  @Test
  void whatWasCleanedUpAndWhatWasRefusedIsTold() {
    var look = look(new LeftoverVerdict.Crashed(RECORD));
    var killed = List.of(process(7, Leftovers.Standing.OURS));
    var kept = List.of(process(8, Leftovers.Standing.KEPT));
    assertThat(
            DoctorText.cleaned(
                new CrashedSessions.Cleaned(look, new Leftovers.Ended(killed, kept), List.of())))
        .containsExactly(
            "crashed      20261125-003106-4be1f2, started 2026-11-25T00:31:06Z",
            "  ended      7 sleep (limit)",
            "  kept       8 sleep (limit; may live on (--keep))",
            "  removed    /s/20261125-003106-4be1f2, 2 KiB");
    assertThat(
            DoctorText.cleaned(
                new CrashedSessions.Cleaned(look, Leftovers.Ended.NOTHING, List.of("why"))))
        .endsWith("refused      /s/20261125-003106-4be1f2: why")
        .noneMatch(line -> line.contains("removed"));
    assertThat(
            DoctorText.cleaned(
                new CrashedSessions.Cleaned(
                    look(new LeftoverVerdict.Unproven("why")),
                    Leftovers.Ended.NOTHING,
                    List.of("why"))))
        .containsExactly("refused      /s/20261125-003106-4be1f2: why");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/home/ann/x          | ~/x",
        "/home/ann            | ~",
        "/home/anna/x         | /home/anna/x",
        "/var/ann/x           | /var/user/x",
        "ANN                  | user",
        "planned              | planned",
        "box.example.org      | host",
        "box                  | host",
        "sandbox              | sandbox",
        "/home/ann/ann on box | ~/user on host",
      })
  void privateFactsAreLeftOut(String text, String hidden) {
    var it = new PrivateText(List.of("/home/ann/", ""), List.of("ann", ""), "box.example.org");
    assertThat(it.hide(text)).isEqualTo(hidden);
  }

  @Test
  void nothingIsLeftOutForNothing() {
    assertThat(new PrivateText(List.of("", "/"), List.of(""), "localhost").hide("/a localhost"))
        .isEqualTo("/a localhost");
  }

  @Test
  void ofVariablesOnlyProxiesHaveValuesAndThoseNoCredentials() {
    assertThat(
            MachineFacts.variables(
                Map.of(
                    "HTTP_PROXY", "http://me:pass@proxy:8080",
                    "https_proxy", "me:pass@proxy:8080",
                    "NO_PROXY", "internal",
                    "EARSHOT_TOKEN", "secret",
                    "JAVA_TOOL_OPTIONS", "-Dsecret",
                    "SSL_CERT_FILE", "/etc/x",
                    "OTHER", "secret")))
        .containsExactly(
            "EARSHOT_TOKEN",
            "HTTP_PROXY=http://***@proxy:8080",
            "JAVA_TOOL_OPTIONS",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "https_proxy=***@proxy:8080");
  }

  @ParameterizedTest
  @CsvSource({"nod, node", "pyton, python", "jaava, java", "x,", "ruby,", "nodejs, node"})
  void theNearestWordIsFound(String word, String nearest) {
    var words = List.of("node", "python", "java", "rust");
    assertThat(Nearest.of(word, words)).isEqualTo(Optional.ofNullable(nearest));
  }

  @Test
  void everyRuntimeHasVariables() {
    for (ClientRuntime runtime : ClientRuntime.values()) {
      assertThat(RuntimeVariable.of(runtime)).as(runtime.wireName()).isNotEmpty();
    }
    assertThat(RuntimeVariable.of(ClientRuntime.JAVA).getFirst().name())
        .isEqualTo("JAVA_TOOL_OPTIONS");
  }

  @ParameterizedTest
  @CsvSource({"0, 0 B", "1023, 1023 B", "1024, 1 KiB", "1025, 2 KiB", "421888, 412 KiB"})
  void sizesAreRoundedUp(long bytes, String size) {
    assertThat(DoctorText.size(bytes)).isEqualTo(size);
  }
}

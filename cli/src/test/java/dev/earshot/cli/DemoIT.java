package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a newcomer does first. */
class DemoIT {
  @TempDir Path folder;

  @Test
  void theDemoShowsEveryKindOfCall() throws Exception {
    var run = new Earshot(folder).run("demo");
    assertThat(run.status()).as(run.stderr()).isZero();
    assertThat(run.stderr()).isEmpty();
    assertThat(run.out().lines().filter(line -> line.matches(" +(GET|POST) +https?://.*")))
        .hasSize(7)
        .anyMatch(line -> line.contains("POST") && line.contains(" 402 "))
        .anyMatch(line -> line.contains("/v1/updates") && line.contains(" 200 "))
        .anyMatch(line -> line.contains(" 404 "));
  }

  @Test
  void helpAndVersionAreShown() throws Exception {
    var earshot = new Earshot(folder);
    assertThat(earshot.run().out()).contains("earshot demo", "earshot run");
    assertThat(earshot.run("--help").out()).contains("earshot demo");
    assertThat(earshot.run("run", "--help").out()).contains("--grace", "--events", "125");
    assertThat(earshot.run("--version").out()).matches("earshot \\d+\\.\\d+\\.\\d+\n");
    var unknown = earshot.run("rnu");
    assertThat(unknown.status()).isEqualTo(2);
    assertThat(unknown.stderr()).contains("rnu").hasLineCount(1);
  }
}

package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class LaunchTest {
  @Test
  void argumentsAreTheLastRecordsOfTheProcess() {
    assertThat(
            Launch.arguments(new String[] {"run", "?"}, List.of("java", "-jar", "run", "\u00e9")))
        .containsExactly("run", "\u00e9");
  }

  @Test
  void withoutRecordsArgumentsAreEncoded() {
    assertThat(Launch.arguments(new String[] {"é"}, List.of())).containsExactly("\u00c3\u00a9");
  }

  @Test
  void variablesOfTheLauncherAreUndone() {
    assertThat(
            Launch.environment(
                List.of(
                    "A=1",
                    "PWD=/changed",
                    "SHLVL=1",
                    "_=/bin/java",
                    "LC_ALL=C.UTF-8",
                    "IFS= ",
                    "EARSHOT_LAUNCH_VAR_PWD=/first",
                    "EARSHOT_LAUNCH_VAR_IFS=x=y",
                    "EARSHOT_LAUNCH_VAR_JAVA_TOOL_OPTIONS=",
                    "=odd",
                    "no equals sign")))
        .containsExactly(
            Map.entry("A", "1"),
            Map.entry("IFS", "x=y"),
            Map.entry("PWD", "/first"),
            Map.entry("JAVA_TOOL_OPTIONS", ""));
  }

  @Test
  void stateIsReadFromTheLauncher() {
    var properties = new Properties();
    properties.setProperty("earshot.launch.ignored", "0000000000001001");
    properties.setProperty("earshot.launch.blocked", "ffffffff00000000");
    properties.setProperty("earshot.launch.descriptors", "63,3");
    var state = Launch.state(properties);
    assertThat(state.ignored()).isEqualTo(0x1001);
    assertThat(state.blocked()).isEqualTo(0xffffffff00000000L);
    assertThat(state.descriptors()).isEqualTo(new TreeSet<>(List.of(3, 63)));
    assertThat(Launch.state(new Properties()).descriptors()).isEmpty();
  }
}

package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.process.LaunchState;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Wrong lines of {@code earshot ca}: nothing is made, nothing is changed. */
class CaCommandTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "rotat|unknown action 'rotat'; did you mean 'rotate'? there are: path, show, export, rotate",
        "burn|unknown action 'burn'; there are: path, show, export, rotate",
        "export --fromat pem|unknown option '--fromat'; did you mean '--format'?",
        "export -f pen|unknown format 'pen'; did you mean 'pem'? there are: pem, der, p12",
        "export -f jks|unknown format 'jks'; there are: pem, der, p12",
        "export -f der --password secret1|der has no password; leave out --password, or add -f p12",
        "export -f p12 --password short|the password is too short: keytool wants at least 6",
        "export -f p12 --password k\u00c3\u00a4sebrot|the password has characters that programs do not agree",
        "export --password=secret1|pem has no password; leave out --password, or add -f p12",
        "rotate -f der|--format is for 'export', not for 'rotate'; see: earshot ca --help",
        "show --constrain a.example|--constrain is for 'rotate', not for 'show'",
        "rotate --constrain a.example,*.b|--constrain: '*.b' begins with a dot or a star",
        "rotate --constrain 10.1.0.0/8|did you mean '10.0.0.0/8'?",
        "rotate again|unknown command 'again'; see: earshot ca --help",
      })
  void whatIsWrongIsSaidInOneLine(String line, String said, @TempDir Path home) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var environment = new LinkedHashMap<>(Map.of("HOME", home.toString()));
    var launch =
        new Launch(
            List.of(("ca " + line).split(" ")),
            environment,
            new LaunchState(0, 0, new TreeSet<>()),
            Set.of());
    var leave = new Commands(print(out), print(err)).run(launch);

    assertThat(leave).isEqualTo(new Leave.WithCode(2));
    assertThat(out.toString(UTF_8)).isEmpty();
    assertThat(err.toString(UTF_8)).startsWith("earshot: ca: ").contains(said).hasLineCount(1);
    assertThat(home).isEmptyDirectory();
  }

  private static PrintStream print(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, true, UTF_8);
  }
}

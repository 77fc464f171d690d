package dev.earshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.process.Signal;
import dev.earshot.proxy.ReverseRule;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class RunCommandLineTest {
  @Test
  void optionsEndAtTheCommand() throws Exception {
    assertThat(options("-q", "sh", "-c", "x", "--grace", "--", "-q").command())
        .containsExactly("sh", "-c", "x", "--grace", "--", "-q");
    assertThat(options("--", "sh", "--", "-v").command()).containsExactly("sh", "--", "-v");
    assertThat(options("--", "--grace").command()).containsExactly("--grace");
    assertThat(options("sh", "@file", "'quoted'", "").command())
        .containsExactly("sh", "@file", "'quoted'", "");
  }

  @Test
  void theDefaultsAreThoseOfTheHelp() throws Exception {
    RunOptions options = options("true");
    assertThat(options.port()).isZero();
    assertThat(options.bind()).isEqualTo("127.0.0.1");
    assertThat(options.stopSignal()).isEqualTo(Signal.TERM);
    assertThat(options.grace()).isEqualTo(Duration.ofSeconds(5));
    assertThat(options.drain()).isEqualTo(Duration.ofSeconds(2));
    assertThat(options.timeout()).isEmpty();
    assertThat(options.redact()).isTrue();
    assertThat(options.intercept()).isTrue();
    assertThat(options.insecure()).isEmpty();
    assertThat(options.noInject()).isEmpty();
  }

  @Test
  void valuesAreTakenInEveryWayOfWriting() throws Exception {
    RunOptions options =
        options(
            "-p8080",
            "--grace=250ms",
            "--stop-signal",
            "sigint",
            "--env",
            "A=b=c",
            "--env=D=",
            "--passthrough",
            "a.example,*.b.example",
            "--passthrough=c.example",
            "true");
    assertThat(options.port()).isEqualTo(8080);
    assertThat(options.grace()).isEqualTo(Duration.ofMillis(250));
    assertThat(options.stopSignal()).isEqualTo(Signal.INT);
    assertThat(options.environment()).containsExactly(Map.entry("A", "b=c"), Map.entry("D", ""));
    assertThat(options.passthrough()).containsExactly("a.example", "*.b.example", "c.example");
  }

  @Test
  void anOptionalValueIsOnlyTakenWhenItIsAttached() throws Exception {
    RunOptions all = options("--insecure", "--no-inject", "curl", "x");
    assertThat(all.insecure()).containsExactly("*");
    assertThat(all.noInject()).containsExactly("*");
    assertThat(all.command()).containsExactly("curl", "x");
    RunOptions some = options("--insecure=a.example,b.example", "--no-inject=node,java", "curl");
    assertThat(some.insecure()).containsExactly("a.example", "b.example");
    assertThat(some.noInject()).containsExactlyInAnyOrder("node", "java");
  }

  @Test
  void everyTargetOfTheEventStreamIsKnown() throws Exception {
    assertThat(options("-e", "-", "true").events()).contains(new EventTarget.Descriptor(1));
    assertThat(options("-e", "fd:3", "true").events()).contains(new EventTarget.Descriptor(3));
    assertThat(options("-e", "/dev/fd/63", "true").events())
        .contains(new EventTarget.Descriptor(63));
    assertThat(options("-e", "x.ndjson", "true").events())
        .contains(new EventTarget.File("x.ndjson"));
    for (String bad : List.of("fd:", "fd:x", "fd:-1", "fd:0", "fd:99999999999", "")) {
      assertThatThrownBy(() -> options("-e", bad, "true")).isInstanceOf(UserError.class);
    }
  }

  @Test
  void aTerminalOfItsOwnIsAskedForByName() throws Exception {
    assertThat(options("--pty", "always", "true").pty()).isTrue();
    assertThat(options("--pty=never", "true").pty()).isFalse();
    assertThat(options("--pty", "auto", "true").pty()).isFalse();
    assertThat(options("true").pty()).isFalse();
    assertThatThrownBy(() -> options("--pty", "sometimes", "true"))
        .isInstanceOf(UserError.class)
        .hasMessage("--pty does not take 'sometimes': it wants auto or always or never");
  }

  @Test
  void aRunWithoutACommandIsRefused() {
    assertThatThrownBy(() -> options("-q"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--");
    assertThatThrownBy(() -> options("--")).isInstanceOf(UserError.class);
  }

  @Test
  void onlyLoopbackAddressesAreBound() throws Exception {
    assertThat(options("--bind", "127.0.0.2", "true").bind()).isEqualTo("127.0.0.2");
    assertThat(options("--bind", "[::1]", "true").bind()).isEqualTo("0:0:0:0:0:0:0:1");
    for (String bad : List.of("0.0.0.0", "::", "192.0.2.1", "example.com", "", "127.0.0.1:80")) {
      assertThatThrownBy(() -> options("--bind", bad, "true")).isInstanceOf(UserError.class);
    }
  }

  @Test
  void otherMachinesNeedCredentials() throws Exception {
    assertThat(options("--bind", "0.0.0.0", "--proxy-auth", "u:p", "true").bind())
        .isEqualTo("0.0.0.0");
    assertThat(options("--proxy-auth=u:p", "true").proxyAuth()).isPresent();
    assertThat(options("true").proxyAuth()).isEmpty();
    assertThatThrownBy(() -> options("--bind", "::", "true"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--proxy-auth USER:PASS");
    for (String bad : List.of("secret", ":secret", "u:sec\tret", "")) {
      assertThatThrownBy(() -> options("--proxy-auth", bad, "true"))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("--proxy-auth wants USER:PASS")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void listenersForOneOriginAreRead() throws Exception {
    assertThat(
            options("--reverse", "8080=http://a", "--reverse=:0=b:1", "true").reverse().stream()
                .map(ReverseRule::targetUrl))
        .containsExactly("http://a", "http://b:1");
    assertThatThrownBy(() -> options("--reverse", "1=http://me:secret@a", "true"))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "--reverse does not take '1=***@a': the target has user information; write it as"
                + " 8080=http://localhost:3000");
  }

  private static RunOptions options(String... arguments) throws UserError {
    return RunCommandLine.options(
        new CommandLine(RunCommandLine.spec())
            .setStopAtPositional(true)
            .setExpandAtFiles(false)
            .setInterpolateVariables(false)
            .parseArgs(arguments));
  }
}

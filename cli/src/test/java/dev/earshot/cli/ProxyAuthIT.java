package dev.earshot.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.testkit.Eventually;
import dev.earshot.testkit.ScriptedOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who has to show credentials to the proxy, from outside. */
class ProxyAuthIT {
  private static final String OK =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";

  /** Calls without credentials, tells the variable, and stays until its input ends. */
  private static final String COMMAND =
      """
      curl -sS -x "http://127.0.0.1:${HTTP_PROXY##*:}" "$1" > "$0/own"
      printf %s "$HTTP_PROXY" > "$0/proxy.part"
      mv "$0/proxy.part" "$0/proxy"
      read _
      """;

  @TempDir Path folder;

  @BeforeAll
  static void programs() {
    Programs.needs("curl", "curl");
  }

  @Test
  void theCommandNeedsNoneAndEverybodyElseDoes() throws Exception {
    Path stream = folder.resolve("events.ndjson");
    try (var origin =
            ScriptedOrigin.start(connection -> {
              assertThat(connection.readHead()).doesNotContainIgnoringCase("proxy-auth");
              connection.send(OK);
            });
        var run =
            new Earshot(folder)
                .start(
                    "run",
                    "-q",
                    "-e",
                    stream.toString(),
                    "--redact",
                    "none",
                    "--bind",
                    "0.0.0.0",
                    "--proxy-auth",
                    "me:p@ss:word",
                    "--",
                    "bash",
                    "-ec",
                    COMMAND,
                    folder.toString(),
                    "http://127.0.0.1:" + origin.port() + "/own")) {
      Path told = folder.resolve("proxy");
      Eventually.until("the command has called", () -> Files.exists(told));
      assertThat(folder.resolve("own")).hasContent("hello");
      String proxy = Files.readString(told);
      assertThat(proxy).matches("http://me:p%40ss%3Aword@127\\.0\\.0\\.1:[0-9]+");
      String without = proxy.replaceFirst("me:.*@", "");
      String url = "http://127.0.0.1:" + origin.port() + "/other";
      assertThat(curl("-x", without, url)).contains("needs a name and a password");
      assertThat(curl("-x", proxy, url)).isEqualTo("hello");
      String socks = without.replace("http://", "");
      assertThat(curl("--socks5", socks, "--proxy-user", "me:p@ss:word", url)).isEqualTo("hello");
      assertThat(curl("--socks5", socks, "--proxy-user", "me:wrong", url)).isEmpty();
      assertThat(curl("--socks4", socks, url)).isEmpty();
      run.stdin().close();
      var finished = run.finish();
      assertThat(finished.stderr()).doesNotContain("word");
    }
    Events events = Events.read(stream);
    assertThat(events.all("exchange.started").stream().map(each -> each.get("owned").asBoolean()))
        .containsExactly(true, false, false);
    assertThat(events.all("connection.refused").stream().map(each -> each.get("error").asString()))
        .containsExactly("proxy_auth", "proxy_auth", "proxy_auth");
    assertThat(events.all("connection.refused").stream().map(each -> each.get("detail").asString()))
        .containsExactly(
            "this proxy needs a name and a password; none were sent, or wrong ones",
            "this proxy needs a name and a password; wrong ones were sent",
            "this proxy needs a name and a password; SOCKS 4 has none, use SOCKS 5");
    assertThat(events.one("proxy.started").get("address").asString()).startsWith("0.0.0.0:");
    assertThat(events.one("session.started").get("proxy").asString())
        .matches("http://127\\.0\\.0\\.1:[0-9]+");
    // Neither as they are nor as Basic has them.
    assertThat(Files.readString(stream)).doesNotContain("p@ss").doesNotContain("bWU6cEBzczp3b3Jk");
  }

  @Test
  void withoutThemOnlyTheLoopbackIsBound() throws Exception {
    var run = new Earshot(folder).run("run", "--bind", "0.0.0.0", "--", "true");
    assertThat(run.status()).isEqualTo(125);
    assertThat(run.stderr().lines())
        .singleElement()
        .asString()
        .contains("--bind 0.0.0.0")
        .contains("--proxy-auth USER:PASS");
  }

  private static String curl(String... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of("curl", "-sS", "-m", "20"));
    line.addAll(Arrays.asList(arguments));
    var builder = new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.DISCARD);
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.toLowerCase(Locale.ROOT).endsWith("_proxy"));
    Process curl = builder.start();
    curl.getOutputStream().close();
    String out = new String(curl.getInputStream().readAllBytes(), UTF_8);
    assertThat(curl.waitFor()).isBetween(0, 127);
    return out;
  }
}

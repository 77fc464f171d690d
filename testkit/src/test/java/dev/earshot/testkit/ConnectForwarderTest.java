package dev.earshot.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConnectForwarderTest {
  /** Sends a line and prints what comes back until the end. */
  private static final String CLIENT =
      "trap '' PIPE; exec 3<>/dev/tcp/127.0.0.1/%; echo hello >&3; cat <&3; exit 7";

  @Test
  void withoutAProxyItConnectsByItself() throws Exception {
    try (var origin =
        ScriptedOrigin.start(connection -> connection.send("got " + connection.read(6)))) {
      assertThat(run("localhost:" + origin.port(), "")).isEqualTo("got hello\n7");
    }
  }

  @Test
  void withAProxyItAsksForTheTarget() throws Exception {
    try (var proxy =
        ScriptedOrigin.start(connection -> {
          String head = connection.readHead();
          connection.send("HTTP/1.1 200 OK\r\n\r\nfirst ");
          connection.send(head.lines().findFirst().orElseThrow() + " " + connection.read(6));
        })) {
      assertThat(run("far.test:443", "http://127.0.0.1:" + proxy.port()))
          .isEqualTo("first CONNECT far.test:443 HTTP/1.1 hello\n7");
    }
  }

  @Test
  void aProxyThatRefusesEndsTheConnection() throws Exception {
    try (var proxy =
        ScriptedOrigin.start(connection -> {
          connection.readHead();
          connection.send("HTTP/1.1 403 Forbidden\r\n\r\n");
        })) {
      assertThat(run("far.test:443", "http://127.0.0.1:" + proxy.port())).isEqualTo("7");
    }
  }

  /** What the client prints, then its exit code. */
  private static String run(String target, String proxy) throws Exception {
    var builder =
        new ProcessBuilder(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                Path.of("target", "classes").toString(),
                ConnectForwarder.class.getName(),
                target,
                "bash",
                "-c",
                CLIENT));
    builder.environment().remove("https_proxy");
    if (!proxy.isEmpty()) {
      builder.environment().put("https_proxy", proxy);
    }
    Process forwarder = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (var out = forwarder.getInputStream()) {
      forwarder.getOutputStream().close();
      String printed = new String(out.readAllBytes(), UTF_8);
      return printed + forwarder.waitFor();
    }
  }
}

package dev.earshot.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that speak SOCKS, at the same port as HTTP. */
@Tag("interop")
class SocksInteropIT {
  private static final String OK =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
  private static final TestCa CA = TestCa.create();

  /** For bash: where the proxy is, without the variables that say so. */
  private static final String SOCKS =
      """
      socks=${HTTP_PROXY#http://}
      unset -v http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
      """;

  private static final String REQUESTS =
      """
      import requests, sys
      proxy = "socks5h://" + sys.argv[1]
      answer = requests.get(sys.argv[2], proxies={"http": proxy, "https": proxy})
      print(answer.text, end="")
      """;

  @TempDir Path folder;

  @BeforeAll
  static void programs() {
    Tools.areThere();
  }

  @ParameterizedTest
  @ValueSource(strings = {"--socks5", "--socks5-hostname", "--socks4", "--socks4a"})
  void curlIsSeenPlainAndOverTls(String flag) throws Exception {
    // A client that looks names up itself asks for the address that it has found.
    String host = flag.equals("--socks5") || flag.equals("--socks4") ? "127.0.0.1" : "localhost";
    try (var plain = origin("127.0.0.1", false);
        var secure = origin("127.0.0.1", true)) {
      String urls =
          "http://127.0.0.1:%d/a https://localhost:%d/b".formatted(plain.port(), secure.port());
      Events events = run("hellohello", "curl -4 -sS %s \"$socks\" %s".formatted(flag, urls));
      assertThat(events.all("exchange.started").stream().map(each -> each.get("url").asString()))
          .containsExactly(
              "http://127.0.0.1:" + plain.port() + "/a",
              "https://" + host + ":" + secure.port() + "/b");
      assertThat(events.all("exchange.finished"))
          .hasSize(2)
          .allMatch(each -> each.get("status").asInt() == 200);
      assertThat(events.all("exchange.started")).allMatch(each -> each.get("owned").asBoolean());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--socks5", "--socks5-hostname"})
  void curlReachesAnAddressOfIpv6(String flag) throws Exception {
    try (var origin = origin("::1", false)) {
      String url = "http://[::1]:" + origin.port() + "/";
      Events events = run("hello", "curl -sS -g %s \"$socks\" '%s'".formatted(flag, url));
      assertThat(events.one("exchange.started").get("url").asString()).isEqualTo(url);
    }
  }

  @Test
  void requestsIsSeen() throws Exception {
    try (var origin = origin("127.0.0.1", true)) {
      Path script = Files.writeString(folder.resolve("call.py"), REQUESTS);
      String url = "https://localhost:" + origin.port() + "/";
      Events events = run("hello", "%s %s \"$socks\" %s".formatted(Tools.PYTHON, script, url));
      assertThat(events.one("exchange.started").get("url").asString()).isEqualTo(url);
    }
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void gitIsSeen() throws Exception {
    try (var lab = Lab.open(OriginKind.NGINX)) {
      Repositories.git(lab);
      String url = "https://" + lab.authority("nginx.https") + "/git/repo.git";
      Events events =
          run(
              lab.ca(),
              "",
              "git -c http.proxy=socks5h://$socks clone -q %s %s"
                  .formatted(url, folder.resolve("clone")));
      assertThat(folder.resolve("clone/greeting")).exists();
      assertThat(events.all("exchange.finished"))
          .hasSize(3)
          .allMatch(each -> each.get("status").asInt() == 200);
    }
  }

  @Test
  void whatIsNotHttpIsATunnel() throws Exception {
    try (var origin =
        ScriptedOrigin.start(connection -> connection.send(connection.read(5) + "pong\n"))) {
      Events events =
          run(
              "ping\npong\n",
              "echo ping | nc.openbsd -N -X 5 -x $socks 127.0.0.1 " + origin.port());
      assertThat(events.one("tunnel.opened").get("why").asString()).isEqualTo("not_tls");
      assertThat(events.one("tunnel.closed").get("up").asInt()).isEqualTo(5);
    }
  }

  private static ScriptedOrigin origin(String address, boolean tls) throws Exception {
    return ScriptedOrigin.start(
        address,
        tls ? CA.serverContext("localhost", "127.0.0.1") : null,
        connection -> {
          connection.readHead();
          connection.send(OK);
        });
  }

  private Events run(String output, String script) throws Exception {
    return run(CA, output, script);
  }

  private Events run(TestCa trusted, String output, String script) throws Exception {
    Path stream = folder.resolve("events.ndjson");
    List<String> line = new ArrayList<>(List.of("run", "-e", stream.toString(), "--"));
    line.addAll(Arrays.asList("bash", "-ec", SOCKS + script));
    var earshot = new Earshot(folder);
    earshot.trust(trusted);
    var run = earshot.run(line.toArray(String[]::new));
    assertThat(run.status()).as(run.stderr()).isZero();
    assertThat(run.out()).isEqualTo(output);
    return Events.read(stream);
  }
}

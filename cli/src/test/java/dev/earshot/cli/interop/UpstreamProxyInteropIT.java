package dev.earshot.cli.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.cli.Earshot;
import dev.earshot.cli.Events;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Real proxies between Earshot and its upstreams. */
@Tag("interop")
class UpstreamProxyInteropIT {
  private static final List<Lab> OPEN = new ArrayList<>();

  @RegisterExtension static final LabOfClass LAB = new LabOfClass(OPEN::add, OriginKind.NODE);

  private static final String CALLS =
      """
      curl -sS http://{node.http}/text http://{node.http}/text; curl -sS -d x=y http://{node.http}/echo
      curl -sS --http1.1 https://{node.https}/text https://{node.https}/text
      curl -sS --http2 https://{node.h2}/text; curl -sS --http2 -d x=y https://{node.h2}/echo
      curl -sS "https://{node.h2}/big?bytes=3000000" | sha256sum
      """;

  @TempDir Path folder;
  private Earshot earshot;
  private Path authority;
  private final List<OriginProcess> proxies = new ArrayList<>();

  @BeforeEach
  void user() throws Exception {
    earshot = new Earshot(folder);
    authority = earshot.trust(lab().ca());
  }

  @AfterEach
  void endProxies() throws Exception {
    for (OriginProcess proxy : proxies) {
      proxy.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "squid, http://",
    "squid-auth, http://user:pass%40word@",
    "squid-tls, https://",
    "tinyproxy, http://",
    "tinyproxy-auth, http://user:password@",
    "microsocks, socks5://",
    "microsocks, socks5h://",
    "microsocks-auth, socks5h://user:pass%40word@",
    "dante, socks5h://",
    "dante, socks4://"
  })
  void callsGoThroughTheProxy(String kind, String url) throws Exception {
    OriginProcess proxy = start(kind);
    String direct = earshot.launchAndRead(List.of("sh", "-c", lab().fill(CALLS)));
    var told = run(List.of("--upstream-proxy", url + at(proxy)), CALLS);
    assertThat(told.run().out()).as(told.run().stderr()).isEqualTo(direct);
    assertThat(told.events().all("exchange.finished")).hasSize(8);
    assertThat(told.events().types()).doesNotContain("exchange.failed", "tunnel.opened", "warning");
    assertThat(told.events().all("exchange.response"))
        .allMatch(response -> response.get("remote").asString().equals(at(proxy)));
    wasUsed(proxy, "node.http", "node.https", "node.h2");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          squid-auth      | http://user:wrong@    | it refuses the credentials (407 Proxy Authentication Required)
          squid-auth      | http://               | it needs credentials (407 Proxy Authentication Required)
          tinyproxy-auth  | http://               | it needs credentials (407 Proxy Authentication Required)
          microsocks-auth | socks5h://user:wrong@ | it refuses the user name or the password
          microsocks-auth | socks5h://            | it needs credentials
          """)
  void aProxyThatRefusesIsExplained(String kind, String url, String why) throws Exception {
    OriginProcess proxy = start(kind);
    var told =
        run(
            List.of("--upstream-proxy", url + at(proxy)),
            "curl -s http://{node.http}/text; curl -s https://{node.https}/text; echo $?");
    assertThat(told.run().out()).contains(why).endsWith("56\n");
    assertThat(told.events().all("exchange.failed"))
        .hasSize(2)
        .allMatch(failed -> failed.get("error").asString().equals("connect"))
        .allMatch(failed -> failed.get("detail").asString().contains(why));
    assertThat(told.events().lines() + told.run().out() + told.run().stderr())
        .doesNotContain("wrong");
  }

  @Test
  void whatNoProxyExemptsGoesThereItself() throws Exception {
    OriginProcess proxy = start("squid");
    earshot
        .with("HTTPS_PROXY", "http://" + at(proxy))
        .with("http_proxy", "http://" + at(proxy))
        .with("NO_PROXY", "other.test, localhost:" + port("node.https"));
    var told = run(List.of(), CALLS);
    assertThat(told.events().all("exchange.finished")).hasSize(8);
    wasUsed(proxy, "node.http", "node.h2");
    for (JsonNode response : told.events().all("exchange.response")) {
      String url =
          told.events().all("exchange.started").stream()
              .filter(started -> started.get("id").equals(response.get("id")))
              .findFirst()
              .orElseThrow()
              .get("url")
              .asString();
      assertThat(response.get("remote").asString().equals(at(proxy)))
          .isEqualTo(!url.contains(":" + port("node.https") + "/"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"squid-auth http", "microsocks-auth socks5h"})
  void credentialsOfTheUsersVariablesReachTheProxyAlone(String which) throws Exception {
    String[] words = which.split(" ", -1);
    OriginProcess proxy = start(words[0]);
    earshot.with("ALL_PROXY", words[1] + "://user:pass%40word@" + at(proxy));
    var told = run(List.of("--redact", "none"), "env; " + CALLS);
    assertThat(told.events().all("exchange.finished")).hasSize(8);
    wasUsed(proxy, "node.https");
    assertThat(told.events().lines() + told.run().out() + told.run().stderr())
        .doesNotContain("pass%40word", "pass@word", "dXNlcjpwYXNz");
  }

  private record Told(Earshot.Finished run, Events events) {}

  private Told run(List<String> options, String script) throws Exception {
    Path stream = folder.resolve("events.ndjson");
    List<String> line = new ArrayList<>();
    line.addAll(List.of("run", "-q", "-e", stream.toString(), "--upstream-ca", "" + authority));
    line.addAll(options);
    line.addAll(List.of("--", "sh", "-c", lab().fill(script)));
    Earshot.Finished finished = earshot.run(line.toArray(String[]::new));
    assertThat(finished.status()).as(finished.stderr()).isZero();
    return new Told(finished, Events.of(Files.readString(stream)));
  }

  private OriginProcess start(String kind) throws Exception {
    var server = lab().ca().write(folder, "127.0.0.1");
    OriginProcess proxy =
        OriginProcess.start(
            List.of(
                Tools.PYTHON.toString(),
                lab().fill("{scripts}/proxy.py"),
                kind,
                server.certificate().toString(),
                server.key().toString()),
            folder.resolve("proxy.out"),
            folder.resolve("proxy.err"));
    proxies.add(proxy);
    return proxy;
  }

  /** The proxy's own log names these origins; it ends for that. */
  private static void wasUsed(OriginProcess proxy, String... origins) throws IOException {
    proxy.close();
    for (String origin : origins) {
      assertThat(proxy.lines().stream().skip(1)).anyMatch(line -> line.contains(port(origin)));
    }
  }

  private static String at(OriginProcess proxy) {
    return "127.0.0.1:" + proxy.port("proxy");
  }

  private static String port(String origin) {
    String authority = lab().authority(origin);
    return authority.substring(authority.lastIndexOf(':') + 1);
  }

  private static Lab lab() {
    return OPEN.getFirst();
  }
}

package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.FailureKind;
import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import dev.earshot.testkit.TestCa;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UpstreamProxyTest {
  private static final TestCa CA = TestCa.create();
  private static final List<X509Certificate> ANCHORS = List.of(CA.certificate());
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String CREDENTIALS = "Proxy-Authorization: Basic dTpw\r\n";
  private static final String GET = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";
  private static final String SOCKS_OPEN = "\5\0\0\1\0\0\0\0\0\0";

  @Test
  void aProxyInTlsForwardsWhatItIsAskedByUrl() throws Exception {
    Queue<String> seen = new ConcurrentLinkedQueue<>();
    try (var other =
            ScriptedOrigin.startTls(
                CA.serverContext("127.0.0.1"),
                connection -> {
                  while (connection.readHeadOrEnd()) {
                    seen.add(connection.head());
                    connection.send(OK);
                  }
                });
        var proxy = start("https://u:p@127.0.0.1:" + other.port(), ANCHORS);
        var client = proxy.client()) {
      for (int i = 0; i < 2; i++) {
        client.send("GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n\r\n");
        assertThat(client.readHead()).startsWith("HTTP/1.1 200");
        assertThat(client.read(2)).isEqualTo("hi");
      }
      assertThat(seen)
          .hasSize(2)
          .containsOnly(
              "GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n"
                  + CREDENTIALS
                  + "\r\n");
      assertThat(other.connections()).isEqualTo(1);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void tlsGoesWithinTheTlsOfAProxy(boolean portable) throws Exception {
    String body = "x".repeat(300_000);
    try (var origin =
            ScriptedOrigin.startTls(
                CA.serverContext("localhost"),
                ScriptedOrigin.answering(
                    "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body));
        var other =
            ScriptedOrigin.startTls(
                CA.serverContext("127.0.0.1"),
                connection -> {
                  assertThat(connection.readHead())
                      .startsWith("CONNECT localhost:" + origin.port() + " HTTP/1.1\r\n");
                  connection.send("HTTP/1.1 200 OK\r\n\r\n");
                  connection.relay(origin.port());
                });
        var proxy =
            RunningProxy.start(
                plan -> RunningProxy.with(plan, through("https://127.0.0.1:" + other.port())),
                ANCHORS,
                portable ? Transport.portable() : Transport.best());
        var client = proxy.client()) {
      client.connect("localhost:" + origin.port());
      var secured = client.secure(TestCa.clientContext(proxy.ca().certificate()), "localhost");
      for (int i = 0; i < 3; i++) {
        secured.send(GET);
        assertThat(secured.readHead()).startsWith("HTTP/1.1 200");
        assertThat(secured.read(body.length())).isEqualTo(body);
      }
      assertThat(other.connections()).isEqualTo(1);
    }
  }

  @Test
  void whatComesWithTheAnswerOfAProxyInTlsIsNotLost() throws Exception {
    try (var other =
            ScriptedOrigin.startTls(
                CA.serverContext("127.0.0.1"),
                connection -> {
                  connection.readHead();
                  connection.send("HTTP/1.1 200 Made\r\n\r\n220 ready\r\n");
                  connection.send(connection.read(4));
                });
        var proxy = start("https://127.0.0.1:" + other.port(), ANCHORS);
        var client = proxy.client()) {
      assertThat(client.connect("example.test:25")).startsWith("HTTP/1.1 200");
      assertThat(client.read(11)).isEqualTo("220 ready\r\n");
      client.send("ping");
      assertThat(client.readAll()).isEqualTo("ping");
    }
  }

  @Test
  void aProxyWhoseCertificateIsNotTrustedIsSaidToBe() throws Exception {
    try (var other =
            ScriptedOrigin.startTls(CA.serverContext("127.0.0.1"), ScriptedOrigin.answering(OK));
        var proxy = start("https://u:secret@127.0.0.1:" + other.port(), List.of());
        var client = proxy.client()) {
      assertThat(client.connect("example.test:443")).startsWith("HTTP/1.1 502");
      assertThat(client.readAll())
          .contains(
              "cannot connect to the upstream proxy https://127.0.0.1:" + other.port(),
              "issued by an unknown authority",
              "try: --upstream-ca FILE or --insecure=127.0.0.1")
          .doesNotContain("secret", "passthrough");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeFailed.class).error())
          .isEqualTo(FailureKind.UPSTREAM_TLS);
    }
  }

  @Test
  void aProxyThatSpeaksNoTlsIsSaidTo() throws Exception {
    try (var other =
            ScriptedOrigin.start(connection -> connection.send("HTTP/1.1 400 What\r\n\r\n"));
        var proxy = start("https://127.0.0.1:" + other.port(), ANCHORS);
        var client = proxy.client()) {
      client.connect("example.test:443");
      assertThat(client.readAll()).contains("127.0.0.1 does not speak TLS on this port");
    }
  }

  @ParameterizedTest
  @CsvSource({"false, it needs credentials", "true, it refuses the credentials"})
  void aRefusalByUrlIsExplainedToAClientThatChoseNoProxy(boolean known, String why)
      throws Exception {
    try (var other =
            ScriptedOrigin.start(connection -> {
              connection.readHead();
              connection.send(
                  "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=x\r\n"
                      + "Content-Length: 4\r\n\r\nhtml");
            });
        var proxy =
            start("http://" + (known ? "u:secret@" : "") + "127.0.0.1:" + other.port(), ANCHORS);
        var client = proxy.client()) {
      client.send("GET http://example.test/a HTTP/1.1\r\nHost: example.test\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 502").contains("earshot-error: connect");
      var failed = proxy.traffic().await(TrafficEvent.ExchangeFailed.class);
      assertThat(failed.detail())
          .isEqualTo(
              "cannot reach example.test:80 through the upstream proxy 127.0.0.1:%d: %s (407 Who"
                      .formatted(other.port(), why)
                  + " are you): give them as http://USER:PASS@127.0.0.1:%d"
                      .formatted(other.port()));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          socks5h | 05010003096e616d652e746573740050
          socks5  | 050100017f0000020050
          """)
  void aTargetIsNamedOrResolvedHere(String scheme, String request) throws Exception {
    Resolver.Names names =
        host -> {
          if (!host.equals("name.test") || scheme.equals("socks5h")) {
            throw new UnknownHostException(host);
          }
          return new InetAddress[] {InetAddress.ofLiteral("127.0.0.2")};
        };
    String asked = new String(HexFormat.of().parseHex(request), ISO_8859_1);
    try (var other =
            ScriptedOrigin.start(connection -> {
              assertThat(connection.read(4)).isEqualTo("\5\2\0\2");
              connection.send("\5\2");
              assertThat(connection.read(5)).isEqualTo("\1\1u\1p");
              connection.send("\1\0");
              assertThat(connection.read(asked.length())).isEqualTo(asked);
              connection.send(SOCKS_OPEN);
              // Origin-form: it is the target that is asked.
              assertThat(connection.readHead()).startsWith("GET /a HTTP/1.1\r\n");
              connection.send(OK);
            });
        var proxy =
            RunningProxy.start(
                plan ->
                    RunningProxy.with(plan, through(scheme + "://u:p@127.0.0.1:" + other.port())),
                List.of(),
                Transport.best().with(names));
        var client = proxy.client()) {
      client.send("GET http://name.test/a HTTP/1.1\r\nHost: name.test\r\n\r\n");
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(client.read(2)).isEqualTo("hi");
      var timings = proxy.traffic().await(TrafficEvent.ExchangeFinished.class).timings();
      assertThat(timings.dns() >= 0).isEqualTo(scheme.equals("socks5"));
    }
  }

  @Test
  void aNameThatIsToBeResolvedHereMustBe() throws Exception {
    try (var other = ScriptedOrigin.start(connection -> connection.drain());
        var proxy =
            RunningProxy.start(
                plan -> RunningProxy.with(plan, through("socks4://127.0.0.1:" + other.port())),
                List.of(),
                Transport.best().with(host -> new InetAddress[] {InetAddress.ofLiteral("::1")}));
        var client = proxy.client()) {
      assertThat(client.connect("name.test:443")).contains("earshot-error: dns\r\n");
      assertThat(client.readAll())
          .contains("cannot connect to name.test:443: no IPv4 address, and SOCKS 4");
      assertThat(other.connections()).isZero();
    }
  }

  @Test
  void aSocksServersRefusalIsTold() throws Exception {
    try (var other =
            ScriptedOrigin.start(connection -> {
              connection.read(3);
              connection.send("\5\0");
              connection.read(5);
              connection.send("\5\5\0\1\0\0\0\0\0\0");
            });
        var proxy = start("socks5h://127.0.0.1:" + other.port(), ANCHORS);
        var client = proxy.client()) {
      client.connect("name.test:443");
      assertThat(client.readAll())
          .contains(
              "cannot connect to name.test:443 through the upstream proxy socks5h://127.0.0.1:",
              "it says: connection refused (SOCKS reply 5)");
    }
  }

  /** Whatever a proxy is silent in: its answer, or its TLS. */
  @ParameterizedTest
  @ValueSource(strings = {"http", "https", "socks5h", "socks4a"})
  void aProxyThatIsSilentIsNotWaitedForLongerThanToConnect(String scheme) throws Exception {
    try (var other = ScriptedOrigin.start(connection -> connection.drain());
        var proxy =
            RunningProxy.start(plan ->
                RunningProxy.with(
                    RunningProxy.with(plan, through(scheme + "://127.0.0.1:" + other.port())),
                    ProxyTimeouts.DEFAULT.withConnect(Duration.ofMillis(300))));
        var client = proxy.client()) {
      assertThat(client.connect("name.test:443"))
          .startsWith("HTTP/1.1 504")
          .contains("earshot-error: connect_timeout");
      assertThat(client.readAll()).contains("the upstream proxy", "no answer within 300 ms");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http://a                  | a:80                  | ''
          https://a                 | https://a:443         | ''
          SOCKS5://a                | socks5://a:1080       | ''
          socks5h://[::1]:9/        | socks5h://[::1]:9     | ''
          socks4://u@a              | socks4://a:1080       | u:
          socks4a://a               | socks4a://a:1080      | ''
          http://u%40x:p%3Aq@a:1/x  | a:1                   | u@x:p:q
          http://u:a+b%zz@a:1       | a:1                   | u:a+b%zz
          http://u:p/w?d#@a:1       | a:1                   | u:p/w?d#
          http://@a:1               | a:1                   | ''
          """)
  void aUrlNamesAProxy(String url, String text, String credentials) {
    assertThat(UpstreamProxyUrl.read(url))
        .isInstanceOfSatisfying(
            UpstreamProxyUrl.Read.Proxy.class,
            read -> {
              assertThat(read.proxy()).hasToString(text);
              assertThat(
                      read.proxy()
                          .credentials()
                          .map(known -> known.user() + ":" + known.password())
                          .orElse(""))
                  .isEqualTo(credentials);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ftp://u:secret@h:1     | cannot use an upstream proxy of scheme "ftp": use http://, https://, socks5://, socks5h://, socks4:// or socks4a://
          http://u:secret@h:x    | cannot use the upstream proxy: bad port
          http://*.test          | cannot use the upstream proxy: bad host name
          """)
  void aUrlThatNamesNoneIsSaidTo(String url, String why) {
    assertThat(UpstreamProxyUrl.read(url)).isEqualTo(new UpstreamProxyUrl.Read.Wrong(why));
  }

  @Test
  void credentialsThatSocksCannotCarryAreRefused() {
    assertThat(UpstreamProxyUrl.read("socks5://u:" + "secret".repeat(50) + "@h"))
        .isInstanceOfSatisfying(
            UpstreamProxyUrl.Read.Wrong.class,
            wrong -> assertThat(wrong.why()).contains("longer than 255").doesNotContain("secret"));
  }

  private static RunningProxy start(String url, List<X509Certificate> anchors)
      throws ProxyStartException {
    return RunningProxy.start(plan -> RunningProxy.with(plan, through(url)), anchors);
  }

  private static UpstreamProxies through(String url) {
    return ((UpstreamProxies.Parsed.Usable) UpstreamProxies.explicit(url, "")).proxies();
  }
}

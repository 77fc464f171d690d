package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.testkit.ScriptedOrigin;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names beyond ASCII, and addresses of IPv6, in every way in. */
class HostNamesTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final String MUNICH = "xn--mnchen-3ya";

  @ParameterizedTest
  @CsvSource({
    "münchen.example:80,      xn--mnchen-3ya.example, 80",
    "MÜNCHEN.Example,         xn--mnchen-3ya.Example, 1",
    "bücher.münchen:443,      xn--bcher-kva.xn--mnchen-3ya, 443",
    "日本。例え,                xn--wgv71a.xn--r8jz45g, 1",
    "straße.example,          strasse.example, 1",
    "*.münchen.example,       *.xn--mnchen-3ya.example, 1",
    ".münchen.example,        .xn--mnchen-3ya.example, 1",
    "a_b.münchen,             a_b.xn--mnchen-3ya, 1",
    "[::1]:443,               ::1, 443",
    "[2001:db8::1],           2001:db8::1, 1",
    "[::ffff:192.0.2.1],      ::ffff:192.0.2.1, 1",
  })
  void whatHasANameInAsciiGetsIt(String text, String host, int port) {
    assertThat(Authority.parse(text, 1)).isEqualTo(new Authority.Parsed(host, port));
    String wire = new String(text.getBytes(UTF_8), ISO_8859_1);
    assertThat(Authority.ofWire(wire, 1)).isEqualTo(new Authority.Parsed(host, port));
  }

  /** Dots and slashes out of one character, a star within a label, and what no name may have. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\u2026b.example", "\u2100.example", "a\uff0fb", "a\uff1a80", "mün*.example",
        "ü\u0000b", "ü b", "ü\u202eb", "\ud83e\udd14.example", "\ud800.example",
      })
  void whatHasNoneIsRefused(String text) {
    assertThat(Authority.parse(text, 1)).isInstanceOf(Authority.Wrong.class);
  }

  @Test
  void aNameHasItsLength() {
    assertThat(Authority.parse("ü".repeat(300), 1)).isInstanceOf(Authority.Wrong.class);
    assertThat(Authority.parse("ü".repeat(64) + ".example", 1)).isInstanceOf(Authority.Wrong.class);
    assertThat(Authority.parse("日.".repeat(120) + "example", 1))
        .isInstanceOf(Authority.Wrong.class);
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    assertThat(Authority.ofWire("m\u00fcnchen.example", 1)).isInstanceOf(Authority.Wrong.class);
    assertThat(Authority.ofWire("\u00c0\u00ae\u00c0\u00ae", 1)).isInstanceOf(Authority.Wrong.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "[:]",
        "[:::]",
        "[1::2::3]",
        "[12345::]",
        "[1:2]",
        "[::1",
        "[::1]x",
        "[127.0.0.1]",
      })
  void whatIsNoAddressIsRefused(String text) {
    assertThat(Authority.parse(text, 1)).isInstanceOf(Authority.Wrong.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"[fe80::1%eth0]", "[fe80::1%25eth0]:80"})
  void aZoneIsRefusedAsSuch(String text) {
    assertThat(Authority.parse(text, 1))
        .isInstanceOfSatisfying(
            Authority.Wrong.class, wrong -> assertThat(wrong.why()).contains("zone"));
    assertThatThrownBy(() -> HostPattern.of(text)).hasMessageContaining("zone");
    assertThatThrownBy(() -> HostPattern.of("fe80::1%eth0")).hasMessageContaining("zone");
  }

  @Test
  void optionsMeanTheNamesThatRequestsHave() {
    assertThat(HostPattern.of("*.münchen.example").matches("a." + MUNICH + ".example", 443))
        .isTrue();
    assertThat(HostPattern.of("MÜNCHEN.example:443").matches(MUNICH + ".Example.", 443)).isTrue();
    assertThat(HostPattern.of("[0:0:0:0:0:0:0:1]:443").matches("::1", 443)).isTrue();
    assertThat(HostPattern.of("2001:DB8::1").matches("2001:db8:0:0:0:0:0:1", 1)).isTrue();
    assertThat(NoProxyRule.parse("münchen.example"))
        .singleElement()
        .satisfies(rule -> assertThat(rule.covers("a." + MUNICH + ".example", 80)).isTrue());
    assertThat(NoProxyRule.parse("[::1]:80"))
        .singleElement()
        .satisfies(rule -> assertThat(rule.covers("0:0:0:0:0:0:0:1", 80)).isTrue());
    assertThat(ReverseRule.parse("1=http://münchen.example").targetUrl())
        .isEqualTo("http://" + MUNICH + ".example");
    var proxies = UpstreamProxies.explicit("http://münchen.example:3128", "");
    assertThat(((UpstreamProxies.Parsed.Usable) proxies).proxies().http().orElseThrow().host())
        .isEqualTo(MUNICH + ".example");
    assertThat(UpstreamProxies.explicit("http://a\u2026b:1", ""))
        .isInstanceOf(UpstreamProxies.Parsed.Unusable.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "connect", "socks5", "socks4"})
  void aNameBeyondAsciiIsReached(String way) throws Exception {
    try (var origin = ScriptedOrigin.start(ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      // Below "localhost" every name is this machine (RFC 6761).
      String name = new String("münchen.localhost".getBytes(UTF_8), ISO_8859_1);
      reach(client, way, name, origin.port());
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://" + MUNICH + ".localhost:" + origin.port() + "/");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "connect", "socks5", "socks4"})
  void anAddressOfIpv6IsReached(String way) throws Exception {
    try (var origin = ScriptedOrigin.start("::1", null, ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = proxy.client()) {
      reach(client, way, way.startsWith("socks") ? "::1" : "[::1]", origin.port());
      assertThat(client.readHead()).startsWith("HTTP/1.1 200");
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class).url())
          .isEqualTo("http://[::1]:" + origin.port() + "/");
    }
  }

  @Test
  void http2ReachesBoth() throws Exception {
    try (var origin = ScriptedOrigin.start("::1", null, ScriptedOrigin.answering(OK));
        var proxy = RunningProxy.start();
        var client = Http2Peer.client(proxy.client().socket())) {
      int stream = 1;
      for (String host : List.of("[::1]", "m\u00c3\u00bcnchen.localhost")) {
        String authority = host + ":" + origin.port();
        String[] head = {
          ":method", "GET", ":scheme", "http", ":authority", authority, ":path", "/"
        };
        client.headers(stream, Http2Peer.END_STREAM, head);
        assertThat(client.await(Http2Peer.HEADERS).headers()).containsEntry(":status", "200");
        stream += 2;
      }
      assertThat(proxy.traffic().await(TrafficEvent.ExchangeStarted.class, 2).url())
          .isEqualTo("http://" + MUNICH + ".localhost:" + origin.port() + "/");
    }
  }

  @Test
  void whatCannotBeReachedIsRefusedClearly() throws Exception {
    try (var proxy = RunningProxy.start()) {
      for (String request :
          List.of(
              "GET http://[fe80::1%25eth0]/ HTTP/1.1\r\n\r\n",
              "CONNECT [fe80::1%eth0]:443 HTTP/1.1\r\n\r\n")) {
        try (var client = proxy.client()) {
          assertThat(client.send(request).readAll()).startsWith("HTTP/1.1 400").contains("a zone");
        }
      }
      try (var client = proxy.client()) {
        client.send("\5\1\0\5\1\0\3\14fe80::1%eth0\0\120").readAll();
        assertThat(proxy.traffic().await(TrafficEvent.ConnectionRefused.class, 3).detail())
            .contains("a zone");
      }
      try (var client = proxy.client()) {
        assertThat(client.send("GET http://m\u00fcnchen/ HTTP/1.1\r\n\r\n").readAll())
            .startsWith("HTTP/1.1 400")
            .contains("bad host name");
      }
    }
  }

  /** Asks for {@code /} there. */
  private static void reach(RawClient client, String way, String host, int port) throws Exception {
    String there = host + ":" + port;
    String request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    String bytes = "" + (char) (port >> 8) + (char) (port & 255);
    switch (way) {
      case "plain" -> client.send("GET http://%s/ HTTP/1.1\r\nHost: x\r\n\r\n".formatted(there));
      case "connect" -> {
        assertThat(client.connect(there)).startsWith("HTTP/1.1 200");
        client.send(request);
      }
      case "socks4" -> {
        client.send("\4\1" + bytes + "\0\0\0\1\0" + host + "\0");
        assertThat(client.read(8)).startsWith("\0\132");
        client.send(request);
      }
      default -> {
        client.send("\5\1\0\5\1\0\3" + (char) host.length() + host + bytes);
        assertThat(client.read(12)).startsWith("\5\0\5\0");
        client.send(request);
      }
    }
  }
}
